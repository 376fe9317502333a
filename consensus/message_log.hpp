// The slots between the watermarks (Castro and Liskov, OSDI 1999, sections 4.2 and 4.3).
#pragma once

#include <cstdint>
#include <map>

#include "consensus/slot.hpp"

namespace bourse::consensus {

/// Bounded: never more than `window` slots, those of (low, low + window].
class message_log {
public:
  message_log(cluster_size size, std::uint32_t window, sequence_number low);

  /// The last stable checkpoint.
  sequence_number low() const {
    return low_;
  }
  sequence_number high() const;
  /// True for any number of the window; total, whatever the number.
  bool inside(sequence_number n) const {
    return n > low_ && n.value() - low_.value() <= window_;
  }

  slot* find(sequence_number n);
  const slot* find(sequence_number n) const;
  /// Made if need be. Precondition: inside(n).
  slot& at(sequence_number n);

  /// Moves the low watermark up and forgets the slots at or below it.
  void truncate(sequence_number low);

  /// In ascending order.
  template <class F>
  void for_each(F&& f) {
    for (auto& [n, s] : slots_)
      f(s);
  }
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [n, s] : slots_)
      f(s);
  }
  /// With the number that each is kept under.
  template <class F>
  void for_each_kept(F&& f) const {
    for (const auto& [n, s] : slots_)
      f(n, s);
  }
  std::size_t size() const {
    return slots_.size();
  }

private:
  cluster_size size_;
  std::uint32_t window_;
  sequence_number low_;
  std::map<sequence_number, slot> slots_;
};

} // namespace bourse::consensus
