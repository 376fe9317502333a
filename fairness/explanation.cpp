#include "fairness/explanation.hpp"

#include <tuple>
#include <unordered_map>

#include "fairness/block_choice.hpp"
#include "fairness/ranking_state.hpp"

namespace bourse::fairness {

namespace {

struct decision {
  bool good = false; ///< the first has its place by right
  precedence by = precedence::rank;
};

decision decide(const explained_entry& first, const explained_entry& second) {
  auto& a = first.body->content;
  auto& b = second.body->content;
  if (first.rank != second.rank)
    return {first.rank < second.rank, precedence::rank};
  if (first.effective_time != second.effective_time)
    return {first.effective_time < second.effective_time, precedence::time};
  if (a.client != b.client) // which may have one key
    return {std::tie(first.tie, a.client) < std::tie(second.tie, b.client), precedence::tie};
  if (a.stream != b.stream)
    return {a.stream < b.stream, precedence::stream};
  return {a.number < b.number, precedence::number};
}

/// What a number has from itself or from one before it.
struct origin {
  submission_number time;
  submission_number lane;
};

} // namespace

std::optional<precedence> why_before(const explained_entry& first, const explained_entry& second) {
  auto& a = first.body->content;
  auto& b = second.body->content;
  auto found = decide(first, second);
  // Lane and time of a number are never better than those of the ones before it.
  if (a.client == b.client && a.stream == b.stream)
    found = {found.good && a.number < b.number, precedence::number};
  return found.good ? std::optional{found.by} : std::nullopt;
}

block_explanation ranking::state::explain(const std::vector<contender>& ranked,
                                          std::size_t executed, block_choice& choice) const {
  std::unordered_map<const stamped_body*, origin> origins;
  for (auto index : ready_streams) {
    auto& s = streams.find(index)->second;
    const stamped_body* latest = nullptr;
    const stamped_body* worst = nullptr;
    auto at = s.numbers.begin();
    for (std::uint64_t i = 0; i < s.ready; ++i, ++at) {
      auto* body = at->second.earliest;
      if (!latest || body->time > latest->time)
        latest = body;
      if (!worst || body->lane > worst->lane)
        worst = body;
      origins[body] = {latest->about.number, worst->about.number};
    }
  }
  block_explanation out;
  out.time = now;
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    auto& c = ranked[i];
    auto& body = *c.body;
    auto& from = origins.at(&body);
    auto& numbers = streams.find(stream_index(body.about))->second.numbers;
    explained_entry e;
    e.body = body.submission;
    e.stamps = body.stamps;
    e.time = body.time;
    e.effective_time = c.time;
    e.effective_lane = c.lane;
    e.time_from = from.time;
    e.lane_from = from.lane;
    e.left_over = numbers.at(body.about.number.value()).left_over;
    e.aged = c.aged;
    e.reserved = c.reserved;
    e.rank = c.rank;
    e.tie = choice.tie(body.about.client);
    (i < executed ? out.executed : out.left_over).push_back(std::move(e));
  }
  return out;
}

} // namespace bourse::fairness
