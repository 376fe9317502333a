#include "fairness/sequencing.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::fairness {

namespace {

/// A backup may have executed less than the primary, so it follows a chain for longer before it
/// leaves the matter to the blocks in between.
constexpr std::size_t patient_links = 4 * max_links;

bool in_order(const std::vector<chain_head>& heads, cluster_size size) {
  return std::adjacent_find(heads.begin(), heads.end(),
                            [](const auto& a, const auto& b) { return a.replica >= b.replica; })
             == heads.end()
         && (heads.empty() || heads.back().replica.value() < size.n);
}

} // namespace

sequencing::sequencing(const market::rules& rules, const sequencing_options& options,
                       execution_order order, sequence_number executed, block_time next_due)
    : rules_(rules),
      options_(options),
      order_(std::move(order)),
      store_(options.size),
      tally_(rules, options.size),
      stamper_(rules, options.self, order_.heads().of(options.self)),
      missing_reports_(options.self, options.grace_us, options.retry_us),
      missing_bodies_(options.self, options.grace_us, options.retry_us),
      proposer_(rules, options.self, options.size),
      executed_(executed),
      next_due_(next_due) {
  for (std::uint32_t c = 0; c < rules.clients.size(); ++c)
    for (std::uint8_t s = 0; s < max_streams; ++s)
      set_next(client_id{c}, stream_id{s}, order_.order().next(client_id{c}, stream_id{s}));
  order_.order().each_body([&](const submission_ptr& body) { bodies_.add(body); });
  order_.order().each_stamp([&](const stamped& what, replica_id by, stamp_time time) {
    tally_.add(what, by, time);
    if (by == options_.self)
      stamper_.resume(what);
  });
  proposer_.renew(sight());
}

// -- what the disk has --------------------------------------------------------------------------

void sequencing::set_next(client_id client, stream_id stream, submission_number next) {
  stamper_.set_next(client, stream, next);
  tally_.set_next(client, stream, next, [&](const digest& d) { missing_bodies_.drop(d); });
  bodies_.set_next(client, stream, next, [&](const submission_ptr& s) {
    written_.erase(s->digest);
    gone_.push_back(s);
  });
}

void sequencing::keep(const report_ptr& r) {
  auto who = r->content.replica;
  if (who.value() >= options_.size.n || !store_.add(r, order_.heads().of(who), true))
    return;
  written_.insert(r->digest);
  tally_.add(r->content);
  if (who == options_.self)
    stamper_.resume(*r);
}

void sequencing::keep(const submission_ptr& body, stamp_time now) {
  written_.insert(body->digest);
  hold(body, now);
}

// -- stamps and reports -------------------------------------------------------------------------

void sequencing::hold(const submission_ptr& body, stamp_time now) {
  auto what = about(*body);
  missing_bodies_.drop(what.body);
  if (tally_.waits(what.about) && bodies_.add(body)) {
    stamper_.hold(what.about, what.body, now);
    changed_ = true;
  }
  arrived(what.body);
}

bool sequencing::report(const report_ptr& r, stamp_time now) {
  auto who = r->content.replica;
  chain_head name{who, r->content.index, r->digest};
  bool needed = missing_reports_.needs(name);
  missing_reports_.drop(name);
  if (who.value() >= options_.size.n || !store_.add(r, order_.heads().of(who), needed))
    return false;
  tally(r, now);
  arrived(r->digest);
  // One that was lost on its way holds up all that follow on it.
  chain_head before{who, report_index{r->content.index.value() - 1}, r->content.previous};
  if (before.index > order_.heads().of(who).index && !store_.holds(before.report))
    missing_reports_.want_early(before, who, holders(who), executed_, now);
  if (needed)
    missing_reports_.hurry(before, now);
  return true;
}

void sequencing::reported(const report_ptr& own, stamp_time now) {
  reporting_ = false;
  written_.insert(own->digest);
  if (!stamper_.reported(*own))
    return;
  effects_.send_to_all.push_back(own);
  said_ = now;
  if (store_.add(own, order_.heads().of(options_.self), true))
    tally(own, now);
  arrived(own->digest);
}

/// What others stamp is fetched and stamped here too, so that a client who reaches one honest
/// replica has reached them all.
void sequencing::tally(const report_ptr& r, stamp_time now) {
  changed_ = true;
  for (const auto& what : tally_.add(r->content))
    if (!bodies_.holds(what.body))
      missing_bodies_.want_early(what.body, r->content.replica, {r->content.replica}, executed_,
                                 now);
}

bool sequencing::owed(stamp_time now) const {
  return fill_until_ > executed_
         || (next_due_.value() != 0 && block_time_of(now) >= next_due_
             && block_time_of(order_.time()) < next_due_);
}

