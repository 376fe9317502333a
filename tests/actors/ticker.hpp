// A log that grows block by block.
#pragma once

#include <cstdint>

#include "tests/actors/cluster_checks.hpp"
#include "tests/suite.hpp"

namespace bourse::simulation {

/// Makes orders, one after the other, each in a block of its own.
struct ticker {
  ticker(cluster& world) : c(world), maker(c, client_named(c.genesis(), "maker")) {
    c.universe().run(50);
  }
  void blocks(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      ++sent;
      auto account = account_of(c.genesis(), maker.id());
      auto price = static_cast<std::int64_t>(100 + sent % 50);
      maker.submit({limit_order(account, side::buy, price, 1, sent)});
      CAF_REQUIRE(c.universe().run(20'000, [&] { return maker.confirmed().size() == sent; }));
    }
  }
  cluster& c;
  plain_client maker;
  std::uint64_t sent = 0;
};

} // namespace bourse::simulation
