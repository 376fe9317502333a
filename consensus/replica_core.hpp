// PBFT's normal case (Castro and Liskov, OSDI 1999, section 4.2) for n = 3f+1: pre-prepare,
// prepare, commit, execution in order; checkpoints and truncation (section 4.3); and, beyond the
// paper's outline, retransmission and catching up with committed blocks. Pure: events in, effects
// out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "consensus/authenticator.hpp"
#include "consensus/effects.hpp"
#include "consensus/new_view.hpp"
#include "consensus/options.hpp"
#include "messages/consensus.hpp"

namespace bourse::consensus {

struct core_picture;

class replica_core {
public:
  /// `auth` outlives the core.
  replica_core(const options& o, const authenticator& auth, recovered_state from);
  ~replica_core();

  /// Every event carries the local monotone clock, in nanoseconds; the core has no other.
  /// `from` is who the link says it is; whoever forwards another's signed message is fine.
  void on_message(std::uint64_t now_ns, replica_id from, const peer_message& m);
  /// Answers a grant. The block must carry the granted sequence number. False if the grant is void
  /// or not the oldest open one: grants are answered in order.
  bool on_proposal(std::uint64_t now_ns, sequence_number sequence, shared_bytes block);
  /// Answers a check: whether the block is valid and its bodies are here.
  void on_checked(std::uint64_t now_ns, const statement& what, bool acceptable);
  /// Earlier tickets are durable with it.
  void on_persisted(std::uint64_t now_ns, std::uint64_t ticket);
  void on_executed(std::uint64_t now_ns, sequence_number sequence);
  /// The state after `sequence` and its pages are durable here. Call it after a restart too, with
  /// the own stored checkpoint: it is signed anew and sent again, the same bytes as before.
  void on_checkpoint(std::uint64_t now_ns, sequence_number sequence, const digest& state);
  /// Leaves the current view for `v`, and says in `departed` what its VIEW-CHANGE must hold. From
  /// now on this replica votes in no lower view, and in `v` only after its NEW-VIEW.
  /// Precondition: v > view().
  void leave(std::uint64_t now_ns, view_number v);
  /// Begins the view with its NEW-VIEW, which was checked. False if it is not the view that this
  /// replica waits in.
  bool install(std::uint64_t now_ns, const installation& i);
  /// Takes part from now on, if it did not before.
  void speak(std::uint64_t now_ns);
  /// Fetches no blocks as long as this is so: a state is on its way.
  void hold_catch_up(bool hold);
  /// Call at least every retransmit_ms / 4.
  void on_tick(std::uint64_t now_ns);

  /// All effects since the last call; call after every event (or several).
  effects take_effects();

  view_number view() const;
  /// False between leaving a view and the next one's NEW-VIEW.
  bool in_view() const;
  bool is_primary() const;
  sequence_number executed() const;  ///< last one that `on_executed` named
  sequence_number committed() const; ///< highest without a gap below it
  const stable_checkpoint& stable() const;
  const core_counters& counters() const;
  /// By replica: the highest executed sequence number that it told of.
  std::vector<sequence_number> peers_executed() const;
  /// Times of slots that executed since the last call.
  std::vector<slot_times> take_times();
  /// Slots that are open: what is missing for each, for `status`.
  struct open_slot {
    sequence_number sequence;
    bool proposed = false;
    std::uint16_t prepares = 0;
    std::uint16_t commits = 0;
  };
  std::vector<open_slot> open_slots() const;
  /// For consensus/invariants.hpp; costs too much for anything but tests.
  core_picture picture() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace bourse::consensus
