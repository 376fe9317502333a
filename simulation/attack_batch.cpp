#include "simulation/attack_batch.hpp"

#include <algorithm>

namespace bourse::simulation {

namespace {

/// Before others lose patience it must have executed.
constexpr std::uint64_t margin_us = 50'000;

} // namespace

/// Is the order that goes with this victim here, or was?
bool attack_batch_maker::here(const pool& p, std::size_t victim, attack_part part) const {
  for (std::size_t i = 0; i < orders_.size(); ++i)
    if (orders_[i].part == part && orders_[i].victim == victim)
      return orders_[i].executed() || std::ranges::find(p, i) != p.end();
  return false;
}

bool attack_batch_maker::holds_back(const pool& p, std::size_t index, std::uint64_t now_us) const {
  const auto& o = orders_[index];
  if (!o.prey())
    return false;
  if (attack_.batch == attack_batch::withholding)
    return true;
  if (attack_.batch != attack_batch::around || now_us + margin_us > o.sent_us + patience_us_)
    return false;
  return attack_.pace == attack_pace::late || !here(p, index, attack_part::front)
         || (attack_.play == attack_play::sandwich && !here(p, index, attack_part::behind));
}

/// As a primary that colludes would have it.
attack_batch_maker::pool attack_batch_maker::wished(const pool& p, std::uint64_t now_us) const {
  std::vector<std::size_t> out;
  if (attack_.batch == attack_batch::reversed)
    return {p.rbegin(), p.rend()};
  auto behind = [&](std::size_t i) {
    return orders_[i].part == attack_part::behind && !orders_[orders_[i].victim].executed();
  };
  for (auto i : p)
    if (orders_[i].colluding() && !behind(i))
      out.push_back(i);
  for (auto i : p) {
    if (orders_[i].colluding() || holds_back(p, i, now_us))
      continue;
    out.push_back(i);
    for (auto follower : p)
      if (behind(follower) && orders_[follower].victim == i)
        out.push_back(follower);
  }
  return out;
}

/// What has a gap before it in its stream comes after that, or in a later block.
std::vector<std::size_t> attack_batch_maker::make(replica_id primary, bool honest,
                                                  std::uint64_t now_us) {
  const auto& pool = pools_[primary.value()];
  auto wish = honest ? pool : wished(pool, now_us);
  auto next = [&](std::size_t i) -> submission_number& {
    auto about = orders_[i].about();
    return next_.try_emplace({about.client, about.stream}, submission_number{1}).first->second;
  };
  std::vector<std::size_t> out;
  std::uint64_t requests = 0;
  while (true) {
    auto it = std::ranges::find_if(
        wish, [&](std::size_t i) { return orders_[i].about().number == next(i); });
    if (it == wish.end())
      break;
    requests += orders_[*it].body->content.requests.size();
    if (requests > limits_.max_requests)
      break;
    next(*it) = next(*it).next();
    out.push_back(*it);
    wish.erase(it);
  }
  return out;
}

void attack_batch_maker::executed(std::size_t index) {
  for (auto& pool : pools_)
    std::erase(pool, index);
}

} // namespace bourse::simulation