std::optional<stamp_time> sequencing::next_repeat() const {
  if (!stamper_.full() || (stamper_.open() == 0 && fill_until_ <= executed_))
    return std::nullopt;
  return stamp_time{said_.value() + options_.repeat_us};
}

void sequencing::make_report(stamp_time now) {
  if (reporting_)
    return;
  if (auto at = next_repeat(); at && now >= *at) {
    effects_.send_to_all.push_back(store_.find(stamper_.last().digest));
    said_ = now;
  }
  auto content = stamper_.report(now, owed(now));
  if (!content)
    return;
  for (const auto& s : content->stamps)
    if (auto body = bodies_.find(s.body))
      write(body);
  reporting_ = true;
  effects_.own_report = std::move(content);
}

void sequencing::write(const report_ptr& r) {
  if (written_.insert(r->digest).second)
    effects_.write_reports.push_back(r);
}

void sequencing::write(const submission_ptr& body) {
  if (written_.insert(body->digest).second)
    effects_.write_bodies.push_back(body);
}

// -- what is missing ----------------------------------------------------------------------------

std::vector<replica_id> sequencing::holders(replica_id first) const {
  std::vector<replica_id> out{first};
  for (std::uint16_t i = 1; i < options_.size.n; ++i)
    out.push_back(replica_id{static_cast<std::uint16_t>((first.value() + i) % options_.size.n)});
  return out;
}

void sequencing::want_report(const chain_head& what, sequence_number by, stamp_time now) {
  missing_reports_.want(what, holders(what.replica), by, now);
}

/// Whoever executed the block has it, so nobody in particular is asked first; least of all the one
/// whose report it is.
void sequencing::want_final(const chain_head& what, sequence_number by, stamp_time now) {
  missing_reports_.want(what, holders(somebody(what.report)), by, now);
  missing_reports_.hurry(what, now);
}

void sequencing::want_final(const digest& body, sequence_number by, stamp_time now) {
  missing_bodies_.want(body, holders(somebody(body)), by, now);
  missing_bodies_.hurry(body, now);
}

replica_id sequencing::somebody(const digest& of) const {
  return replica_id{static_cast<std::uint16_t>(of.data[0] % options_.size.n)};
}

void sequencing::want_body(const stamped& what, sequence_number by, stamp_time now) {
  std::vector<replica_id> who;
  if (const auto* e = tally_.find(what))
    for (const auto& [replica, time] : e->stamps)
      who.push_back(replica);
  missing_bodies_.want(what.body, who.empty() ? holders(options_.self) : who, by, now);
}

void sequencing::arrived(const digest& what) {
  for (auto& c : checks_)
    c.missing.erase(what);
}

// -- blocks that are proposed -------------------------------------------------------------------

void sequencing::check(const statement& what, bool fresh, std::vector<chain_head> heads,
                       shared_bytes encoded, stamp_time now) {
  if (std::any_of(checks_.begin(), checks_.end(), [&](const auto& c) { return c.what == what; }))
    return;
  const char* wrong = nullptr;
  if (!in_order(heads, options_.size))
    wrong = "heads out of order";
  else if (fresh && heads.empty())
    wrong = "a null block is nobody's to propose";
  if (wrong) {
    effects_.verdicts.push_back({what, fresh, nullptr, error{errc::malformed, wrong}});
    return;
  }
  checks_.push_back({what, fresh, std::move(heads), std::move(encoded), {}, false});
  if (look_at(checks_.back(), now))
    checks_.pop_back();
}

/// True if it is answered.
bool sequencing::look_at(open_check& c, stamp_time now) {
  c.far = false;
  for (const auto& named : c.heads) {
    auto path = store_.path(order_.heads().of(named.replica), named, patient_links);
    // So no block that is final names a report by another place than its own, under which nobody
    // would find it. Whether it does can be told from the report alone.
    if (c.fresh && path.found == chain_path::result::broken) {
      effects_.verdicts.push_back(
          {c.what, true, nullptr, error{errc::malformed, "a head of a broken chain"}});
      return true;
    }
    c.far = c.far || path.found == chain_path::result::far;
    if (path.found == chain_path::result::missing) {
      c.missing.insert(path.lacking.report);
      want_report(path.lacking, c.what.sequence, now);
    }
    for (const auto& r : path.reports)
      for (const auto& s : r->content.stamps) {
        const auto* e = tally_.find(about(s));
        if (!e || !e->vouched(options_.size) || bodies_.holds(s.body))
          continue;
        c.missing.insert(s.body);
        want_body(about(s), c.what.sequence, now);
      }
  }
  if (!c.missing.empty() || c.far)
    return false;
  write(c);
  if (c.what.view >= view_) {
    proposer_.in_flight(sight(), c.what.sequence, c.heads);
    changed_ = true;
  }
  auto block = std::make_shared<const full_block>(
      full_block{c.what.sequence, c.what.digest, c.encoded, c.heads});
  effects_.verdicts.push_back({c.what, c.fresh, std::move(block), {}});
  return true;
}

