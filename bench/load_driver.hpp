// The actor that sends the load. Internal to load*.cpp.
#pragma once

#include <vector>

#include <caf/all.hpp>

#include "actors/client.hpp"
#include "bench/load.hpp"
#include "bench/synthetic_market.hpp"

namespace bourse::bench {

using go_atom = caf::atom_constant<caf::atom("go")>;
using halt_atom = caf::atom_constant<caf::atom("halt")>;
using count_atom = caf::atom_constant<caf::atom("count")>;
using send_due_atom = caf::atom_constant<caf::atom("senddue")>;
using drained_atom = caf::atom_constant<caf::atom("drained")>;

/// A client of the market and what it sends.
struct load_party {
  synthetic_market::part part;
  actors::client_actor client;
  /// By stream; taken from the back, so the first is last.
  std::vector<std::vector<signed_submission>> presigned;
};

class load_driver : public caf::event_based_actor {
public:
  load_driver(caf::actor_config& config, load_options options,
              std::shared_ptr<synthetic_market> market, std::vector<load_party> parties);

  const char* name() const override {
    return "load_driver";
  }

protected:
  caf::behavior make_behavior() override;

private:
  using time_point = std::chrono::steady_clock::time_point;

  /// One stream of one party: where a placement goes.
  struct lane_of_load {
    std::size_t party;
    std::size_t stream;
    std::vector<time_point> due; ///< orders of an open loop that are to be sent
  };

  void start();
  /// Closed loop: sends until this stream's share is in flight.
  void fill(std::size_t lane);
  void send_placement(std::size_t lane, std::size_t orders, std::vector<time_point> intended);
  void answered(std::size_t lane, std::size_t orders, const std::vector<time_point>& intended,
                const actors::placed_ptr& what);
  /// Open loop: sends what is due and waits for the next.
  void send_due();
  void check_drained();

  load_options options_;
  std::shared_ptr<synthetic_market> market_;
  std::vector<load_party> parties_;
  std::vector<lane_of_load> lanes_;
  std::shared_ptr<load_counts> counts_ = std::make_shared<load_counts>();
  std::uint64_t in_flight_ = 0; ///< orders
  std::size_t next_lane_ = 0;
  bool sending_ = false;
  time_point started_;
  std::uint64_t due_orders_ = 0; ///< of the open loop, sent so far
  caf::response_promise drained_;
};

} // namespace bourse::bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::bench::load_counts_ptr)
