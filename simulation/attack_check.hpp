// Whether what executed kept what fair order promises, by the stamps of honest replicas alone.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "messages/block.hpp"
#include "simulation/attack_orders.hpp"

namespace bourse::simulation {

struct attack_pairs {
  /// The latest honest stamp of one is below the earliest of the other, its lane is no worse, and
  /// nothing of a worse lane stands before it in its stream.
  std::uint64_t separated = 0;
  std::uint64_t flipped = 0; ///< of these: executed the other way round
  /// Of one lane, not both of colluding clients, and neither reached all honest replicas, with all
  /// before it in its stream, before the other reached any: flips are those against the order of
  /// the median times.
  std::uint64_t overlapping = 0;
  std::uint64_t overlapping_flipped = 0;
};

/// Over all orders of a run. `honest` replicas stamp.
attack_pairs count_pairs(const attack_orders& orders, std::size_t honest);

/// What all honest replicas have stamped by the time of a block, with all that stands before it in
/// its stream, must be eligible and in the block, unless that is full.
class censor_watch {
public:
  /// `excuses_ignorance`: unless it is not eligible, where that is no promise.
  censor_watch(const attack_orders& orders, std::size_t honest, const block_limits& limits,
               bool excuses_ignorance)
      : orders_(orders), honest_(honest), limits_(limits), excuses_ignorance_(excuses_ignorance) {}

  /// A block with this time was executed and had so many requests.
  void executed(stamp_time time, std::uint64_t requests);
  /// Orders that were passed over, each once; those that never executed among them.
  std::uint64_t censored() const;

private:
  bool stamped(const attack_order& o, stamp_time by) const;

  const attack_orders& orders_;
  std::size_t honest_;
  const block_limits& limits_;
  bool excuses_ignorance_;
  std::set<std::size_t> passed_over_;
};

} // namespace bourse::simulation
