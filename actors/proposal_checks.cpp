#include "actors/proposal_checks.hpp"

#include <algorithm>

#include "market/block_order.hpp"

namespace bourse::actors {

namespace {

std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : b - a;
}

tl::unexpected<error> out_of_order() {
  return fail(errc::malformed, "the block's time is out of order");
}

} // namespace

expected<block> proposal_checks::decode(const consensus::proposal_check& check,
                                        std::uint64_t wall_ms) const {
  const auto& limits = genesis_.market.blocks;
  auto b = decode_block(*check.block, limits);
  if (!b)
    return b;
  if (b->cluster != genesis_.cluster())
    return fail(errc::wrong_cluster);
  if (b->sequence != check.what.sequence)
    return fail(errc::malformed, "the block is for another slot");
  if (!check.fresh)
    return b;
  // It fills a gap that a view change left, and follows from what proved that.
  if (is_null(*b))
    return fail(errc::malformed, "a null block is nobody's to propose");
  // Time is judged on first proposals only: a block that was good once must stay so.
  if (distance(b->time.value(), wall_ms) > limits.max_clock_skew_ms)
    return fail(errc::malformed, "the block's time is far from the clock here");
  if (!in_order(b->sequence, b->time))
    return out_of_order();
  return b;
}

/// Slots are not filled in order, so there may be acceptable blocks above. What is not judged here
/// may stand out of order itself: so all of them count, not the nearest.
bool proposal_checks::in_order(sequence_number n, block_time time) const {
  return std::all_of(times_.begin(), times_.end(), [&](const auto& known) {
    return known.first < n ? known.second <= time : known.first == n || time <= known.second;
  });
}

void proposal_checks::begin(std::uint64_t now_ns, std::uint64_t wall_ms,
                            const consensus::proposal_check& check, const lookup& find) {
  if (open_.contains(check.what))
    return;
  auto content = decode(check, wall_ms);
  if (!content) {
    verdicts_.push_back({check.what, check.fresh, nullptr, std::move(content.error())});
    return;
  }
  entry e{check.what, check.block, std::move(*content),
          {},         0,           now_ns + (check.fresh ? grace_ns_ : 0),
          false,      check.fresh};
  e.bodies.reserve(e.content.submissions.size());
  for (const auto& d : e.content.submissions)
    e.bodies.push_back(find(d));
  e.missing = static_cast<std::size_t>(std::count(e.bodies.begin(), e.bodies.end(), nullptr));
  if (e.missing == 0)
    return decide(e);
  for (std::size_t i = 0; i < e.bodies.size(); ++i)
    if (!e.bodies[i])
      waiting_.emplace(e.content.submissions[i], e.what);
  open_.emplace(check.what, std::move(e));
}

bool proposal_checks::arrived(const submission_ptr& body) {
  auto [from, to] = waiting_.equal_range(body->digest);
  if (from == to)
    return false;
  std::vector<statement> concerned;
  for (auto it = from; it != to; ++it)
    concerned.push_back(it->second);
  waiting_.erase(from, to);
  for (const auto& what : concerned) {
    auto it = open_.find(what);
    if (it == open_.end())
      continue;
    auto& e = it->second;
    for (std::size_t i = 0; i < e.bodies.size(); ++i)
      if (!e.bodies[i] && e.content.submissions[i] == body->digest) {
        e.bodies[i] = body;
        --e.missing;
      }
    if (e.missing == 0) {
      decide(e);
      open_.erase(it);
    }
  }
  return true;
}

void proposal_checks::decide(const entry& e) {
  // Others may have been found acceptable while this one waited for its bodies.
  auto good = market::check_block(e.bodies, genesis_.market.blocks);
  if (good && e.fresh && !in_order(e.what.sequence, e.content.time))
    good = out_of_order();
  if (!good) {
    verdicts_.push_back({e.what, e.fresh, nullptr, std::move(good.error())});
    return;
  }
  if (is_null(e.content))
    times_.erase(e.what.sequence); // it has its predecessor's
  else if (e.what.view >= view_)
    times_.insert_or_assign(e.what.sequence, e.content.time);
  verdicts_.push_back({e.what,
                       e.fresh,
                       std::make_shared<const full_block>(full_block{
                           e.what.sequence, e.what.digest, e.encoded, e.content, e.bodies}),
                       {}});
}

std::vector<proposal_checks::missing> proposal_checks::take_overdue(std::uint64_t now_ns) {
  std::vector<missing> out;
  for (auto& [what, e] : open_) {
    if (e.asked || e.ask_at_ns > now_ns)
      continue;
    e.asked = true;
    missing m{what, {}};
    for (std::size_t i = 0; i < e.bodies.size(); ++i)
      if (!e.bodies[i])
        m.bodies.push_back(e.content.submissions[i]);
    out.push_back(std::move(m));
  }
  return out;
}

std::optional<std::uint64_t> proposal_checks::deadline() const {
  std::optional<std::uint64_t> first;
  for (const auto& [what, e] : open_)
    if (!e.asked && (!first || e.ask_at_ns < *first))
      first = e.ask_at_ns;
  return first;
}

void proposal_checks::executed(sequence_number up_to, block_time time) {
  std::erase_if(open_, [&](const auto& entry) { return entry.first.sequence <= up_to; });
  std::erase_if(waiting_, [&](const auto& entry) { return entry.second.sequence <= up_to; });
  times_.erase(times_.begin(), times_.lower_bound(up_to));
  times_.insert_or_assign(up_to, time);
}

} // namespace bourse::actors
