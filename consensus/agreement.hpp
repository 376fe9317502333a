// Pre-prepare, prepare and commit (Castro and Liskov, OSDI 1999, section 4.2): from a proposal to a
// final block.
#pragma once

#include <cstdint>
#include <deque>

#include "consensus/context.hpp"
#include "consensus/message_log.hpp"
#include "consensus/retransmitter.hpp"

namespace bourse::consensus {

/// One statement per (view, sequence number, phase), for ever: a vote is made once, written, and
/// only then sent and counted.
class agreement {
public:
  /// All outlive it.
  agreement(context& ctx, message_log& log, retransmitter& again)
      : ctx_(ctx), log_(log), again_(again) {}

  // -- the primary --------------------------------------------------------------------------------

  /// Precondition: this is the primary, and `n` is inside the watermarks. False if something was
  /// already said of the slot, or it is final.
  bool propose(std::uint64_t now_ns, sequence_number n, shared_bytes block);

  // -- messages; `from` is another replica of the cluster -----------------------------------------

  void on_pre_prepare(std::uint64_t now_ns, replica_id from, const pre_prepare& m);
  void on_prepare(std::uint64_t now_ns, replica_id from, const prepare& m);
  void on_commit(std::uint64_t now_ns, replica_id from, const commit& m);

  // -- answers ------------------------------------------------------------------------------------

  void on_checked(std::uint64_t now_ns, const statement& what, bool acceptable);
  /// All tickets up to this one are durable.
  void on_persisted(std::uint64_t now_ns, std::uint64_t ticket);

  /// This replica is silent no more: votes for what it has found acceptable meanwhile.
  void speak(std::uint64_t now_ns);

  /// The block of a slot inside the watermarks is known to be final.
  void finish(std::uint64_t now_ns, slot& s, committed_block b);

  // -- view changes (C&L 4.4) ---------------------------------------------------------------------

  /// The context is in a new view: what was said in the old one is over.
  void leave_view();
  /// The NEW-VIEW, which was handed to the outbox under `ticket`, names this for its slot.
  /// Precondition: inside the watermarks.
  void renew(std::uint64_t now_ns, const statement& what, const signature& sig,
             std::uint64_t ticket);
  /// Takes up what came before the NEW-VIEW.
  void begin_view(std::uint64_t now_ns);

  // -- after a restart: what is durable already ---------------------------------------------------

  void recover(const recovered_state& from);

private:
  void on_vote(std::uint64_t now_ns, replica_id from, vote_kind kind, const statement& what,
               const replica_signature& by);
  void accept(std::uint64_t now_ns, slot& s, const pre_prepare& m);
  bool complete(std::uint64_t now_ns, const pre_prepare& m);
  void on_conflict(slot& s, const pre_prepare& second);
  bool signed_by_primary(const pre_prepare& m);

  void ask_check(slot& s);
  void stand_for(slot& s);
  bool vouched_for(const slot& s) const;
  void reconsider(slot& s);
  signature sign(vote_kind kind, const statement& what);
  /// Makes and writes an own vote; the message leaves when that is durable.
  void vote(slot& s, vote_kind kind, const statement& what, const signature& sig);
  void say_after_persist(const slot& s, vote_kind kind, const statement& what,
                         const signature& sig);
  /// The NEW-VIEW names `what` for the slot: that is the primary's pre-prepare as well.
  void bind(slot& s, const statement& what, const signature& sig, own_vote::durability state);
  /// Takes the block that it names, if it is here, and asks for it if not.
  void take_renewed(std::uint64_t now_ns, slot& s);
  /// What `s` has become by what has just been added to it.
  void advance(std::uint64_t now_ns, slot& s);
  bool reach(slot& s, vote_kind kind, const digest& d, std::uint16_t needed);
  bool try_commit(std::uint64_t now_ns, slot& s);
  void try_prepare(std::uint64_t now_ns, slot& s);

  /// Of this view and inside the watermarks; counted if not.
  bool current(const statement& what);

  void recover_new_view(const recovered_state& from);
  void recover_proposal(const pre_prepare& p);
  void recover_vote(const vote_record& v);
  void recover_prepared(const prepared_certificate& c);

  struct pending_vote {
    std::uint64_t ticket;
    view_number view;
    sequence_number sequence;
    vote_kind kind;
  };

  context& ctx_;
  message_log& log_;
  retransmitter& again_;
  std::deque<pending_vote> pending_;
};

} // namespace bourse::consensus
