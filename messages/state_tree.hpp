// A Merkle tree over the pages of the replicated state: a radix tree of fan-out 256 over the 8
// bytes of a page's key, most significant first. A leaf is hash(0x00 || key, little endian ||
// content); an inner node hash(0x01 || level, one byte, 0 for the root || for each child in order:
// key byte || child's digest); empty children do not appear; the root of nothing is hash("").
// Whoever knows a node's digest can check what another says its children are, and so, from the root
// down, fetch a state from replicas that it does not trust (Castro and Liskov, TOCS 20(4) 2002,
// section 5.3).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/crypto.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

/// A place in the tree: the first `level` bytes that all keys below it share.
struct tree_path {
  static constexpr unsigned depth = 8; ///< bytes of a key: the level of leaves

  std::uint64_t key = 0; ///< the rest is zero
  std::uint8_t level = 0;

  friend auto operator<=>(const tree_path&, const tree_path&) = default;

  /// Precondition: level < depth.
  tree_path child(std::uint8_t byte) const {
    return {key | std::uint64_t{byte} << (8 * (depth - 1 - level)),
            static_cast<std::uint8_t>(level + 1)};
  }
  bool leaf() const {
    return level == depth;
  }
  /// The greatest key below it; the least is `key`.
  std::uint64_t last() const {
    return leaf() ? key : key | (~std::uint64_t{0} >> (8 * level));
  }
  bool valid() const {
    return level <= depth && (leaf() || (key & (~std::uint64_t{0} >> (8 * level))) == 0);
  }
};

struct tree_child {
  std::uint8_t byte = 0;
  digest value;

  friend bool operator==(const tree_child&, const tree_child&) = default;
};

digest leaf_digest(std::uint64_t key, byte_view content);
digest node_digest(unsigned level, const std::vector<tree_child>& children);
/// What a checkpoint signs: hash(sequence || chain || root of the tree).
digest state_digest(sequence_number sequence, const digest& chain, const digest& root);

class state_tree {
public:
  /// Empty content removes the page.
  void set(std::uint64_t key, byte_view content);
  /// Only the paths above what was set are hashed again.
  digest root();
  /// Nothing if nothing is there. Precondition: root() after the last set().
  std::optional<digest> find(tree_path at) const;
  /// Empty if nothing is there. Precondition: as above.
  std::vector<tree_child> children(tree_path at) const;

private:
  struct node {
    std::vector<std::uint8_t> keys; ///< ascending; none in a leaf
    std::vector<node> children;     ///< by key
    digest value;
    bool dirty = true;
  };

  /// Returns false if nothing is left below `at`.
  static bool set(node& at, unsigned level, std::uint64_t key, byte_view content);
  static const digest& rehash(node& at, unsigned level);
  const node* at(tree_path path) const;

  node root_;
};

} // namespace bourse::messages
