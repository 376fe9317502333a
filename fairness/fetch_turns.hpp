// Whom to ask for what is missing, and when to ask again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

/// Pure. Each missing thing, a body by its digest or a report by its place, has its own round of
/// replicas who may hold it, the likeliest first; it is asked of one at a time, of the next one if
/// it has not come in time.
template <class Name>
class fetch_turns {
public:
  /// `grace_us`: what is missing may be on its way anyway, so nobody is asked before.
  fetch_turns(replica_id self, std::uint64_t grace_us, std::uint64_t retry_us)
      : self_(self), grace_us_(grace_us), retry_us_(retry_us) {}

  /// Of these replicas; `sequence` is of the block that needs it, 0 if none does. Again for what is
  /// wanted already: adds who may hold it, and the block.
  void want(const Name& what, const std::vector<replica_id>& holders, sequence_number sequence,
            stamp_time now);
  /// It is not on its way by itself, so it is asked for at once.
  void hurry(const Name& what, stamp_time now) {
    if (auto it = wanted_.find(what); it != wanted_.end() && it->second.turn == 0)
      it->second.at = now;
  }
  /// It came, or is needed no more.
  void drop(const Name& what) {
    wanted_.erase(what);
  }
  /// So are all of which `over(what, sequence)` says so.
  template <class Over>
  void drop_if(Over&& over) {
    std::erase_if(wanted_, [&](const auto& w) { return over(w.first, w.second.sequence); });
  }
  bool wants(const Name& what) const {
    return wanted_.contains(what);
  }
  std::size_t size() const {
    return wanted_.size();
  }

  struct question {
    replica_id whom;
    sequence_number sequence; ///< of a block that needs the first of them
    std::vector<Name> names;
  };
  /// What to ask now: one question a replica.
  std::vector<question> due(stamp_time now);
  /// When to call that again.
  std::optional<stamp_time> next() const;

private:
  struct entry {
    std::vector<replica_id> holders;
    std::size_t turn = 0;
    sequence_number sequence;
    stamp_time at;
  };

  replica_id self_;
  std::uint64_t grace_us_;
  std::uint64_t retry_us_;
  std::unordered_map<Name, entry> wanted_;
};

template <class Name>
void fetch_turns<Name>::want(const Name& what, const std::vector<replica_id>& holders,
                             sequence_number sequence, stamp_time now) {
  auto [it, fresh] = wanted_.try_emplace(what);
  auto& e = it->second;
  if (fresh)
    e.at = stamp_time{now.value() + grace_us_};
  e.sequence = std::max(e.sequence, sequence);
  for (auto who : holders)
    if (who != self_ && std::find(e.holders.begin(), e.holders.end(), who) == e.holders.end())
      e.holders.push_back(who);
}

template <class Name>
auto fetch_turns<Name>::due(stamp_time now) -> std::vector<question> {
  std::map<replica_id, std::vector<std::pair<sequence_number, Name>>> by_replica;
  for (auto& [what, e] : wanted_) {
    if (e.at > now || e.holders.empty())
      continue;
    by_replica[e.holders[e.turn++ % e.holders.size()]].emplace_back(e.sequence, what);
    e.at = stamp_time{now.value() + retry_us_};
  }
  std::vector<question> out;
  for (auto& [whom, what] : by_replica) {
    // The table's order is nobody's business.
    std::sort(what.begin(), what.end(), std::greater{});
    question q{whom, what.front().first, {}};
    for (auto& [sequence, d] : what)
      q.names.push_back(d);
    out.push_back(std::move(q));
  }
  return out;
}

template <class Name>
std::optional<stamp_time> fetch_turns<Name>::next() const {
  std::optional<stamp_time> first;
  for (const auto& [what, e] : wanted_)
    if (!e.holders.empty() && (!first || e.at < *first))
      first = e.at;
  return first;
}

} // namespace bourse::fairness
