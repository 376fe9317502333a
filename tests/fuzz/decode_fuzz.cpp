// Everything that decodes bytes from a stranger. The first byte of the input says as what; whatever
// is accepted must come out of its own encoding as it was.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "messages/assert.hpp"
#include "messages/batch.hpp"
#include "messages/block.hpp"
#include "messages/client.hpp"
#include "messages/consensus.hpp"
#include "messages/handshake.hpp"
#include "messages/report.hpp"
#include "messages/request.hpp"
#include "messages/stamps.hpp"

namespace {

using namespace bourse::messages;

template <class Decode>
void try_decode(byte_view input, Decode decode) {
  auto value = decode(input);
  if (!value)
    return;
  auto again = decode(encode(*value));
  BOURSE_ASSERT(again && *again == *value);
}

/// For what is signed or hashed: accepted only in its one encoding.
template <class Decode>
void try_canonical(byte_view input, Decode decode) {
  auto value = decode(input);
  BOURSE_ASSERT(!value || encode(*value) == input);
}

void try_submission(byte_view input) {
  auto decode = [](byte_view x) {
    return decode_submission(x, {});
  };
  try_canonical(input, decode);
  auto header = decode_submission_header(input);
  if (auto value = decode(input))
    BOURSE_ASSERT(header && header->client == value->client && header->stream == value->stream
                  && header->number == value->number);
}

void try_reports(byte_view input) {
  constexpr std::size_t max_count = 1000;
  auto value = decode_reports(input, max_count);
  if (!value)
    return;
  bytes again;
  for (auto& r : *value)
    append_report(again, r);
  BOURSE_ASSERT(decode_reports(again, max_count) == *value);
}

void try_batch(byte_view input) {
  bytes again;
  auto good = for_each_message(input, [&](channel c, byte_view m) { append_message(again, c, m); });
  BOURSE_ASSERT(good.has_value() == check_batch(input).has_value());
  if (good)
    BOURSE_ASSERT(again == input);
}

void try_handshake(byte_view input) {
  using namespace handshake;
  for (auto type : {frame_type::dialer_hello, frame_type::listener_hello})
    if (auto h = decode_hello(type, input))
      BOURSE_ASSERT(encode(type, *h) == input);
  for (auto type : {frame_type::dialer_proof, frame_type::listener_proof})
    if (auto p = decode_proof(type, input))
      BOURSE_ASSERT(encode(type, *p) == input);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  byte_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 21) {
    case 0:
      try_submission(input);
      break;
    case 1:
      try_decode(input, decode_report);
      break;
    case 2:
      try_reports(input);
      break;
    case 3:
      try_canonical(input, decode_new_view);
      break;
    case 4:
      try_canonical(input, decode_block);
      break;
    case 5:
      try_decode(input, [](byte_view x) { return decode_peer_message(x, {}); });
      break;
    case 6:
      try_canonical(input, decode_prepared_certificate);
      break;
    case 7:
      try_canonical(input, decode_commit_certificate);
      break;
    case 8:
      try_canonical(input, decode_stable_checkpoint);
      break;
    case 9:
      try_canonical(input, decode_equivocation);
      break;
    case 10:
      try_decode(input, [](byte_view x) { return decode_client_message(x, {}); });
      break;
    case 11:
      try_decode(input, decode_gateway_message);
      break;
    case 12:
      try_decode(input, decode_book_view);
      break;
    case 13:
      try_decode(input, decode_account_view);
      break;
    case 14:
      try_decode(input, decode_trades_view);
      break;
    case 15:
      try_decode(input, decode_receipt_share);
      try_decode(input, decode_receipt);
      break;
    case 16:
      try_batch(input);
      break;
    case 17:
      try_canonical(input, [](byte_view x) { return decode_view_change_content(x, {}); });
      break;
    case 18:
      try_canonical(input, [](byte_view x) { return decode_new_view_content(x, {}); });
      break;
    case 19:
      try_canonical(input, [](byte_view x) { return decode_stamp_report(x, 1000); });
      break;
    default:
      try_handshake(input);
  }
  return 0;
}
