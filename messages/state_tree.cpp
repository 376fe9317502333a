#include "messages/state_tree.hpp"

#include <algorithm>

namespace bourse::messages {

namespace {

std::uint8_t key_byte(std::uint64_t key, unsigned level) {
  return static_cast<std::uint8_t>(key >> (8 * (tree_path::depth - 1 - level)));
}

hasher begin_node(unsigned level) {
  char head[] = {1, static_cast<char>(level)};
  hasher h;
  h.add({head, sizeof head});
  return h;
}

void add_child(hasher& h, const std::uint8_t& byte, const digest& value) {
  h.add({reinterpret_cast<const char*>(&byte), 1});
  h.add(value);
}

} // namespace

digest leaf_digest(std::uint64_t key, byte_view content) {
  return hasher{}.add({"\0", 1}).add_u64(key).add(content).finish();
}

digest node_digest(unsigned level, const std::vector<tree_child>& children) {
  auto h = begin_node(level);
  for (const auto& c : children)
    add_child(h, c.byte, c.value);
  return h.finish();
}

digest state_digest(sequence_number sequence, const digest& chain, const digest& root) {
  return hasher{}.add_u64(sequence.value()).add(chain).add(root).finish();
}

bool state_tree::set(node& at, unsigned level, std::uint64_t key, byte_view content) {
  constexpr auto depth = tree_path::depth;
  if (level == depth) {
    at.value = leaf_digest(key, content);
    at.dirty = false;
    return true;
  }
  at.dirty = true;
  auto byte = key_byte(key, level);
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
  if (!set(at.children[static_cast<std::size_t>(offset)], level + 1, key, content)) {
    at.keys.erase(at.keys.begin() + offset);
    at.children.erase(at.children.begin() + offset);
  }
  return !at.keys.empty();
}

const digest& state_tree::rehash(node& at, unsigned level) {
  if (!at.dirty)
    return at.value;
  auto h = begin_node(level);
  for (std::size_t i = 0; i < at.keys.size(); ++i)
    add_child(h, at.keys[i], rehash(at.children[i], level + 1));
  at.value = h.finish();
  at.dirty = false;
  return at.value;
}

void state_tree::set(std::uint64_t key, byte_view content) {
  set(root_, 0, key, content);
}

digest state_tree::root() {
  return root_.keys.empty() ? hash({}) : rehash(root_, 0);
}

const state_tree::node* state_tree::at(tree_path path) const {
  const node* n = &root_;
  if (n->keys.empty())
    return nullptr;
  for (unsigned level = 0; level < path.level; ++level) {
    auto byte = key_byte(path.key, level);
    auto i = std::lower_bound(n->keys.begin(), n->keys.end(), byte);
    if (i == n->keys.end() || *i != byte)
      return nullptr;
    n = &n->children[static_cast<std::size_t>(i - n->keys.begin())];
  }
  return n;
}

std::optional<digest> state_tree::find(tree_path path) const {
  const auto* n = at(path);
  return n ? std::optional{n->value} : std::nullopt;
}

std::vector<tree_child> state_tree::children(tree_path path) const {
  const auto* n = at(path);
  std::vector<tree_child> out;
  for (std::size_t i = 0; n && i < n->keys.size(); ++i)
    out.push_back({n->keys[i], n->children[i].value});
  return out;
}

} // namespace bourse::messages
