#include "consensus/state_fetch.hpp"

#include <algorithm>

#include "consensus/backoff.hpp"
#include "consensus/certificates.hpp"
#include "messages/assert.hpp"

namespace bourse::consensus {

namespace {

/// Offers of one peer that are remembered.
constexpr std::size_t most_offers = 4;
constexpr std::uint32_t most_doublings = 4;

} // namespace

state_fetch::state_fetch(const state_fetch_options& o, const authenticator& auth)
    : options_(o), auth_(&auth), peers_(o.size.n) {}

void state_fetch::begin(std::uint64_t now_ns, sequence_number above) {
  above_ = above;
  if (phase_ == phase::idle) {
    turns_ = 0;
    look(now_ns);
  }
}

void state_fetch::stop() {
  phase_ = phase::idle;
  target_.reset();
  for (auto& p : peers_)
    p.open.reset();
}

std::optional<sequence_number> state_fetch::target() const {
  return target_ ? std::optional{target_->stable.what.sequence} : std::nullopt;
}

std::vector<replica_id> state_fetch::sources() const {
  std::vector<replica_id> out;
  for (std::uint16_t i = 0; target_ && i < peers_.size(); ++i)
    if (peers_[i].offers.contains(target_->stable.what.sequence))
      out.push_back(replica_id{i});
  return out;
}

// -- which state ----------------------------------------------------------------------------------

void state_fetch::look(std::uint64_t now_ns) {
  phase_ = phase::looking;
  looked_ns_ = now_ns;
  first_offer_ns_.reset();
  stuck_since_ns_.reset();
  target_.reset();
  for (auto& p : peers_) {
    p.answered = false;
    p.offers.clear(); // who has one says so again
    p.open.reset();
  }
  effects_.sends.push_back({std::nullopt, fetch_state{above_}});
}

bool state_fetch::proved(const state_offer& m) const {
  const auto& what = m.stable.what;
  return what.sequence.value() > 0 && state_digest(what.sequence, m.chain, m.pages) == what.state
         && valid(m.stable, options_.size, *auth_);
}

void state_fetch::on(std::uint64_t now_ns, replica_id from, const state_offer& m) {
  auto n = m.stable.what.sequence;
  auto& p = peers_[from.value()];
  if (phase_ == phase::idle || phase_ == phase::done || n <= above_)
    return;
  // 2f+1 replicas sign only one state of one number, so whoever offers the same has the same.
  if (auto known = proved_.find(n); known == proved_.end() || known->second != m) {
    if (now_ns < p.rests_until_ns)
      return;
    if (!proved(m))
      return lied(now_ns, from);
    proved_.emplace(n, m);
  }
  p.answered = true;
  p.offers.insert(n);
  if (p.offers.size() > most_offers)
    p.offers.erase(target() == *p.offers.begin() ? std::next(p.offers.begin()) : p.offers.begin());
  std::erase_if(proved_, [&](const auto& o) { return !offered(o.first); });
  if (!first_offer_ns_)
    first_offer_ns_ = now_ns;
}

bool state_fetch::offered(sequence_number n) const {
  return target() == n
         || std::ranges::any_of(peers_, [&](const peer& p) { return p.offers.contains(n); });
}

/// The newest state that f+1 offer, so an honest replica among them; or else, after a moment, what
/// most offer.
void state_fetch::try_choose(std::uint64_t now_ns) {
  std::map<sequence_number, std::size_t> holders;
  std::size_t answered = 0;
  for (const auto& p : peers_) {
    if (now_ns < p.rests_until_ns)
      continue;
    answered += p.answered ? 1 : 0;
    for (auto n : p.offers)
      if (n > above_)
        ++holders[n];
  }
  if (holders.empty())
    return;
  auto wait_is_over
      = answered + 1 >= peers_.size()
        || (first_offer_ns_ && now_ns - *first_offer_ns_ >= options_.offer_ms * ns_per_ms);
  auto best = holders.begin();
  for (auto i = holders.begin(); i != holders.end(); ++i) {
    auto weight = std::min<std::size_t>(i->second, options_.size.weak_quorum());
    if (weight >= std::min<std::size_t>(best->second, options_.size.weak_quorum()))
      best = i;
  }
  if (best->second >= options_.size.weak_quorum() || wait_is_over)
    choose(best->first);
}

void state_fetch::choose(sequence_number n) {
  target_ = proved_.at(n);
  phase_ = phase::surveying;
  ++counters_.targets;
  counters_.nodes = counters_.pages = counters_.bytes = 0;
  nodes_.clear();
  pages_.clear();
  unstaged_ = 0;
  stuck_since_ns_.reset();
  for (auto& p : peers_)
    p.open.reset();
  // Of the target before; whoever carries this out would take it for this one's.
  effects_.same.clear();
  effects_.pages.clear();
  effects_.chosen = target_;
}

bool state_fetch::few_sources() const {
  return sources().size() < options_.size.weak_quorum();
}

/// Called while few_sources(). Those that offer the target are not asked: their questions are open.
void state_fetch::seek_better(std::uint64_t now_ns) {
  if (now_ns - looked_ns_ >= options_.more_offers_ms * ns_per_ms) {
    looked_ns_ = now_ns;
    for (std::uint16_t i = 0; i < peers_.size(); ++i)
      if (replica_id{i} != options_.self && !peers_[i].offers.contains(*target()))
        effects_.sends.push_back({replica_id{i}, fetch_state{above_}});
  }
  auto patience = options_.few_sources_ms * ns_per_ms << std::min(turns_, most_doublings);
  auto in_time = now_ns - fetching_since_ns_ < patience;
  if (in_time && std::ranges::any_of(peers_, [&](const peer& p) {
        return p.offers.contains(*target()) && now_ns >= p.rests_until_ns;
      }))
    return;
  struct candidate {
    std::size_t holders = 0;
    bool elsewhere = false; ///< somebody has it that does not have the target
  };
  std::map<sequence_number, candidate> others;
  for (const auto& p : peers_)
    if (now_ns >= p.rests_until_ns)
      for (auto n : p.offers)
        if (n > above_ && n != *target()) {
          auto& s = others[n];
          ++s.holders;
          s.elsewhere = s.elsewhere || !p.offers.contains(*target());
        }
  std::optional<sequence_number> best;
  bool best_is_sure = false;
  for (const auto& [n, s] : others) {
    auto sure = s.holders >= options_.size.weak_quorum();
    if (sure || (s.elsewhere && !best_is_sure)) {
      best = n;
      best_is_sure = sure;
    }
  }
  if (!best)
    return;
  ++turns_;
  choose(*best);
}

void state_fetch::on_local(std::uint64_t now_ns, state_tree here) {
  if (phase_ != phase::surveying)
    return;
  phase_ = phase::fetching;
  fetching_since_ns_ = looked_ns_ = now_ns;
  here_ = std::move(here);
  expect({}, target_->pages);
  settle(now_ns);
}

// -- what it consists of --------------------------------------------------------------------------

void state_fetch::expect(tree_path at, const digest& value) {
  if (here_.find(at) == value)
    effects_.same.push_back(at);
  else if (at.leaf())
    pages_.emplace(at.key, value);
  else
    nodes_.emplace_back(at, value);
}

void state_fetch::on(std::uint64_t now_ns, replica_id from, const state_nodes& m) {
  auto& p = peers_[from.value()];
  auto* q = answered(p, m.id);
  if (!q)
    return;
  if (m.nodes.empty())
    return not_there(now_ns, p);
  std::size_t bytes = 0;
  for (const auto& node : m.nodes) {
    auto wanted = q->nodes.find(node.path);
    if (wanted == q->nodes.end() || node_digest(node.path.level, node.children) != wanted->second)
      return lied(now_ns, from);
    q->nodes.erase(wanted);
    ++counters_.nodes;
    bytes += node.children.size() * (digest::size + 1);
    for (const auto& c : node.children)
      expect(node.path.child(c.byte), c.value);
  }
  close_partial(now_ns, p, bytes);
}

void state_fetch::on(std::uint64_t now_ns, replica_id from, const state_pages& m) {
  auto& p = peers_[from.value()];
  auto* q = answered(p, m.id);
  if (!q)
    return;
  if (m.pages.empty())
    return not_there(now_ns, p);
  std::size_t bytes = 0;
  for (const auto& page : m.pages) {
    auto wanted = q->pages.find(page.key);
    if (wanted == q->pages.end() || leaf_digest(page.key, page.content) != wanted->second)
      return lied(now_ns, from);
    q->pages.erase(wanted);
    ++counters_.pages;
    bytes += page.content.size();
    counters_.bytes += page.content.size();
    unstaged_ += page.content.size();
    effects_.pages.push_back(page);
  }
  close_partial(now_ns, p, bytes);
}

// -- whom to ask ----------------------------------------------------------------------------------

state_fetch::question* state_fetch::answered(peer& p, std::uint64_t id) {
  // One that came too late was asked for anew.
  return phase_ == phase::fetching && p.open && p.open->id == id ? &*p.open : nullptr;
}

void state_fetch::close_partial(std::uint64_t now_ns, peer& p, std::size_t bytes) {
  auto all = p.open->nodes.empty() && p.open->pages.empty();
  close(now_ns, p, all || bytes >= least_part_bytes);
}

void state_fetch::close(std::uint64_t now_ns, peer& p, bool of_use) {
  for (const auto& [path, value] : p.open->nodes)
    nodes_.emplace_back(path, value);
  pages_.insert(p.open->pages.begin(), p.open->pages.end());
  p.open.reset();
  if (of_use)
    p.failures = 0;
  else
    rest(now_ns, p);
}

void state_fetch::rest(std::uint64_t now_ns, peer& p) {
  p.rests_until_ns
      = now_ns + (options_.rest_ms * ns_per_ms << std::min(p.failures, most_doublings));
  ++p.failures;
}

void state_fetch::lied(std::uint64_t now_ns, replica_id who) {
  ++counters_.lies;
  auto& p = peers_[who.value()];
  if (p.open)
    close(now_ns, p, false);
  else
    rest(now_ns, p);
}

/// It does not hand out the target any more, or never did: it rests, or it could be chosen again at
/// once, and so for ever.
void state_fetch::not_there(std::uint64_t now_ns, peer& p) {
  p.offers.erase(*target());
  close(now_ns, p, false);
  if (sources().empty())
    look(now_ns);
}

void state_fetch::ask(std::uint64_t now_ns) {
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    auto who = (turn_ + i) % peers_.size();
    auto& p = peers_[who];
    if (p.open || now_ns < p.rests_until_ns || !p.offers.contains(target_->stable.what.sequence))
      continue;
    if (!ask(now_ns, replica_id{static_cast<std::uint16_t>(who)}, p))
      return;
    turn_ = who + 1;
  }
}

