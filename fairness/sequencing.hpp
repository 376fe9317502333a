// Fair order as one replica lives it: it stamps and reports, says which blocks it holds all of,
// names heads when it leads, and puts what is final into the order of F.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fairness/block_proposer.hpp"
#include "fairness/body_store.hpp"
#include "fairness/execution_order.hpp"
#include "fairness/fetch_turns.hpp"
#include "fairness/full_block.hpp"
#include "fairness/stamp_tally.hpp"
#include "fairness/stamper.hpp"
#include "messages/consensus.hpp"

namespace bourse::fairness {

struct sequencing_options {
  replica_id self;
  cluster_size size;
  /// What is missing may come by itself: reports and bodies go to everybody anyway.
  std::uint64_t grace_us = 2'000;
  std::uint64_t retry_us = 50'000;
  /// How long a primary may leave reached what 2f+1 chains reach, before it is helped ...
  std::uint64_t relay_after_us = 250'000;
  /// When to repeat the last own report if no other may follow: whom it did not reach would not
  /// ask.
  std::uint64_t repeat_us = 1'000'000;
};

/// What is to be done, in this order. What is written needs no sync of its own, but comes before
/// whatever is persisted later: a verdict is given when all that a vote rests on is on its way.
struct sequencing_effects {
  struct verdict {
    statement what;
    bool fresh = false;
    full_block_ptr block; ///< null: unacceptable
    error why{};          ///< then
  };
  struct proposal {
    view_number view;
    sequence_number sequence;
    std::vector<chain_head> heads;
  };
  struct ordered {
    full_block_ptr block;
    block_time time;                      ///< 0 for a null block
    std::vector<submission_ptr> executes; ///< in this order
    std::vector<submission_ptr> voided;   ///< whoever runs the log again needs these too
    std::vector<submission_ptr> gone;     ///< pending no more, the others among them
    bool checkpoint = false;              ///< then `pages` has those that have changed
    std::vector<market::page_update> pages;
  };

  std::vector<report_ptr> write_reports;
  std::vector<submission_ptr> write_bodies;
  /// To be signed and made durable, then `reported`. Nobody else hears of it before.
  std::optional<stamp_report> own_report;
  std::vector<report_ptr> send_to_all;
  std::vector<report_ptr> relay; ///< to the primary, which seems to lack them
  std::vector<fetch_turns<chain_head>::question> fetch_reports;
  std::vector<fetch_turns<digest>::question> fetch_bodies;
  std::vector<verdict> verdicts;
  std::vector<proposal> proposals;
  std::vector<ordered> executions;
};

/// Pure. Every call with a time is an event; `take` then carries it on and gives what is to be
/// done.
class sequencing {
public:
  /// `order` is as of the block `executed`. `rules` outlive it. Then `keep` and `hold` for what the
  /// disk has, then the rest.
  sequencing(const market::rules& rules, const sequencing_options& options, execution_order order,
             sequence_number executed, block_time next_due);

  /// A report that is on the disk; of a replica's in ascending order.
  void keep(const report_ptr& r);
  /// A verified body that is on the disk.
  void keep(const submission_ptr& body, stamp_time now);

  /// A verified body, admitted from a client or asked for.
  void hold(const submission_ptr& body, stamp_time now);
  /// A verified report of another replica. False if it was of no use.
  bool report(const report_ptr& r, stamp_time now);
  /// The own report is durable.
  void reported(const report_ptr& own, stamp_time now);

  /// Is this block acceptable, and is everything here? Answered by a verdict, as late as it takes.
  void check(const statement& what, bool fresh, std::vector<chain_head> heads, shared_bytes encoded,
             stamp_time now);
  /// It is final, and the next: to be put in order. `known` are bodies that it executes, if it was
  /// executed here before: they need not be fetched.
  void execute(const full_block_ptr& block, bool checkpoint, std::vector<submission_ptr> known,
               stamp_time now);
  /// This replica leads `view` and may propose there.
  void grant(view_number view, sequence_number sequence);
  /// A view has begun: proposals of earlier ones are over.
  void renew(view_number view);
  /// Blocks are owed up to this one, whether there are orders or not.
  void fill(sequence_number until);
  /// The market has executed a block: a dead-man's switch is due at this time, 0 never.
  void switch_due(block_time next_due);

