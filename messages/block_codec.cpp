#include <algorithm>

#include "messages/block.hpp"
#include "messages/codec.hpp"
#include "messages/consensus.pb.h"

namespace bourse::messages {

bytes encode(const block& b) {
  wire::Block out;
  out.mutable_cluster()->assign(b.cluster.view());
  out.set_sequence(b.sequence.value());
  for (const auto& h : b.heads)
    codec::write(h, *out.add_heads());
  return codec::serialize(out);
}

expected<block> decode_block(byte_view encoded) {
  auto heads = codec::count_field(encoded, {wire::Block::kHeadsFieldNumber});
  if (heads.count > codec::max_signatures)
    return fail(errc::too_large, "block: number of heads");
  wire::Block parsed;
  if (auto ok = codec::parse(parsed, encoded, max_block_bytes, "block"); !ok)
    return tl::unexpected{ok.error()};
  block out;
  if (!out.cluster.assign(parsed.cluster()))
    return fail(errc::malformed, "block: size of a digest");
  out.sequence = sequence_number{parsed.sequence()};
  out.heads.resize(static_cast<std::size_t>(parsed.heads_size()));
  for (std::size_t i = 0; i < out.heads.size(); ++i)
    if (!codec::read(out.heads[i], parsed.heads(static_cast<int>(i))))
      return fail(errc::malformed, "block: field out of range");
  if (std::adjacent_find(out.heads.begin(), out.heads.end(),
                         [](const auto& a, const auto& b) { return a.replica >= b.replica; })
      != out.heads.end())
    return fail(errc::malformed, "block: heads out of order");
  // One block, one encoding: see the same check of submissions.
  if (encode(out) != encoded)
    return fail(errc::malformed, "block: not canonical");
  return out;
}

} // namespace bourse::messages
