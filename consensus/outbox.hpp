// Where the parts of the core put what they want done, until the actor takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "consensus/effects.hpp"

namespace bourse::consensus {

class outbox {
public:
  /// The ticket under which `r` will be written.
  std::uint64_t persist(record r) {
    effects_.persist.push_back(std::move(r));
    return next_ticket_;
  }
  /// To all others, once all that was persisted before is durable.
  void broadcast_after_persist(peer_message m) {
    effects_.after_persist.push_back({std::nullopt, std::move(m)});
  }
  void depart(view_change_content c) {
    effects_.departed = std::move(c);
  }
  void begin(view_number v) {
    effects_.begun = v;
    effects_.renewed = v;
  }
  void broadcast(peer_message m) {
    effects_.now.push_back({std::nullopt, std::move(m)});
  }
  void send(replica_id to, peer_message m) {
    effects_.now.push_back({to, std::move(m)});
  }
  void grant(proposal_grant g) {
    effects_.grants.push_back(g);
  }
  void check(proposal_check c) {
    effects_.checks.push_back(std::move(c));
  }
  void execute(execution e) {
    effects_.executions.push_back(std::move(e));
  }
  void serve(replica_id to, fetch_blocks what) {
    effects_.serves.push_back({to, what});
  }

  effects take() {
    auto out = std::exchange(effects_, {});
    if (!out.persist.empty())
      out.ticket = next_ticket_++;
    return out;
  }
  /// True if `ticket` was handed out.
  bool issued(std::uint64_t ticket) const {
    return ticket > 0 && ticket < next_ticket_;
  }

private:
  effects effects_;
  std::uint64_t next_ticket_ = 1;
};

} // namespace bourse::consensus
