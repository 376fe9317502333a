// The folder of a network of which one node has run, and the ledger that it left.
#pragma once

#include "tests/suite.hpp"

#include "config/genesis.hpp"
#include "config/node_config.hpp"
#include "storage/rocks_store.hpp"
#include "tests/config/files.hpp"
#include "tests/storage/fake_ledger.hpp"

namespace bourse::tests {

struct stored_network {
  /// `adapt` may change the genesis before anything is made of it. No block is written yet.
  explicit stored_network(const std::function<void(storage::audit_genesis&)>& adapt = {}) {
    std::filesystem::create_directories(node);
    config::node_config c;
    c.genesis = "../genesis.toml";
    c.key = "key";
    c.data = "data";
    write(node / "node.toml", to_toml(c));
    ledger = std::make_unique<fake_ledger>(7, [&](storage::audit_genesis& g) {
      if (adapt)
        adapt(g);
      write_genesis(g);
    });
    CAF_REQUIRE(storage::open_for(*open(), ledger->cluster(), fake_ledger::self).has_value());
  }

  std::unique_ptr<storage::store> open() {
    storage::rocks_options o;
    o.directory = node / "data";
    auto s = storage::open_rocks_store(o);
    if (!s)
      CAF_FAIL(s.error().detail);
    return std::move(*s);
  }

  temporary_folder folder;
  std::filesystem::path net = folder.path() / "net";
  std::filesystem::path node = net / "node-1";
  std::unique_ptr<fake_ledger> ledger;

private:
  /// Writes the genesis file, and makes the ledger that of its cluster.
  void write_genesis(storage::audit_genesis& believed) {
    config::genesis g;
    g.size = believed.size;
    g.market = believed.rules;
    g.checkpoint_interval = believed.checkpoint_interval;
    g.market.assets[0].decimals = 0; // a lot is a smallest unit there
    for (std::size_t i = 0; i < believed.replicas.size(); ++i) {
      auto port = static_cast<std::uint16_t>(7000 + 2 * i);
      auto next = static_cast<std::uint16_t>(port + 1);
      g.replicas.push_back({believed.replicas[i], {"127.0.0.1", port}, {"127.0.0.1", next}});
    }
    auto text = to_toml(g);
    write(net / "genesis.toml", text);
    auto parsed = config::parse_genesis(text, "genesis.toml");
    if (!parsed)
      CAF_FAIL(parsed.error().detail);
    believed.rules = parsed->market;
  }
};

} // namespace bourse::tests
