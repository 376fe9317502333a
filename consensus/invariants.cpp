// The invariants of consensus, to be read from top to bottom: first what the log is, then what a
// slot may hold, then what this replica may have said, then execution, checkpoints and limits, then
// views, and at the end what the disk must know. The form is that of LogCabin's
// RaftConsensusInvariants: each is a function whose name is the sentence.
//
// C&L is Castro and Liskov, OSDI 1999; PROTOCOL is docs/PROTOCOL.md.
#include "consensus/invariants.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "consensus/catch_up.hpp"
#include "consensus/delivery.hpp"

namespace bourse::consensus {

namespace {

/// What was found broken.
class findings {
public:
  /// Of the checks that follow.
  void of(const char* invariant) {
    invariant_ = invariant;
  }
  void expect(bool holds) {
    if (!holds)
      all_.emplace_back(invariant_);
  }
  void expect(bool holds, sequence_number n) {
    if (!holds)
      all_.push_back(std::string(invariant_) + ": block " + std::to_string(n.value()));
  }
  void expect(bool holds, replica_id r) {
    if (!holds)
      all_.push_back(std::string(invariant_) + ": replica " + std::to_string(r.value()));
  }
  std::vector<std::string> take() {
    return std::move(all_);
  }

private:
  const char* invariant_ = "";
  std::vector<std::string> all_;
};

constexpr std::array kinds{vote_kind::pre_prepare, vote_kind::prepare, vote_kind::commit};

/// So many signatures, each of another replica of the cluster.
bool distinct(const std::vector<replica_signature>& by, std::uint16_t needed, cluster_size size) {
  if (by.size() != needed)
    return false;
  for (auto i = by.begin(); i != by.end(); ++i)
    if (i->replica.value() >= size.n
        || std::any_of(by.begin(), i, [&](const auto& b) { return b.replica == i->replica; }))
      return false;
  return true;
}

bool in_window(sequence_number n, sequence_number low, std::uint32_t window) {
  return n > low && n.value() - low.value() <= window;
}

// == the log ======================================================================================

// C&L 4.3: "the low-water mark h is equal to the sequence number of the last stable checkpoint".
void low_watermark_is_the_stable_checkpoint(const core_picture& c, findings& found) {
  found.of(__func__);
  found.expect(c.low == c.stable->what.sequence);
}

// C&L 4.3: "the high-water mark H = h + k".
void high_watermark_is_a_window_above(const core_picture& c, findings& found) {
  found.of(__func__);
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  auto room = most - c.low.value();
  found.expect(c.high.value() - c.low.value() == std::min<std::uint64_t>(room, c.opts.window));
}

// C&L 4.2 and PROTOCOL 6: a replica "says and keeps nothing outside (low, high]"; one slot a
// number.
void log_lies_between_the_watermarks(const core_picture& c, findings& found) {
  found.of(__func__);
  found.expect(c.slots.size() <= c.opts.window);
  for (const auto& [n, slot] : c.slots) {
    found.expect(in_window(n, c.low, c.opts.window), n);
    found.expect(slot->sequence == n, n);
  }
}

// == what a slot may hold =========================================================================

// C&L 4.2: a pre-prepare is accepted in its own view only. It is judged as soon as it is here; but
// a final slot is beyond judgement. PROTOCOL 6, consensus/slot.hpp (stages).
void proposal_is_of_this_view_and_judged(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots) {
    if (slot->final)
      continue;
    found.expect(slot->proposal.has_value() == (slot->verdict != verdict::none), n);
    if (!slot->proposal)
      continue;
    const auto& what = slot->proposal->what;
    found.expect(what.view == c.view && what.sequence == n && slot->proposal->block != nullptr, n);
  }
}

// C&L 4.4: in a new view the slots that its NEW-VIEW names are filled by what it names.
void renewed_slot_takes_only_what_the_new_view_names(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots) {
    if (!slot->renewed)
      continue;
    const auto& what = slot->renewed->what;
    found.expect(what.view == c.view && what.sequence == n, n);
    found.expect(!slot->proposal || slot->proposal->what == what, n);
  }
}

