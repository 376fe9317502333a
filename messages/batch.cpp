#include "messages/batch.hpp"

#include "messages/assert.hpp"

namespace bourse::messages {

namespace {

/// The length in the header at the front of a batch.
std::uint32_t content_size(byte_view batch) {
  std::uint32_t size = 0;
  for (int i = 0; i < 4; ++i)
    size = size << 8 | static_cast<unsigned char>(batch[static_cast<std::size_t>(i)]);
  return size;
}

} // namespace

void append_message(bytes& batch, channel c, byte_view message) {
  BOURSE_ASSERT(message.size() <= UINT32_MAX);
  for (int shift = 24; shift >= 0; shift -= 8)
    batch.push_back(static_cast<char>(message.size() >> shift & 0xff));
  batch.push_back(static_cast<char>(c));
  batch.append(message);
}

expected<void> check_batch(byte_view batch) {
  while (!batch.empty()) {
    if (batch.size() < batch_header_bytes)
      return fail(errc::malformed, "batch: header");
    auto c = static_cast<channel>(batch[4]);
    if (c < channel::consensus || c > channel::stamps)
      return fail(errc::malformed, "batch: channel");
    auto size = content_size(batch);
    if (size > batch.size() - batch_header_bytes)
      return fail(errc::malformed, "batch: length");
    batch.remove_prefix(batch_header_bytes + size);
  }
  return {};
}

batch_message take_message(byte_view& batch) {
  batch_message out{static_cast<channel>(batch[4]),
                    batch.substr(batch_header_bytes, content_size(batch))};
  batch.remove_prefix(batch_header_bytes + out.content.size());
  return out;
}

} // namespace bourse::messages
