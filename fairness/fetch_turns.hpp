// Whom to ask for what is missing, and when to ask again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

/// Pure. Each missing thing, a body by its digest or a report by its place, has its own round of
/// replicas who may hold it, the likeliest first; it is asked of one at a time, of the next one if
/// it has not come in time.
///
/// What one replica says exists need not. So of what no block needs yet little is wanted on the
/// word of any one, and it is asked for ever more rarely.
template <class Name>
class fetch_turns {
public:
  /// Of one question; who is asked for more looks at none of it.
  static constexpr std::size_t most_names = 256;
  /// Not needed by a block, wanted on one replica's word.
  static constexpr std::size_t most_early = 4096;
  static constexpr std::uint32_t most_doublings = 6;

  /// `grace_us`: what is missing may be on its way anyway, so nobody is asked before.
  fetch_turns(replica_id self, std::uint64_t grace_us, std::uint64_t retry_us)
      : self_(self), grace_us_(grace_us), retry_us_(retry_us) {}

  /// Of these replicas; `block` needs it. Again for what is wanted already: adds who may hold it,
  /// and the block.
  void want(const Name& what, const std::vector<replica_id>& holders, sequence_number block,
            stamp_time now);
  /// No block needs it yet, but `by` says that it exists, and may have it as others do. What it may
  /// be a part of is above `executed`. False: that is too much of what `by` says.
  bool want_early(const Name& what, replica_id by, const std::vector<replica_id>& holders,
                  sequence_number executed, stamp_time now);
  /// It is not on its way by itself, so it is asked for at once.
  void hurry(const Name& what, stamp_time now);
  /// It came, or is needed no more.
  void drop(const Name& what);
  /// So are all of which `over(what, last)` says so; `last` is the highest block that needs it, 0
  /// if none does.
  template <class Over>
  void drop_if(Over&& over);
  bool wants(const Name& what) const {
    return wanted_.contains(what);
  }
  /// A block needs it.
  bool needs(const Name& what) const {
    auto it = wanted_.find(what);
    return it != wanted_.end() && it->second.last.value() != 0;
  }
  std::size_t size() const {
    return wanted_.size();
  }

  struct question {
    replica_id whom;
    sequence_number sequence; ///< none of these was executed below
    std::vector<Name> names;  ///< what the lowest block needs comes first
  };
  /// What to ask now: one question a replica.
  std::vector<question> due(stamp_time now);
  /// When to call that again.
  std::optional<stamp_time> next() const {
    return queue_.empty() ? std::nullopt : std::optional{queue_.begin()->first};
  }

private:
  struct entry {
    std::vector<replica_id> holders;
    std::size_t turn = 0;
    sequence_number first; ///< block that needs it, or may
    sequence_number last;  ///< that needs it; 0: none
    stamp_time at;
    std::optional<replica_id> by; ///< on whose word it is wanted early
  };
  using table = std::unordered_map<Name, entry>;

  void add(entry& e, const std::vector<replica_id>& holders, const Name& what);
  void move(const Name& what, entry& e, stamp_time at);
  void release(entry& e);
  void erase(typename table::iterator it);
  stamp_time after(const entry& e, stamp_time now) const;

  replica_id self_;
  std::uint64_t grace_us_;
  std::uint64_t retry_us_;
  table wanted_;
  std::set<std::pair<stamp_time, Name>> queue_; ///< of those that somebody may hold
  std::map<replica_id, std::size_t> early_;
};

template <class Name>
void fetch_turns<Name>::want(const Name& what, const std::vector<replica_id>& holders,
                             sequence_number block, stamp_time now) {
  auto [it, fresh] = wanted_.try_emplace(what);
  auto& e = it->second;
  if (fresh)
    e.at = stamp_time{now.value() + grace_us_};
  bool needed = e.last.value() != 0;
  e.first = needed ? std::min(e.first, block) : block;
  e.last = std::max(e.last, block);
  release(e);
  add(e, holders, what);
  if (!fresh && !needed && e.at > now) // it may have been put off for long
    move(what, e, std::min(e.at, stamp_time{now.value() + grace_us_}));
}

template <class Name>
bool fetch_turns<Name>::want_early(const Name& what, replica_id by,
                                   const std::vector<replica_id>& holders, sequence_number executed,
                                   stamp_time now) {
  auto it = wanted_.find(what);
  if (it == wanted_.end()) {
    if (early_[by] >= most_early)
      return false;
    ++early_[by];
    it = wanted_.try_emplace(what).first;
    it->second.at = stamp_time{now.value() + grace_us_};
    it->second.first = executed.next();
    it->second.by = by;
  }
  add(it->second, holders, what);
  return true;
}

template <class Name>
void fetch_turns<Name>::add(entry& e, const std::vector<replica_id>& holders, const Name& what) {
  for (auto who : holders)
    if (who != self_ && std::find(e.holders.begin(), e.holders.end(), who) == e.holders.end())
      e.holders.push_back(who);
  if (!e.holders.empty())
    queue_.emplace(e.at, what);
}

template <class Name>
void fetch_turns<Name>::move(const Name& what, entry& e, stamp_time at) {
  if (queue_.erase({e.at, what}) > 0)
    queue_.emplace(at, what);
  e.at = at;
}

template <class Name>
void fetch_turns<Name>::release(entry& e) {
  if (e.by)
    --early_[*e.by];
  e.by.reset();
}

template <class Name>
void fetch_turns<Name>::erase(typename table::iterator it) {
  queue_.erase({it->second.at, it->first});
  release(it->second);
  wanted_.erase(it);
}

template <class Name>
void fetch_turns<Name>::hurry(const Name& what, stamp_time now) {
  if (auto it = wanted_.find(what); it != wanted_.end() && it->second.turn == 0)
    move(what, it->second, now);
}

template <class Name>
void fetch_turns<Name>::drop(const Name& what) {
  if (auto it = wanted_.find(what); it != wanted_.end())
    erase(it);
}

template <class Name>
template <class Over>
void fetch_turns<Name>::drop_if(Over&& over) {
  for (auto it = wanted_.begin(); it != wanted_.end();) {
    auto here = it++;
    if (over(here->first, here->second.last))
      erase(here);
  }
}

template <class Name>
stamp_time fetch_turns<Name>::after(const entry& e, stamp_time now) const {
  auto rounds = e.by ? std::min<std::size_t>(e.turn / e.holders.size(), most_doublings) : 0;
  return stamp_time{now.value() + (retry_us_ << rounds)};
}

template <class Name>
auto fetch_turns<Name>::due(stamp_time now) -> std::vector<question> {
  std::map<replica_id, std::vector<std::pair<sequence_number, Name>>> by_replica;
  for (auto it = queue_.begin(); it != queue_.end() && it->first <= now; ++it) {
    const auto& e = wanted_.at(it->second);
    by_replica[e.holders[e.turn % e.holders.size()]].emplace_back(e.first, it->second);
  }
  std::vector<question> out;
  for (auto& [whom, what] : by_replica) {
    std::sort(what.begin(), what.end());
    question q{whom, what.front().first, {}};
    for (auto& [sequence, name] : what) {
      auto& e = wanted_.at(name);
      if (q.names.size() == most_names) { // with the next question
        move(name, e, stamp_time{now.value() + grace_us_ + 1});
        continue;
      }
      move(name, e, after(e, now));
      ++e.turn;
      q.names.push_back(name);
    }
    out.push_back(std::move(q));
  }
  return out;
}

} // namespace bourse::fairness
