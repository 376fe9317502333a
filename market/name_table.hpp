// One account's open orders by their names: a flat hash table.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "market/line_arena.hpp"
#include "market/prefetch.hpp"

namespace bourse::market {

/// Names an order of a book while it is open.
using order_slot = std::uint32_t;
inline constexpr order_slot no_order = UINT32_MAX;

/// What a table knows of a name: a keyed hash of all but its two lowest bits, and those. Never 0.
using name_tag = std::uint32_t;

/// A cache line is a bucket of seven entries and a count of those that belonged into it or before
/// it and went past it because it was full. A look-up follows such only while there are any, so
/// there are no tombstones and no slow decay. The upper bits of a tag choose the bucket, and names
/// that follow each other share one: clients count, so an add finds its line in the cache, and only
/// the orders of long ago cost a miss. Growing, shrinking and removal never look at an order. Its
/// buckets belong to the arena, which must be the same one every time.
class name_table {
public:
  /// The slot with that tag for which `is_it` holds, or no_order.
  template <class Predicate>
  order_slot find(name_tag tag, Predicate is_it) const {
    if (size_ == 0)
      return no_order;
    for (auto b = home(tag);; b = after(b)) {
      const auto& bucket = buckets_[b];
      for (auto hits = bucket.where(tag); hits != 0; hits &= hits - 1)
        if (auto slot = bucket.slots[first(hits)]; is_it(slot))
          return slot;
      if (bucket.gone_past() == 0)
        return no_order;
    }
  }

  /// Precondition: `slot` is not in it.
  void insert(line_arena& arena, name_tag tag, order_slot slot) {
    if (++size_ > buckets_.size() * most_per_bucket)
      rebuild(arena, buckets_.empty() ? 1 : buckets_.size() * 2);
    put(tag, slot);
  }

  /// Precondition: `slot` was inserted with that tag.
  void erase(line_arena& arena, name_tag tag, order_slot slot) {
    for (auto b = home(tag);; b = after(b)) {
      auto& bucket = buckets_[b];
      for (auto hits = bucket.where(tag); hits != 0; hits &= hits - 1) {
        if (auto i = first(hits); bucket.slots[i] == slot) {
          bucket.tags[i] = none;
          if (--size_ * 2 < buckets_.size() && buckets_.size() > fewest_buckets)
            rebuild(arena, buckets_.size() / 2);
          return;
        }
      }
      --bucket.gone_past();
    }
  }

  /// In no order that means anything.
  template <class F>
  void for_each(F f) const {
    for (const auto& bucket : buckets_)
      for (std::size_t i = 0; i < bucket_size; ++i)
        if (bucket.tags[i] != none)
          f(bucket.slots[i]);
  }

  void prefetch(name_tag tag) const {
    if (size_ > 0)
      prefetch_line(&buckets_[home(tag)]);
  }

  std::size_t size() const {
    return size_;
  }
  std::size_t bytes() const {
    return buckets_.size() * sizeof(bucket);
  }

private:
  static constexpr std::size_t bucket_size = 7;
  static constexpr std::size_t most_per_bucket = 3; // on average
  /// Not fewer again: who has an order now and then would grow and shrink all the time.
  static constexpr std::size_t fewest_buckets = 4;
  static constexpr name_tag none = 0;

  struct alignas(64) bucket {
    std::array<std::uint32_t, bucket_size + 1> tags{}; ///< the last is gone_past
    std::array<order_slot, bucket_size + 1> slots;     ///< the last is not used

    std::uint32_t& gone_past() {
      return tags[bucket_size];
    }
    std::uint32_t gone_past() const {
      return tags[bucket_size];
    }
    /// Bit i: entry i has that tag.
    unsigned where(name_tag tag) const {
      constexpr auto entries = (1U << bucket_size) - 1;
#ifdef __SSE2__
      auto wanted = _mm_set1_epi32(static_cast<int>(tag));
      auto half = [&](std::size_t from) {
        auto some = _mm_load_si128(reinterpret_cast<const __m128i*>(tags.data() + from));
        auto same = _mm_cmpeq_epi32(some, wanted);
        return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(same)));
      };
      return (half(0) | half(4) << 4) & entries;
#else
      unsigned result = 0;
      for (std::size_t i = 0; i < bucket_size; ++i)
        result |= static_cast<unsigned>(tags[i] == tag) << i;
      return result & entries;
#endif
    }
  };
  static_assert(sizeof(bucket) == line_arena::line_size);

  static std::size_t first(unsigned hits) {
    return static_cast<std::size_t>(std::countr_zero(hits));
  }
  std::size_t home(name_tag tag) const {
    return static_cast<std::size_t>(std::uint64_t{tag} >> shift_);
  }
  std::size_t after(std::size_t b) const {
    return (b + 1) & (buckets_.size() - 1);
  }

  void put(name_tag tag, order_slot slot) {
    auto b = home(tag);
    auto free = buckets_[b].where(none);
    for (; free == 0; free = buckets_[b].where(none)) {
      ++buckets_[b].gone_past();
      b = after(b);
    }
    buckets_[b].tags[first(free)] = tag;
    buckets_[b].slots[first(free)] = slot;
  }

  /// Homes keep their order, so old and new are both walked from front to back.
  void rebuild(line_arena& arena, std::size_t buckets) {
    auto log = static_cast<unsigned>(std::countr_zero(buckets));
    auto memory = static_cast<bucket*>(arena.take(log));
    std::uninitialized_default_construct_n(memory, buckets);
    auto old = std::exchange(buckets_, {memory, buckets});
    shift_ = 32 - log;
    for (const auto& from : old)
      for (std::size_t i = 0; i < bucket_size; ++i)
        if (from.tags[i] != none)
          put(from.tags[i], from.slots[i]);
    if (!old.empty())
      arena.give(old.data(), static_cast<unsigned>(std::countr_zero(old.size())));
  }

  std::span<bucket> buckets_;
  std::uint32_t size_ = 0;
  unsigned shift_ = 32;
};

} // namespace bourse::market