  sequencing_effects take(stamp_time now);
  /// When to call `take` without any other event.
  std::optional<stamp_time> next_event() const;

  /// What the primary owes, and for how long it has.
  struct debt {
    std::uint32_t owed = 0;
    std::uint64_t oldest_wait_us = 0;
  };
  debt owes(stamp_time now) const;

  /// Of this replica's chain, as far as it is here and continues the head in the log; null if
  /// nothing does.
  report_ptr newest(replica_id of) const {
    return store_.newest(of, order_.heads().of(of));
  }
  report_ptr find_report(const digest& d) const {
    return store_.find(d);
  }
  submission_ptr find_body(const digest& d) const {
    return bodies_.find(d);
  }
  bool wants_report(const chain_head& place) const {
    return missing_reports_.wants(place);
  }
  const execution_order& order() const {
    return order_;
  }
  sequence_number executed() const {
    return executed_;
  }
  const stamper& own() const {
    return stamper_;
  }
  std::size_t open_checks() const {
    return checks_.size();
  }
  std::size_t held_reports() const {
    std::size_t n = 0;
    for (std::uint16_t i = 0; i < options_.size.n; ++i)
      n += store_.held(replica_id{i});
    return n;
  }
  std::size_t tallied() const {
    return tally_.size();
  }
  /// A checkpoint is stable: of blocks up to there nobody waits for a verdict.
  void stable(sequence_number n);
  /// Reports that the state of a stable checkpoint covers are needed no more. What the heads then
  /// were is `covered`, by replica.
  void forget(const std::vector<report_index>& covered);

private:
  struct open_check {
    statement what;
    bool fresh = false;
    std::vector<chain_head> heads;
    shared_bytes encoded;
    std::unordered_set<digest> missing;
    bool far = false; ///< to be looked at again when a block is executed
  };
  struct final_block {
    full_block_ptr block;
    bool checkpoint = false;
    std::vector<submission_ptr> known;
    bool begun = false;
    std::vector<digest> eligible; ///< once it is
  };

  void tally(const report_ptr& r, stamp_time now);
  void arrived(const digest& what);
  void make_report(stamp_time now);
  std::optional<stamp_time> next_repeat() const;
  void execute_finals(stamp_time now);
  bool begin(final_block& b, stamp_time now);
  bool execute_one(final_block& b, stamp_time now);
  void advance(sequencing_effects::ordered& by, stamp_time now);
  void look_at_checks(stamp_time now);
  bool look_at(open_check& c, stamp_time now);
  void write(const open_check& c);
  void write(const report_ptr& r);
  void write(const submission_ptr& body);
  void want_report(const chain_head& what, sequence_number by, stamp_time now);
  void want_final(const chain_head& what, sequence_number by, stamp_time now);
  void want_final(const digest& body, sequence_number by, stamp_time now);
  replica_id somebody(const digest& of) const;
  void want_body(const stamped& what, sequence_number by, stamp_time now);
  void set_next(client_id client, stream_id stream, submission_number next);
  block_proposer::sight sight() const {
    return {order_, store_, tally_, bodies_, executed_, next_due_, fill_until_};
  }
  bool owed(stamp_time now) const;
  void propose(stamp_time now);
  std::optional<stamp_time> next_relay() const;
  void relay(stamp_time now);
  std::vector<replica_id> holders(replica_id first) const;

  const market::rules& rules_;
  sequencing_options options_;
  execution_order order_;
  report_store store_;
  stamp_tally tally_;
  stamper stamper_;
  body_store bodies_;
  fetch_turns<chain_head> missing_reports_;
  fetch_turns<digest> missing_bodies_;
  block_proposer proposer_;
  std::vector<open_check> checks_;
  std::deque<final_block> finals_;
  std::unordered_set<digest> written_; ///< reports and bodies
  sequence_number executed_;
  view_number view_;
  block_time next_due_;
  sequence_number fill_until_;
  struct grant_of_slot {
    view_number view;
    sequence_number sequence;
  };
  std::deque<grant_of_slot> grants_;
  std::vector<submission_ptr> gone_; ///< since it was last asked
  bool reporting_ = false;           ///< an own report is on its way to the disk
  stamp_time said_;                  ///< the last own report
  bool changed_ = true;              ///< since the proposer looked
  std::optional<stamp_time> relayed_;
  sequencing_effects effects_;
};

} // namespace bourse::fairness
