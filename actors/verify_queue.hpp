// What waits for its signature check: in bounds, and so that no client waits for another's flood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/payloads.hpp"

namespace bourse::actors {

/// Pure. One queue a session; what peers sent for proposals goes first, then sessions in turn, one
/// submission each.
///
/// Every stream of every client has room of its own, as much as its credit. So whoever keeps to its
/// credit is never refused for what others send, and all together are bounded as the pool is in
/// which they end: by the genesis file's clients and credit.
class verify_queue {
public:
  struct share {
    std::size_t bytes; ///< of bodies
    std::size_t count;
  };
  explicit verify_queue(const share& of_stream) : share_(of_stream) {}

  /// A session may be wrong so often at a time about the signature of one submission, so that few
  /// are looked through for each that comes.
  static constexpr std::ptrdiff_t signatures_of_session = 4;

  /// False if the stream's share is used up, or if the session sent too many signatures for this
  /// body, or if this peer sent this body before and that one is still here: each peer may be wrong
  /// once at a time about each of the bodies that are wanted.
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
  /// ... of what that peer sent.
  std::size_t held_from(replica_id peer) const {
    auto used = used_by_peer_.find(peer);
    return used == used_by_peer_.end() ? 0 : used->second;
  }

private:
  struct entry {
    messages::signature signature;
    session_id session;
    replica_id peer;

    friend bool operator==(const entry&, const entry&) = default;
  };
  using stream_key = std::pair<client_id, stream_id>;

  bool reserve(const verification::item& item);

  share share_;
  std::size_t bytes_ = 0;
  std::size_t waiting_ = 0;
  std::deque<verification::item> from_peers_;
  std::map<session_id, std::deque<verification::item>> sessions_; ///< none is empty
  std::deque<session_id> turns_;                                  ///< each of them once
  std::map<stream_key, share> used_; ///< waiting or being verified, peers' apart
  std::map<replica_id, std::size_t> used_by_peer_;
  /// By digest, what is inside: a wrong signature must not keep the right one out.
  std::unordered_multimap<digest, entry> inside_;
};

} // namespace bourse::actors
