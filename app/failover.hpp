// Strikes the primary of a temporary network while a load runs, sees another one take over, brings
// the struck one back, and sees it catch up.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "app/network_watch.hpp"
#include "app/temporary_network.hpp"
#include "bench/answer_gaps.hpp"

namespace bourse::app {

enum class strike : std::uint8_t {
  kill,      ///< SIGKILL; started again later
  stop,      ///< SIGSTOP; SIGCONT later: its links stay, and it says nothing
  terminate, ///< SIGTERM: it may hand over; started again later
};

/// Clients' silence is looked for in this time after the strike.
constexpr std::chrono::seconds stall_window{5};

struct failover {
  std::uint16_t victim = 0;
  std::chrono::steady_clock::time_point at; ///< of the strike
  std::uint64_t old_view = 0;
  std::uint64_t new_view = 0;
  double view_change_ms = 0; ///< as the new primary says: from leaving the old view
  std::string why;           ///< what a replica had against the old primary
  double down_ms = 0;        ///< from the strike until it was brought back
  double catch_up_ms = 0;    ///< from then until it was level with the others, in their view
  std::uint64_t fetched_blocks = 0;
};

/// What happens, for whoever watches: "replica 1 leads view 1".
using teller = std::function<void(const std::string&)>;

/// Begins once all replicas are level; returns once they are again. The load must keep running: a
/// view counts as working once it has executed something. `down_at_least` is how long the victim
/// stays away. Errors: unreachable, if any of this does not come in time; io_failed.
messages::expected<failover> strike_primary(network_watch& watch, temporary_network& network,
                                            strike how, std::chrono::milliseconds down_at_least,
                                            const teller& tell);

/// The longest silence that clients saw because of it.
double stall_ms_of(const failover& f, const bench::answer_gaps& gaps,
                   std::chrono::steady_clock::time_point load_end);

} // namespace bourse::app
