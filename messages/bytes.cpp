#include "messages/bytes.hpp"

namespace bourse::messages {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// The value of one hexadecimal digit of either case, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

} // namespace

std::string to_hex(byte_view data) {
  std::string out;
  out.reserve(data.size() * 2);
  for (char c : data) {
    auto b = static_cast<unsigned char>(c);
    out.push_back(hex_digits[b >> 4]);
    out.push_back(hex_digits[b & 0x0f]);
  }
  return out;
}

bytes from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0)
    return {};
  bytes out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    auto high = hex_value(hex[i]);
    auto low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0)
      return {};
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

} // namespace bourse::messages
