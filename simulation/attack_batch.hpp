// The rule that fair order takes the place of: the primary says what its block has, and in which
// order. It stands here to be compared with, and nowhere else.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "simulation/attack.hpp"
#include "simulation/attack_orders.hpp"

namespace bourse::simulation {

class attack_batch_maker {
public:
  /// All outlive it. `patience_us`: an order that waits longer costs the primary its office.
  attack_batch_maker(const attack& a, cluster_size size, const attack_orders& orders,
                     const block_limits& limits, std::uint64_t patience_us)
      : attack_(a), orders_(orders), limits_(limits), patience_us_(patience_us), pools_(size.n) {}

  /// An order reaches a replica.
  void saw(replica_id who, std::size_t index) {
    pools_[who.value()].push_back(index);
  }
  /// What the next block executes, in order. `honest`: by arrival, whatever the attack.
  std::vector<std::size_t> make(replica_id primary, bool honest, std::uint64_t now_us);
  void executed(std::size_t index);

private:
  using pool = std::vector<std::size_t>; ///< as they came

  bool here(const pool& p, std::size_t victim, attack_part part) const;
  bool holds_back(const pool& p, std::size_t index, std::uint64_t now_us) const;
  pool wished(const pool& p, std::uint64_t now_us) const;

  const attack& attack_;
  const attack_orders& orders_;
  const block_limits& limits_;
  std::uint64_t patience_us_;
  std::vector<pool> pools_; ///< by replica
  std::map<std::pair<client_id, stream_id>, submission_number> next_;
};

} // namespace bourse::simulation
