// The function F: in which order what replicas have stamped executes. Run over the log alone, so
// that all replicas find the same (docs/PROTOCOL, "Blocks and their order").
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "fairness/explanation.hpp"
#include "fairness/stamped.hpp"
#include "market/pages.hpp"
#include "market/rules.hpp"
#include "messages/request.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

/// Pure, and a part of the replicated state. A block is: `add` for every report that it commits,
/// `begin` with its time, `finish` with the bodies that `begin` asked for. Null blocks, which
/// commit nothing, do not come here.
///
/// What it does, of which simulation/naive_ranking.hpp is the slow version:
///   - Of a replica and a body the first stamp that is committed counts, for the number that it
///     names: stamps that name others do not add up. Time of a body: the (f+1)-th smallest of its
///     stamps. It is eligible from the first block whose T that time does
///     not exceed.
///   - Of several eligible bodies under one number the earliest stands for it, by time, then
///   digest.
///   - A number is ready when it and all lower unexecuted numbers of its stream are eligible. Its
///     effective lane and time are the worst and the latest among these.
///   - It is aged if two blocks or more were executed in which it was ready and left over.
///   - Of what is ready, a block has first what `reserved` gives: aged numbers by effective time,
///   until
///     they have a quarter of the block's requests or more; then the others by rank, up to the
///     first that does not fit. What it has executes by rank.
///   - Rank: lane 1; lane 2; aged; lane 3 as long as those of this block stay within the quota; the
///     rest. Within each, lanes 1 and 2 apart, by effective time, then hash(cluster, T, client
///     key), stream and number.
class ranking {
public:
  /// Stamps further ahead of their stream's next number than this many credits are ignored; honest
  /// replicas make none (market::pending_pool).
  static constexpr std::uint64_t credits_ahead = 4;
  /// Of one replica, under one number; honest replicas make no more. So pages stay small.
  static constexpr std::size_t bodies_stamped = 4;

  /// `rules` must outlive this. `seed` keeps strangers from naming digests that collide here; it
  /// changes nothing that a replica ever says.
  ranking(const market::rules& rules, cluster_size size, std::uint64_t seed = 0);
  ~ranking();
  ranking(ranking&&) noexcept;

  /// Stamps of a report that the block commits, in the order of its replica's chain. Ignored:
  /// unknown clients and streams, numbers that are executed or `credits_ahead` credits or more
  /// beyond the next, and what exceeds the replica's rules.order.max_open_stamps or, under one
  /// number, `bodies_stamped`, counting those of it that stand here.
  void add(replica_id by, std::span<const stamp> stamps);

  /// T of the block, which never falls. Returns the bodies that have become eligible, by time.
  std::vector<digest> begin(stamp_time t);

  /// `bodies` are those that `begin` returned, in its order. Returns what the block executes, in
  /// order. It counts as executed from here on. `why`, if there is one, is told the reasons.
  std::vector<submission_ptr> finish(std::span<const submission_ptr> bodies,
                                     block_explanation* why = nullptr);
  /// Eligible bodies that the last block made void, since it executed others under their numbers,
  /// in the order of those, then by digest. Whoever runs the log again is asked for them too.
  const std::vector<submission_ptr>& voided() const;

  /// All stamps that stand here, in no order.
  void each_stamp(const std::function<void(const stamped&, replica_id, stamp_time)>& visit) const;
  /// All eligible bodies, in no order.
  void each_body(const std::function<void(const submission_ptr&)>& visit) const;
  /// The number that the stream executes next.
  submission_number next(client_id client, stream_id stream) const;
  /// Ready but left over by the last block: the next one yields something whatever it names.
  std::size_t left_over() const;
  /// Stamps that stand here, of this replica.
  std::size_t open_stamps(replica_id by) const;

  /// Pages that changed since the last call (at first: all that are not empty): open stamps by
  /// stream (page_kind::fair_order, index 1 and up) and eligible bodies (page_kind::bodies).
  void take_dirty_pages(std::vector<market::page_update>& to);
  /// Adds back a page of a state. Positions of streams are set by `set_next` before. Errors:
  /// corrupt, and then nothing of this instance may be used.
  expected<void> restore(const market::page_key& key, byte_view content);
  /// Checks that what pages refer to is there. Errors: corrupt.
  expected<void> finish_restore();
  void set_next(client_id client, stream_id stream, submission_number next);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace bourse::fairness