/// Pages first: so few nodes wait at a time. False if there is nothing to ask for.
bool state_fetch::ask(std::uint64_t now_ns, replica_id whom, peer& p) {
  question q{next_id_, now_ns + options_.answer_ms * ns_per_ms, {}, {}};
  auto target = target_->stable.what.sequence;
  if (unstaged_ < options_.most_unstaged && !pages_.empty()
      && (pages_.size() >= options_.pages_at_once || nodes_.empty())) {
    fetch_state_pages m{q.id, target, {}};
    while (!pages_.empty() && q.pages.size() < options_.pages_at_once) {
      auto first = pages_.extract(pages_.begin());
      m.keys.push_back(first.key());
      q.pages.insert(std::move(first));
    }
    effects_.sends.push_back({whom, std::move(m)});
  } else if (!nodes_.empty() && pages_.size() < 64 * options_.pages_at_once) {
    fetch_state_nodes m{q.id, target, {}};
    while (!nodes_.empty() && q.nodes.size() < options_.nodes_at_once) {
      m.paths.push_back(nodes_.back().first);
      q.nodes.insert(nodes_.back());
      nodes_.pop_back();
    }
    effects_.sends.push_back({whom, std::move(m)});
  } else {
    return false;
  }
  ++next_id_;
  p.open = std::move(q);
  return true;
}

