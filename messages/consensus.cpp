#include "messages/consensus.hpp"

namespace bourse::messages {

namespace {

void append_u64(bytes& out, std::uint64_t x) {
  for (int i = 0; i < 8; ++i, x >>= 8)
    out.push_back(static_cast<char>(x & 0xff));
}

/// Equal contents; no block at all equals only itself.
bool same(const shared_bytes& a, const shared_bytes& b) {
  return a == b || (a && b && *a == *b);
}

} // namespace

bool operator==(const pre_prepare& a, const pre_prepare& b) {
  return a.what == b.what && a.signature == b.signature && same(a.block, b.block);
}

bool operator==(const committed_block& a, const committed_block& b) {
  return a.certificate == b.certificate && same(a.block, b.block);
}

bytes signed_bytes(const statement& s) {
  bytes out;
  out.reserve(16 + digest::size);
  append_u64(out, s.view.value());
  append_u64(out, s.sequence.value());
  out.append(s.digest.view());
  return out;
}

bytes signed_bytes(const checkpoint_statement& s) {
  bytes out;
  out.reserve(8 + digest::size);
  append_u64(out, s.sequence.value());
  out.append(s.state.view());
  return out;
}

bytes signed_bytes(const results_statement& s) {
  bytes out;
  out.reserve(8 + 2 * digest::size);
  append_u64(out, s.sequence.value());
  out.append(s.block.view());
  out.append(s.results.view());
  return out;
}

} // namespace bourse::messages
