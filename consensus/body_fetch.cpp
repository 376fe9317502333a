#include "consensus/body_fetch.hpp"

#include <set>
#include <unordered_map>

#include "consensus/backoff.hpp"
#include "messages/assert.hpp"

namespace bourse::consensus {

struct body_fetch::state {
  struct slot {
    std::set<digest> missing;
    replica_id next; ///< whom to ask next
    std::uint64_t due_ns = 0;
  };

  replica_id self;
  cluster_size size;
  std::uint64_t retry_ns;
  std::map<sequence_number, slot> slots;
  std::unordered_map<digest, std::uint32_t> waiting; ///< in how many slots
  std::vector<ask> asks;

  replica_id other(replica_id r) const {
    auto id = static_cast<std::uint16_t>(r.value() % size.n);
    if (replica_id{id} == self)
      id = static_cast<std::uint16_t>((id + 1) % size.n);
    return replica_id{id};
  }

  ask make(sequence_number n, slot& s, std::uint64_t now_ns) {
    auto whom = s.next;
    s.next = other(replica_id{static_cast<std::uint16_t>((whom.value() + 1) % size.n)});
    s.due_ns = now_ns + retry_ns;
    return {whom, {n, {s.missing.begin(), s.missing.end()}}};
  }

  void release(const digest& d) {
    auto i = waiting.find(d);
    BOURSE_ASSERT(i != waiting.end());
    if (--i->second == 0)
      waiting.erase(i);
  }
};

body_fetch::body_fetch(replica_id self, cluster_size size, std::uint32_t retry_ms)
    : state_(new state{self, size, retry_ms * ns_per_ms, {}, {}, {}}) {}

body_fetch::~body_fetch() = default;

void body_fetch::want(std::uint64_t now_ns, sequence_number sequence, replica_id first,
                      const std::vector<digest>& missing) {
  if (missing.empty())
    return;
  auto [i, is_new] = state_->slots.try_emplace(sequence);
  auto& s = i->second;
  bool more = false;
  for (const auto& d : missing) {
    if (s.missing.insert(d).second) {
      ++state_->waiting[d];
      more = true;
    }
  }
  if (!more)
    return;
  if (is_new)
    s.next = state_->other(first);
  state_->asks.push_back(state_->make(sequence, s, now_ns));
}

bool body_fetch::arrived(const digest& d) {
  if (state_->waiting.erase(d) == 0)
    return false;
  for (auto& [n, s] : state_->slots)
    s.missing.erase(d);
  std::erase_if(state_->slots, [](const auto& entry) { return entry.second.missing.empty(); });
  return true;
}

bool body_fetch::wanted(const digest& d) const {
  return state_->waiting.contains(d);
}

void body_fetch::forget(sequence_number up_to) {
  auto end = state_->slots.upper_bound(up_to);
  for (auto i = state_->slots.begin(); i != end; ++i)
    for (const auto& d : i->second.missing)
      state_->release(d);
  state_->slots.erase(state_->slots.begin(), end);
}

std::vector<body_fetch::ask> body_fetch::on_tick(std::uint64_t now_ns) {
  auto out = take_asks();
  for (auto& [n, s] : state_->slots)
    if (now_ns >= s.due_ns)
      out.push_back(state_->make(n, s, now_ns));
  return out;
}

std::vector<body_fetch::ask> body_fetch::take_asks() {
  // What was forgotten or has arrived meanwhile need not be asked for.
  auto out = std::exchange(state_->asks, {});
  std::erase_if(out, [&](const ask& a) { return !state_->slots.contains(a.what.sequence); });
  return out;
}

} // namespace bourse::consensus
