#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/context.hpp"
#include "app/verbs.hpp"
#include "config/load.hpp"

namespace bourse::app {

namespace {

exit_code check_genesis(const std::string& file, const output& out) {
  auto g = config::load_genesis(file);
  if (!g)
    return out.fail(g.error());
  auto cluster = messages::to_hex(g->cluster().view());
  const auto& m = g->market;
  if (out.json)
    out.print(nlohmann::json{{"kind", "genesis"},
                             {"cluster", cluster},
                             {"replicas", g->size.n},
                             {"instruments", m.instruments.size()},
                             {"accounts", m.accounts.size()},
                             {"clients", m.clients.size()}});
  else
    out.line(fmt::format("{}: a good genesis file\n  cluster {}\n  {} replicas, of which {} may "
                         "fail; {} instruments, {} accounts, {} clients",
                         file, cluster, g->size.n, g->size.f(), m.instruments.size(),
                         m.accounts.size(), m.clients.size()));
  return exit_code::ok;
}

exit_code check_node(const std::string& file, const output& out) {
  auto node = config::load_node(file);
  if (!node)
    return out.fail(node.error());
  auto cluster = messages::to_hex(node->genesis.cluster().view());
  auto data = node->file.data.string();
  if (out.json)
    out.print(nlohmann::json{{"kind", "node"},
                             {"cluster", cluster},
                             {"replica", node->self.value()},
                             {"peers", to_string(node->peers)},
                             {"clients", to_string(node->clients)},
                             {"data", data}});
  else
    out.line(fmt::format("{}: a good node file\n  replica {} of {}, cluster {}\n  listens for "
                         "replicas at {}, for clients at {}\n  keeps its data in {}",
                         file, node->self.value(), node->genesis.size.n, cluster,
                         to_string(node->peers), to_string(node->clients), data));
  return exit_code::ok;
}

exit_code check(const std::string& file, const output& out) {
  auto kind = config::kind_of(file);
  if (!kind)
    return out.fail(kind.error());
  return *kind == config::file_kind::node ? check_node(file, out) : check_genesis(file, out);
}

} // namespace

void add_config(CLI::App& app, app_context& context) {
  auto* group
      = add_group(app, "config", "Work with config files", "bourse config check net/genesis.toml");
  auto* verb = add_verb(*group, context, "check",
                        "Check a genesis file, or a node's file with the key and genesis it names",
                        "bourse config check net/node-0/node.toml");
  auto file = std::make_shared<std::string>();
  verb->add_option("FILE", *file, "A genesis or node file")->required();
  verb->callback([file, &context] {
    context.run = [file, &context] {
      return check(*file, context.out);
    };
  });
}

} // namespace bourse::app
