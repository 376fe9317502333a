#include "market/pages.hpp"

#include <algorithm>

namespace bourse::market {

namespace {

constexpr unsigned depth = 8; ///< bytes of a packed key

std::uint8_t key_byte(std::uint64_t packed, unsigned level) {
  return static_cast<std::uint8_t>(packed >> (8 * (depth - 1 - level)));
}

digest leaf_digest(std::uint64_t packed, byte_view content) {
  return hasher{}.add({"\0", 1}).add_u64(packed).add(content).finish();
}

} // namespace

bool page_tree::set(node& at, unsigned level, std::uint64_t packed, byte_view content) {
  if (level == depth) {
    at.value = leaf_digest(packed, content);
    at.dirty = false;
    return true;
  }
  at.dirty = true;
  auto byte = key_byte(packed, level);
  auto i = std::lower_bound(at.keys.begin(), at.keys.end(), byte);
  auto offset = i - at.keys.begin();
  bool known = i != at.keys.end() && *i == byte;
  if (!known) {
    if (content.empty())
      return !at.keys.empty();
    at.keys.insert(i, byte);
    at.children.emplace(at.children.begin() + offset);
  } else if (content.empty() && level + 1 == depth) {
    at.keys.erase(i);
    at.children.erase(at.children.begin() + offset);
    return !at.keys.empty();
  }
  if (!set(at.children[static_cast<std::size_t>(offset)], level + 1, packed, content)) {
    at.keys.erase(at.keys.begin() + offset);
    at.children.erase(at.children.begin() + offset);
  }
  return !at.keys.empty();
}

const digest& page_tree::rehash(node& at, unsigned level) {
  if (!at.dirty)
    return at.value;
  char head[] = {1, static_cast<char>(level)};
  hasher h;
  h.add({head, sizeof head});
  for (std::size_t i = 0; i < at.keys.size(); ++i) {
    h.add({reinterpret_cast<const char*>(&at.keys[i]), 1});
    h.add(rehash(at.children[i], level + 1));
  }
  at.value = h.finish();
  at.dirty = false;
  return at.value;
}

void page_tree::apply(const std::vector<page_update>& updates) {
  for (auto& u : updates)
    apply(u.key, u.content);
}

void page_tree::apply(const page_key& key, byte_view content) {
  set(root_, 0, key.packed(), content);
}

digest page_tree::root() {
  return root_.keys.empty() ? hash({}) : rehash(root_, 0);
}

digest state_digest(sequence_number sequence, const digest& chain, const digest& page_root) {
  return hasher{}.add_u64(sequence.value()).add(chain).add(page_root).finish();
}

} // namespace bourse::market
