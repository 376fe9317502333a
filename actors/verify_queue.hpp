// What waits for its signature check: in bounds, and so that no client waits for another's flood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>

#include "actors/payloads.hpp"

namespace bourse::actors {

/// Pure. One queue a session; what peers sent for proposals goes first, then sessions in turn, one
/// submission each.
class verify_queue {
public:
  verify_queue(std::size_t total_bytes, std::size_t session_bytes)
      : total_bytes_(total_bytes), session_bytes_(session_bytes) {}

  /// False if a bound is reached. Peers are bounded by what was asked of them.
  bool add(verification::item item);
  /// This very submission waits or is being verified.
  bool holds(const digest& d, const signature& s) const;
  /// Any submission of that digest does.
  bool holds(const digest& d) const {
    return inside_.contains(d);
  }

  std::size_t waiting() const {
    return waiting_;
  }
  /// Up to `most` items for one verifier; none if nothing waits.
  std::vector<verification::item> take(std::size_t most);
  /// An item that was taken came back.
  void done(const verification::item& item);
  std::size_t held_bytes() const {
    return bytes_;
  }

private:
  struct session {
    std::deque<verification::item> items;
    std::size_t bytes = 0; ///< waiting or being verified
  };
  static std::size_t size_of(const verification::item& item) {
    return item.source.body.size() + sizeof item;
  }

  std::size_t total_bytes_;
  std::size_t session_bytes_;
  std::size_t bytes_ = 0;
  std::size_t waiting_ = 0;
  std::map<session_id, session> sessions_;
  std::deque<session_id> turns_; ///< sessions with items, peers apart
  /// By digest, the signatures that are inside: a wrong one must not keep the right one out.
  std::unordered_multimap<digest, signature> inside_;
};

} // namespace bourse::actors
