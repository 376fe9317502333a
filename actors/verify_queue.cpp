#include "actors/verify_queue.hpp"

#include <algorithm>

namespace bourse::actors {

namespace {

bool is_from_peer(const verification::item& item) {
  return item.session == session_id{};
}

} // namespace

bool verify_queue::reserve(const verification::item& item) {
  auto [from, to] = inside_.equal_range(item.digest);
  auto same = std::count_if(from, to, [&](const auto& known) {
    return known.second.session == item.session && known.second.peer == item.peer;
  });
  if (is_from_peer(item))
    return same == 0;
  if (same >= signatures_of_session)
    return false;
  stream_key key{item.header.client, item.header.stream};
  auto size = item.source.body.size();
  auto used = used_.find(key);
  if (size > share_.bytes)
    return false;
  if (used == used_.end())
    used = used_.emplace(key, share{0, 0}).first;
  if (used->second.count >= share_.count || used->second.bytes > share_.bytes - size)
    return false;
  used->second.bytes += size;
  ++used->second.count;
  return true;
}

bool verify_queue::add(verification::item item) {
  if (!reserve(item))
    return false;
  item.bytes = item.source.body.size();
  bytes_ += item.bytes;
  ++waiting_;
  inside_.emplace(item.digest, entry{item.source.signature, item.session, item.peer});
  if (is_from_peer(item)) {
    used_by_peer_[item.peer] += item.bytes;
    from_peers_.push_back(std::move(item));
    return true;
  }
  auto id = item.session;
  auto& queue = sessions_[id];
  if (queue.empty())
    turns_.push_back(id);
  queue.push_back(std::move(item));
  return true;
}

bool verify_queue::holds(const digest& d, const signature& s) const {
  auto [from, to] = inside_.equal_range(d);
  return std::any_of(from, to, [&](const auto& known) { return known.second.signature == s; });
}

std::vector<verification::item> verify_queue::take(std::size_t most) {
  std::vector<verification::item> out;
  out.reserve(std::min(most, waiting_));
  auto pop = [&](std::deque<verification::item>& queue) {
    out.push_back(std::move(queue.front()));
    queue.pop_front();
    --waiting_;
  };
  while (out.size() < most && !from_peers_.empty())
    pop(from_peers_);
  while (out.size() < most && !turns_.empty()) {
    auto id = turns_.front();
    turns_.pop_front();
    auto queue = sessions_.find(id);
    pop(queue->second);
    if (queue->second.empty())
      sessions_.erase(queue);
    else
      turns_.push_back(id);
  }
  return out;
}

void verify_queue::done(const verification::item& item) {
  bytes_ -= item.bytes;
  if (is_from_peer(item)) {
    used_by_peer_[item.peer] -= item.bytes;
  } else {
    auto used = used_.find({item.header.client, item.header.stream});
    used->second.bytes -= item.bytes;
    if (--used->second.count == 0)
      used_.erase(used);
  }
  entry mine{item.verified ? item.verified->source.signature : item.source.signature, item.session,
             item.peer};
  auto [from, to] = inside_.equal_range(item.digest);
  auto same = std::find_if(from, to, [&](const auto& known) { return known.second == mine; });
  if (same != to)
    inside_.erase(same);
}

} // namespace bourse::actors