/// What a vote for it rests on: the paths, and the bodies that an honest replica has stamped.
void sequencing::write(const open_check& c) {
  for (const auto& named : c.heads) {
    auto path = store_.path(order_.heads().of(named.replica), named, patient_links);
    for (const auto& r : path.reports) {
      write(r);
      for (const auto& s : r->content.stamps) {
        const auto* e = tally_.find(about(s));
        if (e && e->vouched(options_.size))
          write(bodies_.find(s.body));
      }
    }
  }
}

void sequencing::look_at_checks(stamp_time now) {
  std::erase_if(checks_,
                [&](open_check& c) { return c.missing.empty() && !c.far && look_at(c, now); });
}

// -- blocks that are final ----------------------------------------------------------------------

void sequencing::execute(const full_block_ptr& block, bool checkpoint,
                         std::vector<submission_ptr> known, stamp_time now) {
  BOURSE_ASSERT(block->sequence
                == (finals_.empty() ? executed_ : finals_.back().block->sequence).next());
  BOURSE_ASSERT(in_order(block->heads, options_.size)); // or no honest replica had voted for it
  finals_.push_back({block, checkpoint, std::move(known), false, {}});
  // Where many blocks are to be caught up with, they need not wait for each other's reports.
  for (const auto& named : block->heads)
    if (named.index > order_.heads().of(named.replica).index && !store_.holds(named.report))
      want_final(named, block->sequence, now);
}

void sequencing::execute_finals(stamp_time now) {
  bool any = false;
  while (!finals_.empty() && execute_one(finals_.front(), now)) {
    finals_.pop_front();
    any = true;
  }
  if (!any)
    return;
  std::erase_if(checks_, [&](const open_check& c) { return c.what.sequence <= executed_; });
  // What they miss they may need no more: then nobody else may have kept it.
  for (auto& c : checks_) {
    c.far = false;
    c.missing.clear();
  }
  // Nor does anybody else need what only those blocks did, if it exists at all.
  missing_reports_.drop_if([&](const chain_head& r, sequence_number by) {
    return by == sequence_number{0} ? r.index <= order_.heads().of(r.replica).index
                                    : by <= executed_;
  });
}

/// Commits the paths of a block whose reports are all here.
bool sequencing::begin(final_block& b, stamp_time now) {
  const auto& heads = b.block->heads;
  auto lacking = order_.lacking(heads, store_);
  for (const auto& what : lacking)
    want_final(what, b.block->sequence, now);
  if (!lacking.empty())
    return false;
  for (const auto& named : heads)
    for (const auto& r : store_.path(order_.heads().of(named.replica), named).reports)
      write(r);
  for (const auto& body : std::exchange(b.known, {}))
    keep(body, now);
  b.eligible = order_.begin(heads, store_);
  b.begun = true;
  return true;
}

bool sequencing::execute_one(final_block& b, stamp_time now) {
  const auto& block = *b.block;
  sequencing_effects::ordered out{b.block, block_time{0}, {}, {}, {}, b.checkpoint, {}};
  if (!block.heads.empty()) {
    if (!b.begun && !begin(b, now))
      return false;
    std::vector<submission_ptr> bodies;
    for (const auto& d : b.eligible) {
      bodies.push_back(bodies_.find(d));
      if (!bodies.back())
        want_final(d, block.sequence, now);
    }
    if (std::count(bodies.begin(), bodies.end(), nullptr) > 0)
      return false;
    out.executes = order_.finish(bodies);
    out.voided = order_.voided();
    out.time = block_time_of(order_.time());
  }
  if (b.checkpoint)
    out.pages = order_.take_dirty_pages();
  executed_ = block.sequence;
  advance(out, now);
  effects_.executions.push_back(std::move(out));
  stamper_.committed(order_.heads().of(options_.self), now);
  proposer_.executed(sight(), executed_);
  changed_ = true;
  return true;
}

