// When this replica saw which body, and its own chain of reports about that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/stamped.hpp"
#include "market/rules.hpp"
#include "messages/request.hpp"
#include "messages/stamps.hpp"

namespace bourse::fairness {

/// Pure. Stamps the bodies of a stream in the order of their numbers, each as soon as it and all
/// lower ones are here, at most `max_rivals` under one number. What it stamps is nobody's business
/// until the report is durable and has left.
class stamper {
public:
  static constexpr std::size_t max_rivals = 4;

  /// `head`: that of this replica's chain in the log. Then `set_next`, then `resume`, then the
  /// rest. `rules` outlive it.
  stamper(const market::rules& rules, replica_id self, const chain_position& head);

  /// The number that the stream executes next, when it has moved or to begin with. What may be
  /// stamped because of that is with the next call that tells the time.
  void set_next(client_id client, stream_id stream, submission_number next);
  /// What this replica has stamped and the log knows, and has not executed ...
  void resume(const stamped& what);
  /// ... and a report that it had made after `head`, ascending by index.
  void resume(const verified_report& own);

  /// A verified body is here, durable or to become so with the next report. Numbers that are
  /// executed or beyond the credit are ignored, and so is what it holds already.
  void hold(const submission_header& about, const digest& body, stamp_time now);

  /// The report that is due, which the caller signs, makes durable together with the bodies it
  /// stamps, and then sends. None while the grid has not moved on, or if there is nothing to say:
  /// no new stamp, nothing that was stamped and waits, and no block `owed` for other reasons. The
  /// further it is ahead of the log, the rarer: so it never outruns max_links.
  std::optional<stamp_report> report(stamp_time now, bool owed);
  /// When to ask again; none: only after another call.
  std::optional<stamp_time> next_report(bool owed) const;
  /// That report is signed and durable. False if it must not be sent: `committed` has had this
  /// replica go on from elsewhere since.
  bool reported(const verified_report& own);

  /// Where this replica's chain stands in the log now. If that is none of its own reports since the
  /// last one there (its disk was lost, or its key is used twice), it goes on from there, and
  /// stamps again what waits.
  void committed(const chain_position& head, stamp_time now);

  /// The last report that it made, or the log's head.
  const chain_position& last() const {
    return chain_.back();
  }
  /// The latest time that it stamped or reported, or is about to.
  stamp_time last_stamp() const {
    return std::max(last_stamp_, chain_.back().boundary);
  }
  /// It is as far ahead of the log as may be, and so says no more before that goes on.
  bool full() const;
  /// Stamps whose bodies have not executed.
  std::size_t open() const {
    return open_;
  }

private:
  struct held {
    digest body;
    bool stamped = false;
  };
  /// One stream's bodies by number, from the next one on.
  struct stream {
    std::uint64_t next = 1;
    std::map<std::uint64_t, std::vector<held>> numbers;
  };

  /// Of what may be stamped as soon as there is room: a stream, from a number on.
  struct turn {
    std::size_t stream;
    std::uint64_t number;
  };

  stream* find(client_id client, stream_id stream);
  /// What can be stamped there. False if the room ends before that: then the turn is what is left.
  bool stamp_from(turn& t, stamp_time now);
  void stamp_waiting(stamp_time now);
  bool room() const;
  std::uint64_t spacing_us() const;

  const market::rules& rules_;
  replica_id self_;
  std::vector<stream> streams_; ///< by client and stream
  /// The log's head, then this replica's reports after it.
  std::deque<chain_position> chain_;
  std::vector<stamp> unreported_;
  stamp_time last_stamp_;
  std::size_t open_ = 0;
  std::deque<turn> waiting_; ///< as the bodies came: so a crowd delays all alike
};

} // namespace bourse::fairness
