// What serving others may cost: a peer that asks without end is not answered without end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "messages/types.hpp"

namespace bourse::actors {

/// Pure. So many bytes a second to each peer, read or sent; a request that comes when they are
/// spent is dropped, since the peer asks again. Asking costs something too, also for what is not
/// here.
class serve_budget {
public:
  static constexpr std::size_t bytes_per_second = 32 * 1024 * 1024;
  static constexpr std::size_t bytes_per_question = 16 * 1024;
  static constexpr std::size_t waiting_per_peer = 64; ///< questions that are not answered yet
  static constexpr std::size_t bytes_per_digest = 64; ///< that is looked for

  explicit serve_budget(std::uint16_t replicas) : peers_(replicas) {}

  bool may(messages::replica_id to, std::uint64_t now_ms, std::size_t digests = 0) {
    if (to.value() >= peers_.size())
      return false;
    auto& p = peers_[to.value()];
    if (now_ms - p.since_ms >= 1000)
      p = {now_ms, 0};
    if (p.spent < bytes_per_second) {
      p.spent += bytes_per_question + digests * bytes_per_digest;
      return true;
    }
    ++refused_;
    return false;
  }

  void spent(messages::replica_id to, std::size_t bytes) {
    peers_[to.value()].spent += bytes;
  }

  std::uint64_t refused() const {
    return refused_;
  }

private:
  struct peer {
    std::uint64_t since_ms = 0;
    std::size_t spent = 0;
  };
  std::vector<peer> peers_;
  std::uint64_t refused_ = 0;
};

} // namespace bourse::actors