void sequencing::advance(sequencing_effects::ordered& by, stamp_time now) {
  auto credit = ranking::credits_ahead * std::max(rules_.stream_window, 1u);
  gone_.clear();
  for (const auto& s : by.executes) {
    const auto& [client, stream, number, requests] = s->content;
    set_next(client, stream, number.next());
    // What was beyond the credit here, since others were ahead, may be stamped as that moves on.
    bodies_.each(
        client, stream, submission_number{number.value() + credit},
        [&](const submission_ptr& body) { stamper_.hold(about(*body).about, body->digest, now); });
  }
  by.gone = std::exchange(gone_, {});
}

// -- leading, and being led ---------------------------------------------------------------------

void sequencing::grant(view_number view, sequence_number sequence) {
  grants_.push_back({view, sequence});
}

void sequencing::renew(view_number view) {
  view_ = view;
  std::erase_if(checks_, [&](const open_check& c) { return c.what.view < view; });
  grants_.clear();
  relayed_.reset();
  proposer_.renew(sight());
  changed_ = true;
}

void sequencing::fill(sequence_number until) {
  fill_until_ = std::max(fill_until_, until);
  changed_ = true;
}

void sequencing::switch_due(block_time next_due) {
  changed_ = changed_ || next_due != next_due_;
  next_due_ = next_due;
}

void sequencing::propose(stamp_time now) {
  while (!grants_.empty() && grants_.front().sequence <= executed_)
    grants_.pop_front();
  while (!grants_.empty()) {
    auto heads = proposer_.heads(sight());
    if (!heads)
      return;
    auto to = grants_.front();
    grants_.pop_front();
    proposer_.in_flight(sight(), to.sequence, *heads);
    proposer_.look(sight(), now);
    open_check all{{to.view, to.sequence, {}}, true, *heads, nullptr, {}, false};
    write(all);
    effects_.proposals.push_back({to.view, to.sequence, std::move(*heads)});
  }
}

std::optional<stamp_time> sequencing::next_relay() const {
  auto since = proposer_.waiting_since();
  if (!since || options_.size.primary_of(view_) == options_.self)
    return std::nullopt;
  auto from = relayed_ ? std::max(*relayed_, *since) : *since;
  return stamp_time{from.value() + options_.relay_after_us};
}

/// What the primary lets lie it may not have, before that counts against it.
void sequencing::relay(stamp_time now) {
  auto at = next_relay();
  if (!at || now < *at)
    return;
  relayed_ = now;
  for (std::uint16_t i = 0; i < options_.size.n; ++i) {
    replica_id who{i};
    const auto& head = order_.heads().of(who);
    auto newest = store_.newest(who, head);
    if (!newest)
      continue;
    auto path = store_.path(head, {who, newest->content.index, newest->digest});
    effects_.relay.insert(effects_.relay.end(), path.reports.begin(), path.reports.end());
  }
}

sequencing::debt sequencing::owes(stamp_time now) const {
  debt out;
  auto since = proposer_.waiting_since();
  out.owed = (since ? 1 : 0) + (proposer_.any_in_flight() ? 1 : 0);
  if (since && now > *since)
    out.oldest_wait_us = now.value() - since->value();
  return out;
}

// -- what every event ends with -----------------------------------------------------------------

sequencing_effects sequencing::take(stamp_time now) {
  execute_finals(now);
  look_at_checks(now);
  if (changed_) {
    changed_ = false;
    proposer_.look(sight(), now);
  }
  propose(now);
  relay(now);
  make_report(now);
  effects_.fetch_reports = missing_reports_.due(now);
  effects_.fetch_bodies = missing_bodies_.due(now);
  return std::exchange(effects_, {});
}

std::optional<stamp_time> sequencing::next_event() const {
  std::optional<stamp_time> first;
  auto by = [&](std::optional<stamp_time> at) {
    if (at && (!first || *at < *first))
      first = at;
  };
  if (!reporting_) {
    by(stamper_.next_report(fill_until_ > executed_));
    by(next_repeat());
    // A switch that is due has replicas report where nothing else does.
    if (next_due_.value() != 0 && block_time_of(order_.time()) < next_due_)
      by(stamp_time{std::max(next_due_.value() * 1000,
                             stamper_.next_report(true).value_or(max_stamp_time).value())});
  }
  by(missing_reports_.next());
  by(missing_bodies_.next());
  by(next_relay());
  return first;
}

void sequencing::stable(sequence_number n) {
  std::erase_if(checks_, [&](const open_check& c) { return c.what.sequence <= n; });
}

void sequencing::forget(const std::vector<report_index>& covered) {
  BOURSE_ASSERT(covered.size() == options_.size.n);
  for (std::uint16_t i = 0; i < options_.size.n; ++i)
    store_.forget(replica_id{i}, covered[i], [&](const digest& d) { written_.erase(d); });
}

} // namespace bourse::fairness
