#include "simulation/attack_liar.hpp"

#include <algorithm>

#include "messages/crypto.hpp"

namespace bourse::simulation {

namespace {

/// Thousands of years ahead, and yet below what a report may say.
constexpr std::uint64_t far_us = max_stamp_time.value() / 2;

} // namespace

report_ptr attack_report(stamp_report content) {
  signed_report source{encode(content), {}};
  auto name = hash(source.body);
  return std::make_shared<const verified_report>(
      verified_report{std::move(source), name, std::move(content)});
}

attack_liar::attack_liar(replica_id self, attack_stamps how, const fairness::chain_position& head)
    : self_(self) {
  if (how == attack_stamps::two_chains)
    branches_ = {{attack_stamps::favour, {{head, {}}}}, {attack_stamps::truth, {{head, {}}}}};
  else
    branches_ = {{how, {{head, {}}}}};
}

/// What waits and has no stamp on this branch, in the order of its stamps to be.
std::vector<attack_liar::sight> attack_liar::unsaid(const branch& b,
                                                    const attack_orders& orders) const {
  auto said = committed_;
  for (const auto& l : b.links)
    said.insert(said.end(), l.orders.begin(), l.orders.end());
  std::ranges::sort(said);
  bool hides = b.how == attack_stamps::favour || b.how == attack_stamps::zero;
  std::vector<sight> out;
  for (const auto& s : seen_)
    if (!orders[s.order].executed() && !std::ranges::binary_search(said, s.order)
        && !(hides && orders[s.order].prey()))
      out.push_back(s);
  if (b.how == attack_stamps::reversed)
    std::ranges::reverse(out);
  else if (b.how != attack_stamps::truth)
    std::ranges::stable_partition(out, [&](const sight& s) { return orders[s.order].colluding(); });
  if (b.how == attack_stamps::far_future)
    std::ranges::stable_partition(out, [&](const sight& s) { return !orders[s.order].prey(); });
  return out;
}

report_ptr attack_liar::report_on(branch& b, const attack_orders& orders, stamp_time now) {
  const auto& last = b.links.back().at;
  auto what = unsaid(b, orders);
  bool timeless = b.how == attack_stamps::zero || last.boundary > now;
  if (what.empty() && timeless)
    return nullptr; // a boundary that helps nobody
  stamp_report r{self_, last.index.next(), last.digest, now, {}};
  auto time = last.boundary;
  for (const auto& s : what) {
    const auto& o = orders[s.order];
    time = time.next();
    if (b.how == attack_stamps::truth || (b.how == attack_stamps::favour && !o.colluding()))
      time = std::max(time, s.at);
    if (b.how == attack_stamps::far_future && o.prey())
      time = std::max(time, stamp_time{far_us});
    r.stamps.push_back({o.about(), o.body->digest, time});
  }
  r.boundary = timeless ? time : std::max(now, time);
  auto made = attack_report(std::move(r));
  link next{fairness::position_of(*made), {}};
  for (const auto& s : what)
    next.orders.push_back(s.order);
  b.links.push_back(std::move(next));
  return made;
}

std::vector<report_ptr> attack_liar::report(const attack_orders& orders, stamp_time now) {
  std::vector<report_ptr> out;
  for (auto& b : branches_)
    if (b.links.size() < fairness::max_links)
      if (auto r = report_on(b, orders, now))
        out.push_back(std::move(r));
  std::erase_if(seen_, [&](const sight& s) { return orders[s.order].executed(); });
  return out;
}

void attack_liar::committed(const fairness::chain_position& head) {
  for (const auto& b : branches_) {
    auto it = std::ranges::find(b.links, head, &link::at);
    if (it == b.links.end())
      continue;
    for (auto l = b.links.begin() + 1; l <= it; ++l)
      committed_.insert(committed_.end(), l->orders.begin(), l->orders.end());
    break;
  }
  for (auto& b : branches_) {
    auto it = std::ranges::find(b.links, head, &link::at);
    if (it == b.links.end())
      b.links.clear();
    else
      b.links.erase(b.links.begin(), it);
    if (b.links.empty())
      b.links.push_back({head, {}});
    b.links.front().orders.clear();
  }
}

std::vector<chain_head> attack_liar::tips() const {
  std::vector<chain_head> out;
  for (const auto& b : branches_)
    if (b.links.size() > 1)
      out.push_back({self_, b.links.back().at.index, b.links.back().at.digest});
  return out;
}

} // namespace bourse::simulation
