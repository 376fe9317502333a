#include "actors/connection_slots.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>

namespace bourse::actors {

bool connection_slots::take(const std::string& address) {
  std::lock_guard lock(mutex_);
  if (open_ >= caps_.most)
    return false;
  auto& here = by_address_[address];
  if (here >= caps_.most_per_address)
    return false;
  ++here;
  ++open_;
  return true;
}

void connection_slots::give_back(const std::string& address) {
  std::lock_guard lock(mutex_);
  auto here = by_address_.find(address);
  if (here == by_address_.end())
    return;
  --open_;
  if (--here->second == 0)
    by_address_.erase(here);
}

std::string address_group(const std::string& text) {
  constexpr std::size_t network_bytes = 8;
  constexpr std::array<unsigned char, 12> ipv4_inside{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  in6_addr address{};
  // A link-local address is printed with the interface behind a percent sign.
  if (inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), &address) != 1)
    return text;
  const auto* bytes = address.s6_addr;
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (std::equal(ipv4_inside.begin(), ipv4_inside.end(), bytes))
    return inet_ntop(AF_INET, bytes + ipv4_inside.size(), out.data(), out.size());
  std::memset(address.s6_addr + network_bytes, 0, sizeof address - network_bytes);
  return inet_ntop(AF_INET6, &address, out.data(), out.size());
}

} // namespace bourse::actors
