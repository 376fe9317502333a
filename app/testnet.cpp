#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/context.hpp"
#include "app/verbs.hpp"
#include "config/sample_market.hpp"
#include "config/testnet.hpp"

namespace bourse::app {

namespace {

void print_for_people(const config::testnet_options& o, const config::genesis& g,
                      const output& out) {
  auto directory = o.output.string();
  out.line(fmt::format("A network of {} replicas, of which {} may fail, is in {}", g.size.n,
                       g.size.f(), directory));
  out.line(fmt::format("Cluster {}\n", messages::to_hex(g.cluster().view())));
  table files;
  files.column("FILE").column("WHAT");
  files.row({"genesis.toml", "what all replicas and clients agree on"});
  for (std::size_t i = 0; i < g.replicas.size(); ++i)
    files.row({fmt::format("node-{}/", i),
               fmt::format("replica {}: peers {}, clients {}", i, to_string(g.replicas[i].peers),
                           to_string(g.replicas[i].clients))});
  for (const auto& client : g.market.clients)
    files.row({fmt::format("clients/{}.key", client.name), "private key of that client"});
  out.print(files);
  out.line("");
  if (!o.hosts.empty())
    out.line(
        "Copy genesis.toml and node-I/ to the host of replica I, in folders beside each other.");
  out.line("Next, start each replica:\n");
  out.line(fmt::format("  bourse node --config {}/node-0/node.toml", directory));
  out.line("\nand, once they run:\n");
  out.line(fmt::format("  bourse status --net {}", directory));
}

nlohmann::json to_json(const config::testnet_options& o, const config::genesis& g) {
  nlohmann::json replicas = nlohmann::json::array();
  for (std::size_t i = 0; i < g.replicas.size(); ++i)
    replicas.push_back({{"config", (o.output / fmt::format("node-{}", i) / "node.toml").string()},
                        {"peers", to_string(g.replicas[i].peers)},
                        {"clients", to_string(g.replicas[i].clients)}});
  nlohmann::json clients = nlohmann::json::object();
  for (const auto& client : g.market.clients)
    clients[client.name] = (o.output / "clients" / (client.name + ".key")).string();
  return {{"cluster", messages::to_hex(g.cluster().view())},
          {"genesis", (o.output / "genesis.toml").string()},
          {"replicas", replicas},
          {"clients", clients}};
}

exit_code testnet(const config::testnet_options& o, const output& out) {
  auto g = config::write_testnet(o);
  if (!g)
    return out.fail(g.error());
  if (out.json)
    out.print(to_json(o, *g));
  else
    print_for_people(o, *g, out);
  return exit_code::ok;
}

} // namespace

void add_testnet(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "testnet",
                        "Write keys, genesis and config files of a network for trying things out",
                        "bourse testnet --replicas 4 --output net");
  auto o = std::make_shared<config::testnet_options>();
  verb->add_option("--replicas", o->replicas, "How many, 3f+1")->capture_default_str();
  verb->add_option("--output", o->output, "The folder to make")->required();
  verb->add_option("--hosts", o->hosts, "Where they will run: one for all, or one each (127.0.0.1)")
      ->delimiter(',');
  verb->add_option("--base-port", o->base_port,
                   "Replica I gets ports BASE+2I and BASE+2I+1; 0: some that are free here now")
      ->capture_default_str();
  verb->callback([o, &context] {
    if (auto good = config::check_options(*o); !good)
      throw CLI::ValidationError(good.error().detail);
    context.run = [o, &context] {
      o->market = config::sample_market();
      return testnet(*o, context.out);
    };
  });
}

} // namespace bourse::app
