#include "tests/fairness/fair_cluster.hpp"

#include <algorithm>

namespace bourse::fairness {

namespace {

constexpr std::uint64_t window = 8; // blocks in flight

digest digest_of(sequence_number n, const std::vector<chain_head>& heads) {
  hasher h;
  h.add_u64(n.value());
  for (const auto& x : heads)
    h.add_u64(x.replica.value()).add_u64(x.index.value()).add(x.report);
  return h.finish();
}

} // namespace

void fair_cluster::start(std::uint16_t i) {
  auto& n = nodes_[i];
  sequencing_options o;
  o.self = replica_id{i};
  o.size = size_;
  n.core = std::make_unique<sequencing>(rules_, o, execution_order(rules_, size_),
                                        sequence_number{0}, block_time{0});
  for (const auto& r : n.disk.reports)
    n.core->keep(r);
  for (const auto& b : n.disk.bodies)
    n.core->keep(b, clock(i));
  n.executed.clear();
  n.told = 0;
  n.time = {};
  n.core->renew(view_);
}

void fair_cluster::event(std::uint16_t i,
                         const std::function<void(sequencing&, stamp_time)>& what) {
  what(*nodes_[i].core, clock(i));
  carry_out(i, nodes_[i].core->take(clock(i)));
}

void fair_cluster::send(std::uint16_t from, std::uint16_t to,
                        std::function<void(sequencing&, stamp_time)> what) {
  if (down_.contains(from) || down_.contains(to) || below(100) < options_.loss_percent)
    return;
  ++messages_;
  queue_.emplace(now_ + 1 + below(options_.delay_us),
                 [this, to, what = std::move(what), life = nodes_[to].life] {
                   if (nodes_[to].life == life)
                     event(to, what);
                 });
}

void fair_cluster::send_report(std::uint16_t from, std::uint16_t to, const report_ptr& r) {
  send(from, to, [r](sequencing& s, stamp_time now) { s.report(r, now); });
}

/// Something else than it would honestly say, if it says anything: other times, less, more, or
/// nothing; and on a branch of its own if it likes.
report_ptr fair_cluster::make_up(std::uint16_t liar, const stamp_report& genuine) {
  auto& n = nodes_[liar];
  stamp_report r = genuine;
  if (n.made_up.index.value() > 0 && below(8) != 0) {
    r.index = n.made_up.index.next();
    r.previous = n.made_up.digest;
  }
  auto from = n.made_up.boundary.value() + 1;
  r.boundary = stamp_time{std::max(r.boundary.value() + below(100'000), from + 100)};
  r.stamps.clear();
  std::set<std::uint64_t> times;
  auto count = below(20);
  while (times.size() < count)
    times.insert(std::max(from, r.boundary.value()
                                    - std::min<std::uint64_t>(r.boundary.value() - from, 60'000))
                 + below(std::min<std::uint64_t>(r.boundary.value() - from, 60'000) + 1));
  for (auto t : times) {
    if (stamped_.empty())
      break;
    auto what = stamped_[stamped_.size() - 1 - below(std::min<std::size_t>(stamped_.size(), 30))];
    if (below(10) == 0)
      what.about.number = submission_number{1 + below(20)};
    if (below(20) == 0)
      what.body.data[5] ^= 1;
    r.stamps.push_back({what.about, what.body, stamp_time{t}});
  }
  auto made = sign_report(std::move(r), n.key, rules_.cluster);
  n.made_up = position_of(*made);
  return made;
}

void fair_cluster::carry_out(std::uint16_t i, sequencing_effects e) {
  auto& n = nodes_[i];
  n.disk.reports.insert(n.disk.reports.end(), e.write_reports.begin(), e.write_reports.end());
  n.disk.bodies.insert(n.disk.bodies.end(), e.write_bodies.begin(), e.write_bodies.end());
  if (e.own_report) {
    auto own = sign_report(*e.own_report, n.key, rules_.cluster);
    if (honest(i))
      for (const auto& s : own->content.stamps) {
        stamps_[s.body].emplace(i, s.time); // the first one stays
        stamped_.push_back(about(s));
      }
    // Synced a little later, and lost if the process ends before.
    queue_.emplace(now_ + 200 + below(500), [this, i, own, life = n.life] {
      if (nodes_[i].life != life)
        return;
      nodes_[i].disk.reports.push_back(own);
      event(i, [&](sequencing& s, stamp_time now) { s.reported(own, now); });
    });
  }
  for (const auto& r : e.send_to_all)
    for (std::uint16_t to = 0; to < size_.n; ++to)
      if (to != i && (honest(i) || below(3) != 0))
        send_report(i, to, honest(i) ? r : make_up(i, r->content));
  auto primary = size_.primary_of(view_).value();
  for (const auto& r : e.relay)
    send_report(i, primary, r);
  for (const auto& q : e.fetch_reports)
    for (const auto& name : q.names)
      send(i, q.whom.value(), [this, i, name, who = q.whom.value()](sequencing& s, stamp_time) {
        if (auto r = s.find_report(name.report); r && honest(who))
          send_report(who, i, r);
      });
  for (const auto& q : e.fetch_bodies)
    for (const auto& d : q.names)
      send(i, q.whom.value(), [this, i, d, who = q.whom.value()](sequencing& s, stamp_time) {
        auto body = s.find_body(d);
        for (const auto& kept : nodes_[who].disk.bodies)
          if (kept->digest == d)
            body = kept;
        if (body && honest(who))
          send(who, i, [body](sequencing& to, stamp_time now) { to.hold(body, now); });
      });
  for (const auto& v : e.verdicts)
    if (v.block)
      accepted(i, v.what);
  for (auto& p : e.proposals)
    if (p.view == view_) {
      if (!honest(i) && below(2) == 0 && p.heads.size() > 1)
        p.heads.erase(p.heads.begin() + static_cast<std::ptrdiff_t>(below(p.heads.size())));
      offer(p.sequence, std::move(p.heads), true);
    }
  for (const auto& x : e.executions)
    note_execution(i, x);
}

void fair_cluster::note_execution(std::uint16_t i, const sequencing_effects::ordered& x) {
  auto& n = nodes_[i];
  times_fall_ = times_fall_ || (x.time.value() != 0 && x.time < n.time);
  n.time = std::max(n.time, x.time);
  n.executed.insert(n.executed.end(), x.executes.begin(), x.executes.end());
  n.by_block[x.block->sequence.value()] = x.executes;
}

/// To all, and nobody's word but theirs about it: what this view proposes in that slot.
void fair_cluster::offer(sequence_number n, std::vector<chain_head> heads, bool fresh) {
  if (n.value() <= log_.size() || !proposed_.emplace(n, proposal{heads, {}}).second)
    return;
  statement what{view_, n, digest_of(n, heads)};
  for (std::uint16_t i = 0; i < size_.n; ++i) {
    if (fresh && size_.primary_of(view_) == replica_id{i}) {
      accepted(i, what);
      continue;
    }
    // Consensus says it again until it has come.
    auto again = std::make_shared<std::function<void(unsigned)>>();
    *again = [this, i, what, heads, fresh, again](unsigned turn) {
      if (what.view != view_ || what.sequence.value() <= log_.size() || turn > 60)
        return;
      auto from = size_.primary_of(view_).value();
      send(from, i,
           [=](sequencing& s, stamp_time now) { s.check(what, fresh, heads, nullptr, now); });
      if (options_.loss_percent > 0 || !down_.empty())
        queue_.emplace(now_ + 50'000, [again, turn] { (*again)(turn + 1); });
    };
    (*again)(0);
  }
}

void fair_cluster::accepted(std::uint16_t i, const statement& what) {
  auto it = proposed_.find(what.sequence);
  if (what.view != view_ || it == proposed_.end()
      || digest_of(what.sequence, it->second.heads) != what.digest)
    return;
  it->second.accepted.insert(i);
  finish();
}

void fair_cluster::finish() {
  bool any = false;
  while (true) {
    auto next = proposed_.find(sequence_number{log_.size() + 1});
    if (next == proposed_.end() || next->second.accepted.size() < size_.quorum())
      break;
    auto heads = next->second.heads;
    log_.push_back(std::make_shared<const full_block>(
        full_block{next->first, digest_of(next->first, heads), nullptr, heads}));
    proposed_.erase(next);
    any = true;
    for (std::uint16_t i = 0; i < size_.n; ++i)
      queue_.emplace(now_ + 1 + below(options_.delay_us),
                     [this, i, k = log_.size() - 1] { execute(i, k); });
  }
  if (any)
    grant();
}

/// In order, each once a life.
void fair_cluster::execute(std::uint16_t i, std::size_t k) {
  auto& n = nodes_[i];
  if (down_.contains(i)) {
    queue_.emplace(now_ + 20'000, [this, i, k] { execute(i, k); });
    return;
  }
  while (n.told <= k) {
    auto at = n.told++;
    event(i, [&](sequencing& s, stamp_time now) {
      auto known = n.by_block.find(at + 1);
      s.execute(log_[at], false,
                known == n.by_block.end() ? std::vector<submission_ptr>{} : known->second, now);
    });
  }
}

void fair_cluster::grant() {
  auto primary = size_.primary_of(view_).value();
  std::vector<sequence_number> free;
  while (granted_.value() < log_.size() + window) {
    granted_ = granted_.next();
    if (granted_.value() > log_.size())
      free.push_back(granted_);
  }
  if (free.empty())
    return;
  queue_.emplace(now_ + 1, [this, primary, free, view = view_] {
    if (view == view_)
      event(primary, [&](sequencing& s, stamp_time) {
        for (auto n : free)
          s.grant(view, n);
      });
  });
}

} // namespace bourse::fairness
