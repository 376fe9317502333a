// Arrays of cache lines, side by side on huge pages.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "messages/huge_pages.hpp"

namespace bourse::market {

/// Gives arrays of 2^n lines and takes them back for the next who asks. They come from one chunk
/// after another, halved as often as needed; halves are not joined again, so it holds at most what
/// was in use of each size at that size's peak. Arrays live as long as it does.
class line_arena {
public:
  static constexpr std::size_t line_size = 64;

  /// Raw memory.
  void* take(unsigned n) {
    auto& free = free_[n];
    if (!free.empty()) {
      auto array = free.back();
      free.pop_back();
      return array;
    }
    if (line_size << n >= messages::huge_page_size)
      return add_chunk(line_size << n);
    auto twice = static_cast<std::byte*>(take(n + 1));
    free.push_back(twice + (line_size << n));
    return twice;
  }

  void give(void* array, unsigned n) {
    free_[n].push_back(array);
  }

private:
  struct release_chunk {
    void operator()(void* p) const {
      ::operator delete (p, std::align_val_t{messages::huge_page_size});
    }
  };

  /// The first one is left on small pages, so that what is small stays small.
  void* add_chunk(std::size_t bytes) {
    auto memory = ::operator new (bytes, std::align_val_t{messages::huge_page_size});
    if (!chunks_.empty())
      messages::prefer_huge_pages(memory, bytes);
    chunks_.emplace_back(memory);
    return memory;
  }

  std::array<std::vector<void*>, 32> free_; ///< by n
  std::vector<std::unique_ptr<void, release_chunk>> chunks_;
};

} // namespace bourse::market
