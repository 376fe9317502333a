#include "messages/block.hpp"
#include "messages/codec.hpp"
#include "messages/consensus.pb.h"

namespace bourse::messages {

namespace {

/// Above what a block's fields take beside its digests.
constexpr std::size_t max_header_bytes = 128;

} // namespace

std::size_t max_encoded_bytes(const block_limits& limits) {
  // Every submission has a request at least, so there are no more digests than requests.
  return max_header_bytes + std::size_t{limits.max_requests} * digest::size;
}

bytes encode(const block& b) {
  wire::Block out;
  out.mutable_cluster()->assign(b.cluster.view());
  out.set_sequence(b.sequence.value());
  out.set_time(b.time.value());
  *out.mutable_submissions() = codec::join(b.submissions);
  return codec::serialize(out);
}

expected<block> decode_block(byte_view encoded, const block_limits& limits) {
  wire::Block parsed;
  if (auto ok = codec::parse(parsed, encoded, max_encoded_bytes(limits), "block"); !ok)
    return tl::unexpected{ok.error()};
  const auto& digests = parsed.submissions();
  if (digests.size() / digest::size > limits.max_requests)
    return fail(errc::too_large, "block: number of submissions");
  block out;
  if (digests.size() % digest::size != 0 || !out.cluster.assign(parsed.cluster()))
    return fail(errc::malformed, "block: size of a digest");
  out.sequence = sequence_number{parsed.sequence()};
  out.time = block_time{parsed.time()};
  codec::split(out.submissions, digests);
  // One block, one encoding: see the same check of submissions.
  if (encode(out) != encoded)
    return fail(errc::malformed, "block: not canonical");
  return out;
}

} // namespace bourse::messages
