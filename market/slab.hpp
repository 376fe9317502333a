// Objects at stable places, named by 32-bit slots.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "messages/huge_pages.hpp"

namespace bourse::market {

/// Grows a chunk at a time, so nothing moves and no growth is a pause; freed slots are used again,
/// the latest first, because it is the one that is still cached. Memory is bounded by the most
/// objects that ever lived at once.
template <class T>
class slab {
  static_assert(std::is_trivially_destructible_v<T>);

public:
  /// Chunks lie on huge pages, one each, but for the first: small things stay small.
  static constexpr std::uint32_t chunk_size = std::bit_floor(messages::huge_page_size / sizeof(T));

  T& operator[](std::uint32_t slot) {
    return chunks_[slot / chunk_size].get()[slot % chunk_size];
  }
  const T& operator[](std::uint32_t slot) const {
    return chunks_[slot / chunk_size].get()[slot % chunk_size];
  }

  template <class... Args>
  std::uint32_t make(Args&&... args) {
    auto slot = take_slot();
    new (&(*this)[slot]) T{std::forward<Args>(args)...};
    return slot;
  }

  /// The object stays readable until its slot is taken again.
  void free(std::uint32_t slot) {
    free_.push_back(slot);
  }

private:
  struct release_chunk {
    void operator()(T* p) const {
      ::operator delete (p, std::align_val_t{messages::huge_page_size});
    }
  };

  std::uint32_t take_slot() {
    if (!free_.empty()) {
      auto slot = free_.back();
      free_.pop_back();
      return slot;
    }
    if (used_ % chunk_size == 0)
      add_chunk();
    return used_++;
  }

  /// Raw memory: what no object needed yet is not even touched.
  void add_chunk() {
    constexpr auto bytes = sizeof(T) * chunk_size;
    auto memory = ::operator new (bytes, std::align_val_t{messages::huge_page_size});
    if (!chunks_.empty())
      messages::prefer_huge_pages(memory, bytes);
    chunks_.emplace_back(static_cast<T*>(memory));
  }

  std::vector<std::unique_ptr<T, release_chunk>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t used_ = 0;
};

} // namespace bourse::market
