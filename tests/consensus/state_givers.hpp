// Replicas that hand out a state, some of them liars, and one that fetches it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "consensus/backoff.hpp"
#include "consensus/state_fetch.hpp"
#include "messages/splitmix64.hpp"
#include "tests/consensus/stand_in.hpp"

namespace bourse::test {

using namespace consensus;
using page_map = std::map<std::uint64_t, bytes>;

/// `count` pages whose keys share beginnings, as those of the market do.
page_map sample_pages(std::uint64_t seed, std::size_t count, std::size_t size = 20);
/// Of these pages at `n`, signed by the replicas 1, 2 and 3 of four.
state_offer make_offer(const page_map& pages, std::uint64_t n);
state_tree tree_of(const page_map& pages);

enum class lie {
  none,
  wrong_page,
  wrong_node,
  other_page,
  no_answer,
  not_there,
  half_an_answer,
  mute,
  half_the_pages,
  drip, ///< one node or page, just before it would be given up
  slow, ///< all of it, just before it would be given up
};

/// Replica 0 fetches from 1, 2 and 3. Messages take a millisecond; a disk keeps what was staged.
struct fetch_world {
  explicit fetch_world(page_map what);

  /// Everybody but liars gives out this from now on, and nothing else.
  void give(page_map what, std::uint64_t n);
  void give(std::uint16_t who, page_map what, std::uint64_t n);
  /// The fetcher forgets all but its disk.
  void restart();
  /// True once `until` holds, or by default the fetcher is done.
  bool run(std::uint64_t ms, const std::function<bool()>& until = nullptr);

  std::uint64_t now = ns_per_ms;
  page_map pages;
  state_offer offer;
  state_tree tree;
  std::array<lie, 4> lies{};
  /// A replica gives out another state than the others.
  struct given {
    page_map pages;
    state_offer offer;
    state_tree tree;
  };
  std::array<std::optional<given>, 4> own{};
  std::array<std::uint64_t, 4> offers_after_ms{1, 1, 1, 1};
  std::array<std::uint64_t, 4> asked{}; ///< questions for nodes or pages, by replica

  page_map here;   ///< the own state, and what was staged before the current target
  page_map staged; ///< for the current target
  std::set<std::uint64_t> fetched;
  bool disk_writes = true;
  std::size_t unwritten = 0;

  stand_in auth{replica(0)};
  state_fetch_options options;
  state_fetch fetch;

private:
  void hear(std::uint16_t who, const peer_message& m);
  void answer(std::uint16_t who, peer_message m, std::uint64_t after_ms = 1);
  void carry_out();

  struct delivery {
    std::uint64_t ns;
    std::uint64_t order;
    std::uint16_t with;
    bool to_giver;
    peer_message what;
    bool operator<(const delivery& o) const {
      return ns != o.ns ? ns > o.ns : order > o.order;
    }
  };
  std::priority_queue<delivery> network_;
  std::uint64_t sent_ = 0;
  std::uint64_t ticked_ns_ = 0;
  bool done_ = false;
};

} // namespace bourse::test