// C&L 4.2, predicate prepared: a pre-prepare and 2f prepares of different backups, which means of
// others than its primary. It may be of an earlier view (C&L 4.4), never of one that is to come.
void prepared_slot_has_its_certificate(const core_picture& c, findings& found) {
  found.of(__func__);
  const auto& size = c.opts.size;
  for (const auto& [n, slot] : c.slots) {
    if (!slot->prepared)
      continue;
    const auto& p = *slot->prepared;
    found.expect(p.what.sequence == n, n);
    found.expect(c.installed ? p.what.view <= c.view : p.what.view < c.view, n);
    found.expect(distinct(p.prepares, static_cast<std::uint16_t>(size.quorum() - 1), size), n);
    for (const auto& by : p.prepares)
      found.expect(by.replica != size.primary_of(p.what.view), n);
  }
}

// C&L 4.2, predicate committed: 2f+1 commits of different replicas prove the block, and the block
// is what they speak of (its hash was compared when it came).
void final_slot_has_its_certificate(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots) {
    if (!slot->final)
      continue;
    const auto& f = slot->final->certificate;
    found.expect(f.what.sequence == n && slot->final->block != nullptr, n);
    found.expect(distinct(f.commits, c.opts.size.quorum(), c.opts.size), n);
  }
}

// C&L 4.5.1 and PROTOCOL 7: two quorums of one view share an honest replica. So what is final and
// what was prepared in the same view, or in a later one, is the same.
void final_and_prepared_agree(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots)
    if (slot->final && slot->prepared
        && slot->prepared->what.view >= slot->final->certificate.what.view)
      found.expect(slot->prepared->what.digest == slot->final->certificate.what.digest, n);
}

// PROTOCOL 5: prepares are backups'; the primary's pre-prepare stands for its own.
void primary_prepares_nothing(const core_picture& c, findings& found) {
  found.of(__func__);
  auto primary = c.opts.size.primary_of(c.view);
  for (const auto& [n, slot] : c.slots)
    found.expect(!slot->prepares.has(primary), n);
}

// == what this replica has said ===================================================================

// C&L 4.2: the primary pre-prepares, backups prepare, all commit.
void each_votes_as_what_it_is(const core_picture& c, findings& found) {
  found.of(__func__);
  bool primary = c.opts.size.primary_of(c.view) == c.opts.self;
  for (const auto& [n, slot] : c.slots)
    found.expect(!slot->own(primary ? vote_kind::prepare : vote_kind::pre_prepare).made(), n);
}

// PROTOCOL 6: "Once it voted for a digest in a slot, it votes for no other in that view."
void one_digest_is_voted_for_in_a_slot(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots)
    for (auto kind : kinds)
      if (const auto& own = slot->own(kind); own.made()) {
        found.expect(own.digest == *slot->bound(), n);
        found.expect(!slot->renewed || slot->renewed->what.digest == own.digest, n);
        found.expect(!slot->proposal || slot->proposal->what.digest == own.digest, n);
      }
}

// C&L 4.2: a backup prepares what it has accepted. PROTOCOL 6, 3: with every body at hand.
void prepare_stands_on_an_acceptable_proposal(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots)
    if (slot->own(vote_kind::prepare).made() && !slot->final)
      found.expect(slot->proposal && slot->verdict == verdict::acceptable, n);
}

// C&L 4.2: a replica says COMMIT when prepared(m, v, n, i) is true, not before.
void commit_stands_on_a_prepared_certificate(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots)
    if (const auto& own = slot->own(vote_kind::commit); own.made())
      found.expect(slot->prepared && slot->prepared->what == statement{c.view, n, own.digest}, n);
}

// PROTOCOL 7, durability: an own vote counts, like anybody's, only once it cannot be taken back.
void own_vote_counts_only_once_durable(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots)
    for (auto kind : {vote_kind::prepare, vote_kind::commit})
      if (slot->votes(kind).has(c.opts.self)) {
        const auto& own = slot->own(kind);
        found.expect(own.durable() && slot->votes(kind).named(c.opts.self) == own.digest, n);
      }
}

