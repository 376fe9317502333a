#include "actors/connection_slots.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <arpa/inet.h>

namespace bourse::actors {

std::optional<connection_id> connection_slots::take(const std::string& address) {
  std::lock_guard lock(mutex_);
  if (slots_.size() >= caps_.most)
    return std::nullopt;
  auto from = by_address_.try_emplace(address).first;
  if (from->second.open >= caps_.most_per_address)
    return std::nullopt;
  ++from->second.open;
  slots_.emplace(++last_, slot{from, false, {}});
  return last_;
}

connection_slots::ending connection_slots::began(connection_id who, ending end) {
  std::lock_guard lock(mutex_);
  auto found = slots_.find(who);
  if (found == slots_.end())
    return {}; // it has ended already
  auto& mine = found->second;
  mine.unproved = true;
  mine.end = std::move(end);
  ++mine.from->second.unproved;
  if (++unproved_ <= std::max(caps_.most / 2, 1u))
    return {};
  auto most
      = std::max_element(by_address_.begin(), by_address_.end(), [](const auto& a, const auto& b) {
          return a.second.unproved < b.second.unproved;
        });
  auto oldest = std::find_if(slots_.begin(), slots_.end(), [&](const auto& s) {
    return s.second.unproved && s.second.from == most;
  });
  auto out = std::move(oldest->second.end);
  settle(oldest->second);
  return out;
}

void connection_slots::proved(connection_id who) {
  std::lock_guard lock(mutex_);
  if (auto found = slots_.find(who); found != slots_.end())
    settle(found->second);
}

void connection_slots::give_back(connection_id who) {
  std::lock_guard lock(mutex_);
  auto found = slots_.find(who);
  if (found == slots_.end())
    return;
  settle(found->second);
  auto from = found->second.from;
  slots_.erase(found);
  if (--from->second.open == 0)
    by_address_.erase(from);
}

/// It counts as a stranger no more: it is known, or about to end.
void connection_slots::settle(slot& s) {
  if (!std::exchange(s.unproved, false))
    return;
  s.end = nullptr;
  --s.from->second.unproved;
  --unproved_;
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
