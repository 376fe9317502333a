// The checksum of RocksDB's files and of traces: CRC-32C, masked because it may cover other
// checksums.
#pragma once

#include <array>
#include <cstdint>

#include "messages/bytes.hpp"

namespace bourse::messages {

class crc32c {
public:
  crc32c& add(byte_view data) {
    for (char c : data)
      state_ = state_ >> 8 ^ table()[(state_ ^ static_cast<std::uint8_t>(c)) & 0xff];
    return *this;
  }

  std::uint32_t masked() const {
    auto crc = ~state_;
    return (crc >> 15 | crc << 17) + 0xa282ead8;
  }

private:
  static const std::array<std::uint32_t, 256>& table() {
    static constexpr auto t = [] {
      constexpr std::uint32_t castagnoli = 0x82f63b78;
      std::array<std::uint32_t, 256> out{};
      for (std::uint32_t i = 0; i < out.size(); ++i) {
        auto x = i;
        for (int bit = 0; bit < 8; ++bit)
          x = (x & 1) != 0 ? x >> 1 ^ castagnoli : x >> 1;
        out[i] = x;
      }
      return out;
    }();
    return t;
  }

  std::uint32_t state_ = ~std::uint32_t{0};
};

} // namespace bourse::messages
