// An observer that hands on what it sees as conformance::events: to a trace, or straight to the
// specification.
#pragma once

#include <functional>
#include <utility>

#include "actors/observer.hpp"
#include "conformance/from_disk.hpp"
#include "conformance/step.hpp"

namespace bourse::actors {

class event_observer final : public observer {
public:
  /// Called from whichever thread the observer is, see there.
  using sink = std::function<void(const conformance::event&)>;
  explicit event_observer(sink to) : to_(std::move(to)) {}

  void started(const consensus::options&, const consensus::recovered_state& disk) override {
    to_(conformance::from_disk(disk));
  }
  void received(replica_id from, const peer_message& m) override {
    to_(conformance::received{from, m});
  }
  void said(const std::optional<replica_id>& to, const peer_message& m) override {
    to_(conformance::said{to, m});
  }
  void executing(const consensus::execution& e) override {
    to_(conformance::executing{e.sequence, e.digest, e.chain});
  }
  void spoke() override {
    to_(conformance::spoke{});
  }

private:
  sink to_;
};

} // namespace bourse::actors
