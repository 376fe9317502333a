#include "fairness/block_choice.hpp"

#include <algorithm>

#include "fairness/block_room.hpp"
#include "messages/crypto.hpp"

namespace bourse::fairness {

namespace {

std::uint64_t requests_of(const contender& c) {
  return std::max<std::uint64_t>(c.body->submission->content.requests.size(), 1);
}

/// Puts the best `n` first, in order. Returns where they end.
template <class Iterator, class Less>
Iterator sort_best(Iterator from, Iterator to, std::uint64_t n, Less less) {
  if (n < static_cast<std::uint64_t>(to - from)) {
    auto end = from + static_cast<std::ptrdiff_t>(n);
    std::nth_element(from, end, to, less);
    to = end;
  }
  std::sort(from, to, less);
  return to;
}

} // namespace

std::size_t block_choice::choose(std::vector<contender>& ready) {
  rank(ready);
  auto by_time = [this](auto& a, auto& b) {
    return before(a, b);
  };
  auto by_rank = [this](auto& a, auto& b) {
    return goes_first(a, b);
  };
  block_room room{rules_.blocks};
  auto fits = [&](const contender& c) {
    return room.take(*c.body->submission);
  };

  const auto most = std::max<std::uint64_t>(rules_.blocks.max_requests, 1);
  const auto quarter = (most + 3) / 4;
  auto aged_end = std::partition(ready.begin(), ready.end(), [](auto& c) { return c.aged; });
  aged_end = sort_best(ready.begin(), aged_end, quarter, by_time);
  auto taken = ready.begin();
  for (std::uint64_t reserved = 0; taken != aged_end && reserved < quarter && fits(*taken);
       ++taken) {
    reserved += requests_of(*taken);
    taken->reserved = true;
  }

  auto best_end = sort_best(taken, ready.end(), most, by_rank);
  while (taken != best_end && fits(*taken))
    ++taken;
  std::sort(ready.begin(), taken, by_rank);
  return static_cast<std::size_t>(taken - ready.begin());
}

void block_choice::rank(std::vector<contender>& ready) {
  std::vector<contender*> high;
  for (auto& c : ready) {
    if (c.lane == lane::liquidation)
      c.rank = block_rank::liquidation;
    else if (c.lane == lane::maker)
      c.rank = block_rank::maker;
    else
      c.rank = c.aged ? block_rank::aged : block_rank::others;
    if (c.rank == block_rank::others && c.lane == lane::high_value)
      high.push_back(&c);
  }
  // Each is a request or more, so that no more of them than the quota are within it.
  auto quota = std::uint64_t{rules_.order.high_value_requests};
  auto end = sort_best(high.begin(), high.end(), quota,
                       [this](auto* a, auto* b) { return before(*a, *b); });
  for (auto c = high.begin(); c != end && requests_of(**c) <= quota; ++c) {
    quota -= requests_of(**c);
    (*c)->rank = block_rank::high_value;
  }
}

bool block_choice::before(const contender& a, const contender& b) {
  if (a.time != b.time)
    return a.time < b.time;
  auto& x = a.body->about;
  auto& y = b.body->about;
  if (x.client != y.client)
    if (auto order = tie(x.client) <=> tie(y.client); order != 0)
      return order < 0;
  return std::tie(x.client, x.stream, x.number) < std::tie(y.client, y.stream, y.number);
}

const digest& block_choice::tie(client_id client) {
  auto [entry, is_new] = ties_.try_emplace(client);
  if (is_new)
    entry->second = hasher{}
                        .add(rules_.cluster)
                        .add_u64(now_.value())
                        .add(rules_.clients[client.value()].key.view())
                        .finish();
  return entry->second;
}

} // namespace bourse::fairness
