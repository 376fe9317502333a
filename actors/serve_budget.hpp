// What serving others may cost: a peer that asks without end is not answered without end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "messages/types.hpp"

namespace bourse::actors {

/// Pure. So many bytes a second to each peer; a request that comes when they are spent is dropped,
/// since the peer asks again.
class serve_budget {
public:
  static constexpr std::size_t bytes_per_second = 32 * 1024 * 1024;

  explicit serve_budget(std::uint16_t replicas) : peers_(replicas) {}

  bool may(messages::replica_id to, std::uint64_t now_ms) {
    if (to.value() >= peers_.size())
      return false;
    auto& p = peers_[to.value()];
    if (now_ms - p.since_ms >= 1000)
      p = {now_ms, 0};
    if (p.spent < bytes_per_second)
      return true;
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
