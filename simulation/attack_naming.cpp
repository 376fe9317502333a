#include "simulation/attack_naming.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <tuple>

namespace bourse::simulation {

namespace {

constexpr stamp_time none{0}, never{UINT64_MAX};

} // namespace

using fairness::chain_path;

std::optional<attack_naming::choice> attack_naming::choice_of(const fairness::chain_position& from,
                                                              const chain_head& to) const {
  auto path = store_.path(from, to);
  if (path.found != chain_path::result::whole || path.reports.empty())
    return std::nullopt;
  choice out{to, path.reports.back()->content.boundary, {}};
  for (const auto& r : path.reports)
    for (const auto& s : r->content.stamps)
      if (auto i = orders_.find(s.body); i != SIZE_MAX && !orders_[i].executed())
        out.stamps.emplace_back(slot_of(i), s.time);
  return out;
}

void attack_naming::look(const order_function& order,
                         const std::vector<std::vector<chain_head>>& tips) {
  open_.clear();
  known_.clear();
  for (std::size_t i = 0; i < orders_.size(); ++i)
    if (!orders_[i].executed()) {
      open_.push_back(i);
      for (const auto& of : stamps_)
        known_.push_back(i < of.size() ? of[i] : none);
    }
  chains_.assign(size_.n, {});
  for (auto who : size_.everyone()) {
    auto& c = chains_[who.value()];
    const auto& from = order.heads().of(who);
    c.committed = from.boundary;
    auto heads = who.value() < tips.size() ? tips[who.value()] : std::vector<chain_head>{};
    if (who.value() >= tips.size())
      if (auto r = store_.newest(who, from))
        heads.push_back({who, r->content.index, r->digest});
    for (const auto& h : heads) {
      if (auto found = choice_of(from, h))
        c.branches.push_back(std::move(*found));
      const auto& content = store_.find(h.report)->content;
      chain_head earlier{who, report_index{h.index.value() - 1}, content.previous};
      if (auto found = choice_of(from, earlier))
        c.before.push_back(std::move(*found));
    }
  }
}

std::size_t attack_naming::slot_of(std::size_t order) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(open_, order) - open_.begin());
}

attack_outlook attack_naming::newest() const {
  std::vector<const choice*> named;
  for (const auto& c : chains_)
    if (!c.branches.empty())
      named.push_back(&c.branches.front());
  return outlook(named);
}

std::optional<attack_outlook> attack_naming::best(bool avoid) const {
  std::optional<attack_outlook> best;
  std::vector<const choice*> named;
  auto worth = [](const attack_outlook& o) {
    return std::tuple{o.gain, o.due, o.time};
  };
  for (std::uint32_t set = 0; set < 1u << size_.n; ++set) {
    if (std::popcount(set) != size_.quorum())
      continue;
    // Colluding chains by one branch or the other; honest ones whole or a report less.
    for (std::size_t variant = 0; variant < 4; ++variant) {
      named.clear();
      for (std::size_t i = 0; i < size_.n; ++i) {
        const auto& c = chains_[i];
        const auto& from = variant / 2 && !c.before.empty() ? c.before : c.branches;
        if ((set >> i & 1) && !from.empty())
          named.push_back(&from[std::min(variant % 2, from.size() - 1)]);
      }
      auto o = outlook(named);
      if (o.due > 0 && !(avoid && o.prey > 0) && (!best || worth(o) > worth(*best)))
        best = std::move(o);
    }
  }
  return best;
}

attack_outlook attack_naming::outlook(const std::vector<const choice*>& named) const {
  attack_outlook out;
  std::vector<stamp_time> boundaries;
  for (const auto& c : chains_)
    boundaries.push_back(c.committed);
  for (const auto* c : named) {
    out.heads.push_back(c->head);
    boundaries[c->head.replica.value()] = c->boundary;
  }
  std::ranges::nth_element(boundaries, boundaries.begin() + (size_.quorum() - 1), std::greater{});
  out.time = boundaries[size_.quorum() - 1u];
  foresee(named, out);
  return out;
}

/// By the rule of F for times. Lanes and what stands before in a stream are left out: neither prey
/// nor those who attack it have such.
void attack_naming::foresee(const std::vector<const choice*>& named, attack_outlook& out) const {
  auto known = known_;
  for (const auto* c : named)
    for (auto [slot, time] : c->stamps)
      if (auto& t = known[slot * size_.n + c->head.replica.value()]; t == none)
        t = time;
  std::vector<stamp_time> due(open_.size(), never);
  for (std::size_t slot = 0; slot < open_.size(); ++slot) {
    auto first = known.begin() + static_cast<std::ptrdiff_t>(slot * size_.n);
    auto end = std::remove(first, first + size_.n, none);
    if (end - first <= size_.f())
      continue;
    std::nth_element(first, first + size_.f(), end);
    if (first[size_.f()] > out.time)
      continue;
    due[slot] = first[size_.f()];
    ++out.due;
    out.prey += orders_[open_[slot]].prey() ? 1 : 0;
  }
  for (std::size_t slot = 0; slot < open_.size(); ++slot) {
    const auto& o = orders_[open_[slot]];
    if (o.part != attack_part::front || orders_[o.victim].executed())
      continue;
    auto its = due[slot_of(o.victim)];
    out.gain += due[slot] < its ? 1 : its < due[slot] ? -1 : 0;
    out.unmet += its != never && due[slot] == never ? 1 : 0;
  }
}

void attack_naming::committed(const order_function& order, const std::vector<chain_head>& heads) {
  for (const auto& h : heads) {
    auto path = store_.path(order.heads().of(h.replica), h);
    if (path.found != chain_path::result::whole)
      continue;
    for (const auto& r : path.reports)
      for (const auto& s : r->content.stamps)
        if (auto i = orders_.find(s.body); i != SIZE_MAX) {
          auto& of = stamps_[h.replica.value()];
          of.resize(std::max(of.size(), i + 1), none);
          if (of[i] == none)
            of[i] = s.time;
        }
  }
}

} // namespace bourse::simulation
