// Bodies that wait for their place in a block.
#pragma once

#include <cstddef>
#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

/// Pure. Bounded by those who bring bodies: the mempool, by its clients' credit, and what was
/// asked for.
class body_store {
public:
  /// False if it is here already.
  bool add(const submission_ptr& s) {
    if (!bodies_.emplace(s->digest, s).second)
      return false;
    by_place_[{s->content.client, s->content.stream, s->content.number}].push_back(s->digest);
    return true;
  }
  submission_ptr find(const digest& d) const {
    auto it = bodies_.find(d);
    return it == bodies_.end() ? nullptr : it->second;
  }
  /// Calls `visit(submission_ptr)` for each body under this number.
  template <class Visit>
  void each(client_id client, stream_id stream, submission_number number, Visit&& visit) const {
    auto it = by_place_.find({client, stream, number});
    if (it == by_place_.end())
      return;
    for (const auto& d : it->second)
      visit(bodies_.at(d));
  }
  bool holds(const digest& d) const {
    return bodies_.contains(d);
  }
  /// Drops what the stream has executed, and its rivals. `gone(submission_ptr)` is told each.
  template <class Gone>
  void set_next(client_id client, stream_id stream, submission_number next, Gone&& gone) {
    auto first = by_place_.lower_bound({client, stream, submission_number{0}});
    auto last = by_place_.lower_bound({client, stream, next});
    for (auto it = first; it != last; ++it)
      for (const auto& d : it->second) {
        auto held = bodies_.find(d);
        gone(held->second);
        bodies_.erase(held);
      }
    by_place_.erase(first, last);
  }
  std::size_t size() const {
    return bodies_.size();
  }

private:
  std::unordered_map<digest, submission_ptr> bodies_;
  std::map<std::tuple<client_id, stream_id, submission_number>, std::vector<digest>> by_place_;
};

} // namespace bourse::fairness
