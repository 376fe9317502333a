#include "actors/verify_queue.hpp"

#include <algorithm>

namespace bourse::actors {

namespace {

constexpr session_id from_peers{0};

} // namespace

bool verify_queue::add(verification::item item) {
  auto& s = sessions_[item.session];
  auto size = size_of(item);
  if (item.session != from_peers
      && (bytes_ + size > total_bytes_ || s.bytes + size > session_bytes_)) {
    if (s.bytes == 0)
      sessions_.erase(item.session);
    return false;
  }
  if (item.session != from_peers && s.items.empty())
    turns_.push_back(item.session);
  item.bytes = size;
  bytes_ += size;
  s.bytes += size;
  ++waiting_;
  inside_.emplace(item.digest, item.source.signature);
  s.items.push_back(std::move(item));
  return true;
}

bool verify_queue::holds(const digest& d, const signature& s) const {
  auto [from, to] = inside_.equal_range(d);
  return std::any_of(from, to, [&](const auto& entry) { return entry.second == s; });
}

std::vector<verification::item> verify_queue::take(std::size_t most) {
  std::vector<verification::item> out;
  out.reserve(std::min(most, waiting_));
  auto pop = [&](session& s) {
    out.push_back(std::move(s.items.front()));
    s.items.pop_front();
    --waiting_;
  };
  if (auto it = sessions_.find(from_peers); it != sessions_.end())
    while (out.size() < most && !it->second.items.empty())
      pop(it->second);
  while (out.size() < most && !turns_.empty()) {
    auto id = turns_.front();
    turns_.pop_front();
    auto& s = sessions_.at(id);
    pop(s);
    if (!s.items.empty())
      turns_.push_back(id);
  }
  return out;
}

void verify_queue::done(const verification::item& item) {
  auto it = sessions_.find(item.session);
  bytes_ -= item.bytes;
  it->second.bytes -= item.bytes;
  if (it->second.bytes == 0)
    sessions_.erase(it);
  const auto& s = item.verified ? item.verified->source.signature : item.source.signature;
  auto [from, to] = inside_.equal_range(item.digest);
  auto same = std::find_if(from, to, [&](const auto& entry) { return entry.second == s; });
  if (same != to)
    inside_.erase(same);
}

} // namespace bourse::actors
