#include "messages/merkle.hpp"

#include <array>

#include "messages/assert.hpp"

namespace bourse::messages {

namespace {

constexpr char leaf_prefix = 0x00;
constexpr char node_prefix = 0x01;

/// hash(prefix || data) in one pass over a buffer on the stack: a streaming hash costs twice as
/// much for the small leaves that reports are.
constexpr std::size_t small_leaf = 511;

digest node(const digest& left, const digest& right) {
  std::array<char, 1 + 2 * digest::size> buffer;
  buffer[0] = node_prefix;
  std::memcpy(buffer.data() + 1, left.data.data(), digest::size);
  std::memcpy(buffer.data() + 1 + digest::size, right.data.data(), digest::size);
  return hash({buffer.data(), buffer.size()});
}

/// Replaces the first `count` digests by their parents; returns how many these are.
std::size_t rise(std::vector<digest>& level, std::size_t count) {
  for (std::size_t i = 0; i + 1 < count; i += 2)
    level[i / 2] = node(level[i], level[i + 1]);
  if (count % 2 != 0)
    level[count / 2] = level[count - 1];
  return (count + 1) / 2;
}

} // namespace

digest merkle_leaf(byte_view data) {
  if (data.size() <= small_leaf) {
    std::array<char, 1 + small_leaf> buffer;
    buffer[0] = leaf_prefix;
    if (!data.empty())
      std::memcpy(buffer.data() + 1, data.data(), data.size());
    return hash({buffer.data(), 1 + data.size()});
  }
  return hasher{}.add({&leaf_prefix, 1}).add(data).finish();
}

digest merkle_root(std::span<const digest> leaves) {
  if (leaves.empty())
    return hash({});
  std::vector<digest> level{leaves.begin(), leaves.end()};
  for (auto count = level.size(); count > 1;)
    count = rise(level, count);
  return level.front();
}

std::vector<digest> merkle_path(std::span<const digest> leaves, std::uint32_t index) {
  BOURSE_ASSERT(index < leaves.size());
  std::vector<digest> path;
  std::vector<digest> level{leaves.begin(), leaves.end()};
  std::size_t at = index;
  for (auto count = level.size(); count > 1; at /= 2) {
    auto sibling = at ^ 1;
    if (sibling < count) // else the odd one, which rises unchanged
      path.push_back(level[sibling]);
    count = rise(level, count);
  }
  return path;
}

bool merkle_verify(const digest& root, byte_view data, std::uint32_t index, std::uint32_t count,
                   std::span<const digest> path) {
  if (index >= count)
    return false;
  auto current = merkle_leaf(data);
  auto next = path.begin();
  std::uint64_t at = index;
  for (std::uint64_t width = count; width > 1; width = (width + 1) / 2, at /= 2) {
    if ((at ^ 1) >= width)
      continue;
    if (next == path.end())
      return false;
    current = at % 2 == 0 ? node(current, *next) : node(*next, current);
    ++next;
  }
  return next == path.end() && current == root;
}

} // namespace bourse::messages
