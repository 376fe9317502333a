// A binary Merkle tree over a list of leaves, in the manner of RFC 6962: leaf = hash(0x00 || data),
// node = hash(0x01 || left || right), an odd node rises unchanged. The prefixes keep a node from
// being passed off as a leaf. The root of no leaves is hash("").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/crypto.hpp"

namespace bourse::messages {

digest merkle_leaf(byte_view data);
/// The root over leaf digests.
digest merkle_root(std::span<const digest> leaves);
/// Siblings from leaf `index` up to the root; `index` < leaves.size().
std::vector<digest> merkle_path(std::span<const digest> leaves, std::uint32_t index);
/// True if the path leads from `data`, as leaf `index` of `count`, to `root`. It proves that `data`
/// is a leaf under `root`; index and count are only its way there, since the root covers neither.
bool merkle_verify(const digest& root, byte_view data, std::uint32_t index, std::uint32_t count,
                   std::span<const digest> path);

} // namespace bourse::messages
