// A stranger at either end of a link, who has no key: whatever it sends, in whatever pieces, opens
// nothing, and the pieces make no difference. The first byte says which end and how it is cut.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "messages/assert.hpp"
#include "messages/secure_channel.hpp"

namespace {

using namespace bourse::messages;

handshake_seed filled(std::uint8_t fill) {
  handshake_seed out;
  out.fill(fill);
  return out;
}

const key_pair& own_key() {
  static const auto key = key_pair::from_seed(filled(1));
  return key;
}

secure_channel open_end(bool listens) {
  channel_settings settings; // a cluster of all zeros, which a fuzzer finds
  if (listens)
    return secure_channel::listener(
        settings, own_key(), [](peer_role, const public_key&) { return expected<void>{}; },
        filled(2));
  return secure_channel::dialer(settings, own_key(), public_key{}, filled(2));
}

struct outcome {
  std::optional<error> problem;
  bytes output;

  bool operator==(const outcome&) const = default;
};

outcome feed(bool listens, byte_view input, std::size_t piece) {
  auto end = open_end(listens);
  std::vector<bytes> frames;
  outcome out;
  while (!out.problem && !input.empty()) {
    auto size = std::min(piece, input.size());
    if (auto ok = end.receive(input.substr(0, size), frames); !ok)
      out.problem = ok.error();
    input.remove_prefix(size);
  }
  BOURSE_ASSERT(frames.empty() && !end.established() && !end.send("x"));
  out.output = end.take_output();
  if (!listens) // its proof holds random bytes; that it was sent is what matters
    out.output.resize(std::min<std::size_t>(out.output.size(), 136));
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  init_crypto();
  byte_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
  bool listens = data[0] % 2 == 0;
  auto piece = std::size_t{1} + data[0] / 2;
  BOURSE_ASSERT(feed(listens, input, piece) == feed(listens, input, input.size()));
  return 0;
}
