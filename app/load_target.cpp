#include "app/load_target.hpp"

#include <CLI/CLI.hpp>

#include "config/keys.hpp"
#include "config/sample_market.hpp"
#include "config/testnet.hpp"

namespace bourse::app {

CLI::Option* add_replicas_option(CLI::App& verb, target_options& o) {
  return verb.add_option("--replicas", o.replicas, "Replicas of the temporary network, 3f+1")
      ->capture_default_str()
      ->check([](const std::string& text) {
        config::testnet_options options;
        if (!CLI::detail::lexical_cast(text, options.replicas))
          return text + " is no number of replicas";
        auto good = config::check_options(options);
        return good ? std::string{} : good.error().detail;
      });
}

void add_target_options(CLI::App& verb, target_options& o) {
  auto* net = verb.add_option("--net", o.net,
                              "Folder of a running testnet (otherwise: a temporary "
                              "network of node processes)");
  add_replicas_option(verb, o)->excludes(net);
  verb.add_flag("--keep", o.keep, "Leave the temporary network's data behind")->excludes(net);
}

messages::expected<std::unique_ptr<load_target>> load_target::open(const target_options& o) {
  auto target = std::make_unique<load_target>();
  target->kept_ = o.keep;
  if (!o.net.empty()) {
    target->folder_ = o.net;
    auto genesis = config::load_genesis(target->folder_ / "genesis.toml");
    if (!genesis)
      return tl::unexpected(genesis.error());
    target->genesis_ = std::move(*genesis);
    return target;
  }
  network_options options;
  options.net.market = config::sample_market();
  options.net.replicas = o.replicas;
  options.net.node.log_level = "warn";
  options.keep = o.keep;
  options.program = o.program;
  auto network = temporary_network::start(std::move(options));
  if (!network)
    return tl::unexpected(network.error());
  target->temporary_ = std::move(*network);
  return target;
}

bench::key_source load_target::keys() const {
  return [clients = folder() / "clients"](const std::string& name) {
    return config::load_key(clients / (name + ".key"));
  };
}

filesystem_info load_target::filesystem() const {
  if (temporary_)
    return temporary_->filesystem();
  return filesystem_of(folder_ / "node-0" / "data").value_or(filesystem_info{"unknown (--net)"});
}

void load_target::discard() {
  kept_ = false;
  if (temporary_)
    temporary_->discard();
}

} // namespace bourse::app
