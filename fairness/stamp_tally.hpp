// Which bodies the reports that are here speak of, and who has stamped them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "fairness/stamped.hpp"
#include "market/rules.hpp"
#include "messages/request.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

/// Pure. Counts over all reports that are here, whether the log names them, whatever their branch:
/// so it may count more than the log, never less. A body that f+1 replicas have stamped is held by
/// an honest one, and can be fetched.
class stamp_tally {
public:
  /// `rules` outlive it.
  stamp_tally(const market::rules& rules, cluster_size size);

  struct entry {
    std::vector<std::pair<replica_id, stamp_time>> stamps; ///< of each replica the earliest

    /// By f+1 replicas: at least one of them is honest.
    bool vouched(cluster_size size) const {
      return stamps.size() >= size.weak_quorum();
    }
    /// The (f+1)-th smallest; none if there are fewer.
    std::optional<stamp_time> time(cluster_size size) const;
  };

  /// Returns what this report stamps that waits for execution, known before or not. What is
  /// executed, or more than this replica may have open, is left out.
  std::vector<stamped> add(const stamp_report& r);
  /// A stamp that the log has, to begin with.
  void add(const stamped& what, replica_id by, stamp_time time);
  /// Drops what the stream has executed, and its rivals. `gone` is told of each body of which
  /// nothing is left here.
  template <class Gone>
  void set_next(client_id client, stream_id stream, submission_number next, Gone&& gone) {
    for (const auto& d : drop_below(client, stream, next))
      gone(d);
  }

  const entry* find(const stamped& what) const;
  template <class Visit>
  void each(Visit&& visit) const {
    for (const auto& [what, e] : entries_)
      visit(what, e);
  }
  std::size_t size() const {
    return entries_.size();
  }
  /// True if its client is known and its number is not executed.
  bool waits(const submission_header& about) const;

private:
  using place = std::tuple<std::size_t, std::uint64_t>; ///< stream, number

  std::vector<digest> drop_below(client_id client, stream_id stream, submission_number next);

  const market::rules& rules_;
  cluster_size size_;
  std::vector<std::uint64_t> next_; ///< by client and stream
  std::unordered_map<stamped, entry> entries_;
  std::map<place, std::vector<stamped>> by_place_;
  std::unordered_map<digest, std::size_t> places_; ///< that a body is said to have
  std::vector<std::size_t> open_;                  ///< by replica
};

} // namespace bourse::fairness
