// Links drop messages. What is said again until a slot is final, and how a peer is helped that
// shows by its own repetitions that it lacks something.
#pragma once

#include <cstdint>

#include "consensus/context.hpp"
#include "consensus/message_log.hpp"

namespace bourse::consensus {

class retransmitter {
public:
  /// Both outlive it.
  retransmitter(context& ctx, message_log& log) : ctx_(ctx), log_(log) {}

  /// Says again what is due: own durable votes of slots that are not final, and the question for
  /// a proposal that others vote for and that is not here.
  void on_tick(std::uint64_t now_ns);
  /// A peer is back: everything is due.
  void hurry();
  /// An own vote has become durable: it is sent for the first time by the effects.
  void sent(std::uint64_t now_ns, slot& s) {
    s.resend.start(now_ns, ctx_.opts.retransmit_ms);
  }

  /// `to` lacks the decision of a final slot. At most once per retransmit_ms for each.
  void help(std::uint64_t now_ns, replica_id to, slot& s);
  /// Answers from the log, if the proposal or the final block is there.
  void on_fetch_proposal(std::uint64_t now_ns, replica_id from, const fetch_proposal& m);

private:
  void resend(slot& s);
  void ask_proposal(std::uint64_t now_ns, slot& s);
  bool may_answer(std::uint64_t now_ns, replica_id to, slot& s) const;

  context& ctx_;
  message_log& log_;
};

} // namespace bourse::consensus
