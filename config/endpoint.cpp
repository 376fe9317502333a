#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "config/genesis.hpp"

namespace bourse::config {

namespace {

constexpr std::size_t longest_host = 253; // as in DNS

bool good_host(std::string_view host, bool bracketed) {
  auto good = [bracketed](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.'
           || (bracketed ? c == ':' || c == '%' : c == '-' || c == '_');
  };
  return !host.empty() && host.size() <= longest_host
         && std::all_of(host.begin(), host.end(), good);
}

} // namespace

expected<endpoint> parse_endpoint(std::string_view text) {
  auto refuse = [&](std::string_view why) {
    return fail(errc::config_invalid, fmt::format("\"{}\" {}", text.substr(0, 300), why));
  };
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return refuse("has no port: write HOST:PORT, such as \"127.0.0.1:7000\"");
  auto host = text.substr(0, colon);
  auto bracketed = host.size() > 1 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return refuse(
        "has more than one colon: an IPv6 address stands in brackets, as in \"[::1]:7000\"");
  if (!good_host(host, bracketed))
    return refuse("has no valid host: write HOST:PORT, such as \"127.0.0.1:7000\"");
  auto digits = text.substr(colon + 1);
  unsigned port = 0;
  auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc{} || end != digits.data() + digits.size() || port > 65535)
    return refuse("has no valid port: a number from 0 to 65535");
  return endpoint{std::string{host}, static_cast<std::uint16_t>(port)};
}

std::string to_string(const endpoint& e) {
  if (e.host.find(':') != std::string::npos)
    return fmt::format("[{}]:{}", e.host, e.port);
  return fmt::format("{}:{}", e.host, e.port);
}

} // namespace bourse::config