// C&L 4.4: between leaving a view and its successor's NEW-VIEW a replica takes no part but for
// checkpoints, VIEW-CHANGE and NEW-VIEW.
void nothing_is_voted_for_between_views(const core_picture& c, findings& found) {
  found.of(__func__);
  if (c.installed)
    return;
  found.expect(c.grants->empty());
  for (const auto& [n, slot] : c.slots)
    found.expect(!slot->proposal && !slot->renewed && !slot->bound(), n);
}

// PROTOCOL 10, a new database: who may have voted before says nothing until that cannot matter.
void a_silent_replica_votes_for_nothing(const core_picture& c, findings& found) {
  found.of(__func__);
  if (!c.silent)
    return;
  found.expect(c.grants->empty());
  for (const auto& [n, slot] : c.slots)
    found.expect(!slot->own(vote_kind::prepare).made() && !slot->own(vote_kind::commit).made(), n);
}

// C&L 4.2: only the primary proposes, within the watermarks and not too far ahead (PROTOCOL 6, 1).
void only_the_primary_may_propose(const core_picture& c, findings& found) {
  found.of(__func__);
  if (c.grants->empty())
    return;
  found.expect(c.opts.size.primary_of(c.view) == c.opts.self);
  found.expect(c.grants->size() <= c.opts.max_in_flight);
  for (auto n : *c.grants)
    found.expect(n <= c.high, n);
}

// == execution ====================================================================================

// C&L 4.2: blocks execute in the order of their numbers; nothing is executed that is not committed.
void executed_is_committed(const core_picture& c, findings& found) {
  found.of(__func__);
  found.expect(c.executed <= c.delivered);
}

// The last step of every event: what is final and next is handed to execution, if there is room.
void what_is_final_and_next_is_handed_over(const core_picture& c, findings& found) {
  found.of(__func__);
  if (c.delivered.value() - c.executed.value() >= delivery::max_ahead)
    return;
  for (const auto& [n, slot] : c.slots)
    found.expect(n != c.delivered.next() || !slot->final, n);
  found.expect(!c.held->contains(c.delivered.next()));
}

// == checkpoints ==================================================================================

// C&L 4.3: a checkpoint with a proof, 2f+1 signatures of different replicas, is stable. The state
// before the first block needs none.
void stable_checkpoint_has_its_proof(const core_picture& c, findings& found) {
  found.of(__func__);
  auto n = c.stable->what.sequence;
  found.expect(n.value() % c.opts.checkpoint_interval == 0, n);
  found.expect(n.value() == 0 ? c.stable->proof.empty()
                              : distinct(c.stable->proof, c.opts.size.quorum(), c.opts.size),
               n);
}

// C&L 4.3: an own checkpoint is of a state that was executed, where one is due, and is kept until
// it is stable.
void own_checkpoint_is_of_an_executed_state(const core_picture& c, findings& found) {
  found.of(__func__);
  for (const auto& [n, own] : *c.own_checkpoints) {
    found.expect(own.what.sequence == n, n);
    found.expect(own.by.replica == c.opts.self, n);
    found.expect(n > c.stable->what.sequence && n <= c.delivered, n);
    found.expect(n.value() % c.opts.checkpoint_interval == 0, n);
  }
}

// == limits (PROTOCOL 16; consensus is bounded whatever others send) ==============================

void memory_of_the_core_is_bounded(const core_picture& c, findings& found) {
  found.of(__func__);
  auto checkpoints = c.opts.window / c.opts.checkpoint_interval + 1;
  found.expect(c.own_checkpoints->size() <= checkpoints);
  found.expect(c.most_checkpoints <= checkpoints);
  found.expect(c.most_forwarded <= c.opts.size.n);
  // A block is held if it lies so far above what is executed, and dropped once that has passed it.
  found.expect(c.held->size() <= 2 * delivery::max_ahead);
  found.expect(c.delivered.value() - c.executed.value() <= delivery::max_ahead);
  found.expect(c.times <= core_picture::most_times);
  for (const auto& [n, slot] : c.slots) {
    found.expect(slot->kept.size() <= slot::most_kept, n);
    found.expect(slot->prepares.size().n == c.opts.size.n, n);
    found.expect(slot->commits.size().n == c.opts.size.n, n);
    found.expect(slot->helped_ns.size() <= c.opts.size.n, n);
  }
}

