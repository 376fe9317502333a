// The price levels of one side of a book, in order.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace bourse::market {

using level_slot = std::uint32_t;
inline constexpr level_slot no_level = UINT32_MAX;

/// A sorted list of chunks, each a small sorted array, with the best level at the very back: what
/// is near the touch is found, added and removed by moving a few bytes, and what is far away costs
/// two binary searches. Keys are prices that grow towards the better ones.
class level_index {
public:
  level_index();

  bool empty() const {
    return chunks_.back()->size == 0;
  }

  /// Precondition: not empty.
  level_slot best() const {
    const auto& last = *chunks_.back();
    return last.levels[last.size - 1];
  }

  /// no_level if there is none.
  level_slot find(std::int64_t key) const;

  /// Precondition: `key` is not in it.
  void insert(std::int64_t key, level_slot level);

  /// Precondition: `key` is in it.
  void erase(std::int64_t key);

  /// Calls `f` for every level, best first, until it returns false.
  template <class F>
  void for_each(F f) const {
    for (auto c = chunks_.size(); c-- > 0;) {
      const auto& chunk = *chunks_[c];
      for (auto i = chunk.size; i-- > 0;)
        if (!f(chunk.levels[i]))
          return;
    }
  }

private:
  static constexpr std::uint32_t chunk_size = 128;

  struct chunk {
    std::uint32_t size = 0;
    std::array<std::int64_t, chunk_size> keys;
    std::array<level_slot, chunk_size> levels;

    std::uint32_t position(std::int64_t key) const {
      // Most keys are near the back.
      auto n = size;
      while (n > 0 && size - n < 8 && keys[n - 1] >= key)
        --n;
      if (size - n < 8)
        return n;
      return static_cast<std::uint32_t>(std::lower_bound(keys.begin(), keys.begin() + n, key)
                                        - keys.begin());
    }
    void insert(std::uint32_t at, std::int64_t key, level_slot level);
    void erase(std::uint32_t at);
    /// Moves what is from `at` on to the back of `to`.
    void move_tail(std::uint32_t at, chunk& to);
  };

  std::size_t chunk_of(std::int64_t key) const;
  void split(std::size_t c);
  void merge_with_next(std::size_t c);

  std::vector<std::unique_ptr<chunk>> chunks_; // never none
  std::vector<std::int64_t> lows_; // by chunk: no key in it is lower; the first one's is INT64_MIN
};

} // namespace bourse::market
