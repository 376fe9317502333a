#include "market/level_index.hpp"

#include "messages/assert.hpp"

namespace bourse::market {

void level_index::chunk::insert(std::uint32_t at, std::int64_t key, level_slot level) {
  std::copy_backward(keys.begin() + at, keys.begin() + size, keys.begin() + size + 1);
  std::copy_backward(levels.begin() + at, levels.begin() + size, levels.begin() + size + 1);
  keys[at] = key;
  levels[at] = level;
  ++size;
}

void level_index::chunk::erase(std::uint32_t at) {
  std::copy(keys.begin() + at + 1, keys.begin() + size, keys.begin() + at);
  std::copy(levels.begin() + at + 1, levels.begin() + size, levels.begin() + at);
  --size;
}

void level_index::chunk::move_tail(std::uint32_t at, chunk& to) {
  std::copy(keys.begin() + at, keys.begin() + size, to.keys.begin() + to.size);
  std::copy(levels.begin() + at, levels.begin() + size, to.levels.begin() + to.size);
  to.size += size - at;
  size = at;
}

level_index::level_index() {
  chunks_.push_back(std::make_unique<chunk>());
  lows_.push_back(INT64_MIN);
}

std::size_t level_index::chunk_of(std::int64_t key) const {
  if (key >= lows_.back())
    return lows_.size() - 1;
  return static_cast<std::size_t>(std::upper_bound(lows_.begin(), lows_.end(), key) - lows_.begin())
         - 1;
}

level_slot level_index::find(std::int64_t key) const {
  const auto& chunk = *chunks_[chunk_of(key)];
  auto at = chunk.position(key);
  return at < chunk.size && chunk.keys[at] == key ? chunk.levels[at] : no_level;
}

void level_index::insert(std::int64_t key, level_slot level) {
  auto c = chunk_of(key);
  if (chunks_[c]->size == chunk_size) {
    split(c);
    c = chunk_of(key);
  }
  auto& chunk = *chunks_[c];
  chunk.insert(chunk.position(key), key, level);
}

void level_index::erase(std::int64_t key) {
  auto c = chunk_of(key);
  auto& chunk = *chunks_[c];
  auto at = chunk.position(key);
  BOURSE_ASSERT(at < chunk.size && chunk.keys[at] == key);
  chunk.erase(at);
  // Neighbours share a chunk once they fit into half of one, so chunks stay a quarter full on
  // average and no two operations split and merge in turn. Only a sole chunk may be empty.
  if (chunk.size > chunk_size / 4)
    return;
  auto limit = chunk.size == 0 ? chunk_size : chunk_size / 2;
  if (c + 1 < chunks_.size() && chunk.size + chunks_[c + 1]->size <= limit)
    merge_with_next(c);
  else if (c > 0 && chunk.size + chunks_[c - 1]->size <= limit)
    merge_with_next(c - 1);
}

void level_index::split(std::size_t c) {
  auto upper = std::make_unique<chunk>();
  chunks_[c]->move_tail(chunk_size / 2, *upper);
  auto at = static_cast<std::ptrdiff_t>(c + 1);
  lows_.insert(lows_.begin() + at, upper->keys[0]);
  chunks_.insert(chunks_.begin() + at, std::move(upper));
}

void level_index::merge_with_next(std::size_t c) {
  chunks_[c + 1]->move_tail(0, *chunks_[c]);
  auto at = static_cast<std::ptrdiff_t>(c + 1);
  lows_.erase(lows_.begin() + at);
  chunks_.erase(chunks_.begin() + at);
}

} // namespace bourse::market