// == views ========================================================================================

/// The highest view that `count` replicas wish for.
view_number wished_by(const manager_picture& m, std::uint16_t count) {
  auto sorted = m.wishes;
  std::ranges::sort(sorted, std::greater{});
  return sorted[count - 1u];
}

// PROTOCOL 9: a wish is never below the view that was entered, and what f+1 wish for a replica
// does.
void own_wish_follows_the_others(const manager_picture& m, findings& found) {
  found.of(__func__);
  auto own = m.wishes[m.self.value()];
  found.expect(m.entered <= own);
  found.expect(wished_by(m, m.size.weak_quorum()) <= own);
  found.expect(m.wish_said <= own || m.silent);
}

// PROTOCOL 9: a view that 2f+1 wish for is entered, unless f+1 are beyond it already.
void view_that_a_quorum_wishes_for_is_entered(const manager_picture& m, findings& found) {
  found.of(__func__);
  auto v = wished_by(m, m.size.quorum());
  found.expect(v <= m.entered || wished_by(m, m.size.weak_quorum()) > v);
}

// C&L 4.4: every view but the first begins with a NEW-VIEW.
void view_that_has_begun_has_its_new_view(const manager_picture& m, findings& found) {
  found.of(__func__);
  found.expect(!m.begun || m.entered.value() == 0 || m.current == m.entered);
  found.expect(!m.handed || m.handed == m.entered);
}

// C&L 4.4: VIEW-CHANGEs matter from leaving one view to the beginning of the next, and their
// collection to the next primary alone. PROTOCOL 9: who is silent sends none.
void view_changes_are_for_the_view_that_is_to_begin(const manager_picture& m, findings& found) {
  found.of(__func__);
  found.expect(!m.begun || (!m.own_change && m.changes.empty()));
  found.expect(!m.own_change || (m.own_change == m.self && !m.silent));
  found.expect(m.changes.empty() || m.size.primary_of(m.entered) == m.self);
  for (const auto& [who, v] : m.changes)
    found.expect(v == m.entered && who.value() < m.size.n, who);
}

// One VIEW-CHANGE of each replica, whatever views others invent.
void memory_of_the_manager_is_bounded(const manager_picture& m, findings& found) {
  found.of(__func__);
  found.expect(m.wishes.size() == m.size.n);
  found.expect(m.changes.size() <= m.size.n && m.early.size() < m.size.n);
  for (const auto& [who, v] : m.early) {
    found.expect(who.value() < m.size.n && who != m.self, who);
    found.expect(!m.begun || v > m.entered, who); // what is past is forgotten
  }
}

// The manager decides, the core follows: it is in no view that the manager has not entered, nor
// begins one without a NEW-VIEW from there.
void core_follows_the_manager(const core_picture& c, const manager_picture& m, findings& found) {
  found.of(__func__);
  found.expect(c.view == m.entered);
  found.expect(!c.installed || m.begun || m.handed == m.entered);
  found.expect(!m.begun || c.installed);
}

// == what the disk must know (PROTOCOL 7, durability) =============================================

// C&L 4.4: after VIEW-CHANGE for v a replica accepts nothing of earlier views; so the disk knows v.
void disk_is_in_no_later_view(const core_picture& c, const recovered_state& d, findings& found) {
  found.of(__func__);
  found.expect(d.view <= c.view);
  found.expect(d.stable.what.sequence <= c.stable->what.sequence);
}

bool knows_vote(const recovered_state& d, vote_kind kind, const statement& what) {
  return std::ranges::any_of(
      d.votes, [&](const vote_record& v) { return v.kind == kind && v.what == what; });
}

