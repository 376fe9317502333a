// Checksums of a trace made right again, so that what was changed in it reaches what lies behind
// them.
#pragma once

#include "conformance/trace.hpp"
#include "messages/crc32c.hpp"

namespace bourse::test {

inline void put_checksum(messages::bytes& out, std::size_t from, std::size_t size) {
  auto sum = messages::crc32c{}.add(messages::byte_view{out}.substr(from, size)).masked();
  for (std::size_t i = 0; i < 4; ++i)
    out[from + size + i] = static_cast<char>(sum >> (8 * i) & 0xff);
}

/// As far as its records follow each other.
inline messages::bytes resealed(messages::bytes trace) {
  using namespace conformance;
  if (trace.size() < trace_header_bytes)
    return trace;
  put_checksum(trace, 0, trace_header_bytes - 4);
  constexpr auto around = record_front_bytes + record_back_bytes;
  for (auto at = trace_header_bytes; trace.size() - at >= around;) {
    std::size_t size = 0;
    for (std::size_t i = 4; i-- > 0;)
      size = size << 8 | static_cast<std::uint8_t>(trace[at + i]);
    put_checksum(trace, at, 4);
    if (size > trace.size() - at - around)
      break;
    put_checksum(trace, at + record_front_bytes, size);
    at += around + size;
  }
  return trace;
}

} // namespace bourse::test