// -- events ---------------------------------------------------------------------------------------

void state_fetch::on_message(std::uint64_t now_ns, replica_id from, const peer_message& m) {
  if (from.value() >= peers_.size() || from == options_.self)
    return;
  std::visit([&](const auto& what) { on(now_ns, from, what); }, m);
  settle(now_ns);
}

void state_fetch::on_staged(std::uint64_t now_ns, std::size_t bytes) {
  unstaged_ -= std::min(unstaged_, bytes);
  settle(now_ns);
}

void state_fetch::on_tick(std::uint64_t now_ns) {
  if (phase_ == phase::looking && now_ns - looked_ns_ >= options_.offer_ms * ns_per_ms) {
    looked_ns_ = now_ns;
    effects_.sends.push_back({std::nullopt, fetch_state{above_}});
  }
  if (phase_ == phase::fetching)
    for (auto& p : peers_)
      if (p.open && now_ns >= p.open->deadline_ns) {
        ++counters_.silences;
        close(now_ns, p, false);
      }
  if (phase_ == phase::fetching && few_sources())
    seek_better(now_ns);
  settle(now_ns);
}

void state_fetch::settle(std::uint64_t now_ns) {
  if (phase_ == phase::looking)
    try_choose(now_ns);
  if (phase_ != phase::fetching)
    return;
  ask(now_ns);
  counters_.missing = pages_.size();
  bool open = false;
  for (const auto& p : peers_)
    if (p.open) {
      open = true;
      counters_.missing += p.open->pages.size();
    }
  if (open) {
    stuck_since_ns_.reset();
    return;
  }
  if (!nodes_.empty() || !pages_.empty()) {
    // Whoever could be asked rests; or the disk must write first.
    if (unstaged_ >= options_.most_unstaged)
      stuck_since_ns_.reset();
    else if (!stuck_since_ns_)
      stuck_since_ns_ = now_ns;
    else if (now_ns - *stuck_since_ns_ >= options_.answer_ms * ns_per_ms)
      look(now_ns);
    return;
  }
  phase_ = phase::done;
  here_ = {};
  effects_.done = target_;
}

} // namespace bourse::consensus