// "A replica signs one statement per view, sequence number and phase, for ever": what counts as
// durable is on the disk. A pre-prepare that a NEW-VIEW made stands there.
void durable_vote_is_on_the_disk(const core_picture& c, const recovered_state& d, findings& found) {
  found.of(__func__);
  for (const auto& [n, slot] : c.slots)
    for (auto kind : kinds)
      if (const auto& own = slot->own(kind); own.durable() && !slot->final) {
        bool made_again = kind == vote_kind::pre_prepare && slot->renewed && d.new_view;
        found.expect(made_again || knows_vote(d, kind, {c.view, n, own.digest}), n);
        found.expect(d.view == c.view, n);
      }
}

// The table of PROTOCOL 7: before a prepare leaves the proposal is synced, before a commit the
// prepared certificate.
void durable_vote_has_its_grounds_on_the_disk(const recovered_state& d, findings& found) {
  found.of(__func__);
  auto proposed = [&](const statement& what) {
    return std::ranges::any_of(d.proposals, [&](const auto& p) { return p.what == what; });
  };
  auto prepared = [&](const statement& what) { // or what was prepared there in a later view
    return std::ranges::any_of(d.prepared, [&](const auto& p) {
      return p.what == what || (p.what.sequence == what.sequence && p.what.view > what.view);
    });
  };
  for (const auto& v : d.votes)
    found.expect(v.kind == vote_kind::commit ? prepared(v.what) : proposed(v.what),
                 v.what.sequence);
}

// The disk binds what this replica may say: nothing that it holds of this view is otherwise here.
void memory_contradicts_no_durable_vote(const core_picture& c, const recovered_state& d,
                                        findings& found) {
  found.of(__func__);
  for (const auto& v : d.votes) {
    auto slot = std::ranges::find(c.slots, v.what.sequence, [](const auto& s) { return s.first; });
    if (v.what.view != c.view || slot == c.slots.end() || slot->second->final)
      continue;
    found.expect(slot->second->bound() == v.what.digest, v.what.sequence);
  }
}

} // namespace

std::vector<std::string> broken_invariants(const core_picture& core) {
  findings found;
  for (auto check : {low_watermark_is_the_stable_checkpoint,
                     high_watermark_is_a_window_above,
                     log_lies_between_the_watermarks,
                     proposal_is_of_this_view_and_judged,
                     renewed_slot_takes_only_what_the_new_view_names,
                     prepared_slot_has_its_certificate,
                     final_slot_has_its_certificate,
                     final_and_prepared_agree,
                     primary_prepares_nothing,
                     each_votes_as_what_it_is,
                     one_digest_is_voted_for_in_a_slot,
                     prepare_stands_on_an_acceptable_proposal,
                     commit_stands_on_a_prepared_certificate,
                     own_vote_counts_only_once_durable,
                     nothing_is_voted_for_between_views,
                     a_silent_replica_votes_for_nothing,
                     only_the_primary_may_propose,
                     executed_is_committed,
                     what_is_final_and_next_is_handed_over,
                     stable_checkpoint_has_its_proof,
                     own_checkpoint_is_of_an_executed_state,
                     memory_of_the_core_is_bounded})
    check(core, found);
  return found.take();
}

std::vector<std::string> broken_invariants(const manager_picture& manager) {
  findings found;
  for (auto check :
       {own_wish_follows_the_others, view_that_a_quorum_wishes_for_is_entered,
        view_that_has_begun_has_its_new_view, view_changes_are_for_the_view_that_is_to_begin,
        memory_of_the_manager_is_bounded})
    check(manager, found);
  return found.take();
}

std::vector<std::string> broken_invariants(const core_picture& core,
                                           const manager_picture& manager) {
  findings found;
  core_follows_the_manager(core, manager, found);
  return found.take();
}

std::vector<std::string> broken_invariants(const core_picture& core,
                                           const recovered_state& durable) {
  findings found;
  for (auto check :
       {disk_is_in_no_later_view, durable_vote_is_on_the_disk, memory_contradicts_no_durable_vote})
    check(core, durable, found);
  durable_vote_has_its_grounds_on_the_disk(durable, found);
  return found.take();
}

std::vector<std::string> broken_invariants(const recovered_state& durable) {
  findings found;
  durable_vote_has_its_grounds_on_the_disk(durable, found);
  return found.take();
}

} // namespace bourse::consensus
