#include "simulation/book_check.hpp"

#include <algorithm>
#include <limits>

namespace bourse::simulation {

namespace {

constexpr auto everything = std::numeric_limits<std::size_t>::max();

side opposite(side s) {
  return s == side::buy ? side::sell : side::buy;
}

} // namespace

book_check::book_check(const market::rules& r, violations& out)
    : rules_(r), out_(out), money_(r, out), queues_(2 * r.instruments.size()) {}

void book_check::executed(const market::block_input& input, const market::block_result& result,
                          const std::vector<report>& reports, const market::exchange& exchange) {
  block_ = result.sequence.value();
  time_ = std::max(time_, input.time.value());
  gone_.clear();
  block_story story{input, result, reports, out_};
  for (const auto& a : story.requests())
    if (a.what && a.answers > 0 && a.answer != report_kind::rejected)
      check_rights(a);
  fire_switches();
  std::uint32_t position = 0;
  for (const auto& h : story.all()) {
    if (h.position != position)
      settled_down();
    position = h.position;
    const auto& told = reports[h.what == happening::kind::trade ? 0 : h.index];
    if (h.what == happening::kind::opening)
      opened(told, story.requests()[position], position);
    else if (h.what == happening::kind::trade)
      trade(story.trade_at(h.index));
    else if (told.kind == report_kind::done)
      done(told, story.requests()[position]);
    else
      ended(told, story.request_of(told), h);
  }
  settled_down();
  for (const auto& [id, o] : open_) {
    if (o.asked.expire_after.value() != 0 && o.asked.expire_after.value() < block_)
      out_.add("time-in-force", "block {}: order {} is open, its last block was {}", block_, id,
               o.asked.expire_after.value());
    if (fired_.contains(o.asked.account) && id >> 16 < block_)
      out_.add("dead-man", "block {}: order {} is open, the switch of its account fired", block_,
               id);
    money_.hold(o);
  }
  arm_switches(story);
  compare_best(exchange);
  money_.settle(story, result);
  money_.compare(exchange);
}

// -- orders --------------------------------------------------------------------------------------

void book_check::opened(const report& r, const asked& by, std::uint32_t position) {
  if (r.kind == report_kind::accepted)
    accepted(r, by, position);
  else if (r.kind == report_kind::replaced)
    replaced(r, by, position);
  else
    refused(r, by);
}

void book_check::accepted(const report& r, const asked& by, std::uint32_t position) {
  const auto* p = std::get_if<place>(by.what);
  if (!p || p->instrument.value() >= rules_.instruments.size() || r.account != p->account
      || r.instrument != p->instrument || r.client_order != p->client_order || r.side != p->side
      || r.price != p->price || r.quantity != p->quantity || r.leaves != p->quantity
      || r.order.value() != (block_ << 16 | position))
    return out_.add("book", "block {}: order {} is not as it was asked for", block_,
                    r.order.value());
  known_order o;
  o.id = o.rank = r.order.value();
  o.client = r.client;
  o.asked = *p;
  o.leaves = p->quantity.value();
  o.may_take = p->tif != time_in_force::post_only;
  if (!open_.emplace(o.id, o).second)
    return out_.add("exactly-once", "block {}: order {} is accepted twice", block_, o.id);
  coming_ = o.id;
  enqueue(o);
}

/// Who was granted that may ask for it.
void book_check::check_rights(const asked& a) {
  const auto& c = rules_.clients[a.client.value()];
  auto account = std::visit([](const auto& r) { return r.account; }, *a.what);
  bool may = std::find(c.accounts.begin(), c.accounts.end(), account) != c.accounts.end();
  if (const auto* p = std::get_if<place>(a.what); p && p->liquidation)
    may = c.liquidator && p->side == side::sell;
  else if (std::holds_alternative<cancel_all>(*a.what))
    may = may || c.liquidator;
  else if (std::holds_alternative<deposit>(*a.what) || std::holds_alternative<withdraw>(*a.what))
    may = c.treasurer;
  if (!may)
    out_.add("rights", "block {}: client {} may not ask that for account {}", block_,
             a.client.value(), account.value());
}

void book_check::replaced(const report& r, const asked& by, std::uint32_t position) {
  const auto* change = std::get_if<replace>(by.what);
  auto it = open_.find(r.order.value());
  if (!change || it == open_.end() || it->second.client != r.client)
    return out_.add("book", "block {}: order {} is replaced, which nobody asked or it is not open",
                    block_, r.order.value());
  auto& o = it->second;
  if (change->account != o.asked.account || change->instrument != o.asked.instrument
      || change->client_order != o.asked.client_order || change->side != o.asked.side
      || r.client_order != change->new_client_order || r.price != change->price
      || r.quantity != change->quantity || r.leaves.value() != r.quantity.value() - o.filled
      || r.leaves.value() <= 0)
    out_.add("book", "block {}: order {} is not replaced as was asked", block_, o.id);
  dequeue(o);
  bool keeps_place = r.price == o.asked.price && r.leaves.value() <= o.leaves;
  o.asked.client_order = r.client_order;
  o.asked.price = r.price;
  o.asked.quantity = r.quantity;
  o.leaves = r.leaves.value();
  o.may_take = !change->post_only && !keeps_place;
  if (!keeps_place) {
    o.rank = block_ << 16 | position;
    coming_ = o.id;
  }
  enqueue(o);
}

void book_check::ended(const report& r, const asked* by, const happening& h) {
  auto it = open_.find(r.order.value());
  if (it == open_.end() || it->second.client != r.client || it->second.leaves != r.leaves.value())
    return out_.add("book", "block {}: order {} ends with {} lots left, which is not so", block_,
                    r.order.value(), r.leaves.value());
  const auto& o = it->second;
  const auto* one = by ? std::get_if<cancel>(by->what) : nullptr;
  const auto* all = by ? std::get_if<cancel_all>(by->what) : nullptr;
  if ((one && *one != cancel{o.asked.account, o.asked.instrument, o.asked.client_order})
      || (all && all->account != o.asked.account)
      || (r.kind == report_kind::cancelled && by && !one && !all))
    out_.add("book", "block {}: order {} is cancelled, and another was to be", block_, o.id);
  if (h.position != 0 && (r.why == reason::dead_man || r.why == reason::end_of_life))
    out_.add("book", "block {}: order {} expires after request {}, and not before all", block_,
             o.id, h.position);
  check_end(r, o);
  if (coming_ == it->first)
    coming_ = 0;
  dequeue(it->second);
  if (h.what == happening::kind::early_end
      && (r.kind == report_kind::cancelled || r.why == reason::self_trade))
    gone_.push_back(it->second);
  open_.erase(it);
}

void book_check::done(const report& r, const asked& by) {
  const auto* all = std::get_if<cancel_all>(by.what);
  if (!all)
    return;
  for (const auto& [id, o] : open_)
    if (o.asked.account == all->account
        && (!all->instrument || o.asked.instrument == *all->instrument))
      out_.add("book", "block {}: order {} outlives a cancel-all that client {} is told of", block_,
               id, r.client.value());
}

void book_check::check_end(const report& r, const known_order& o) {
  auto broken = [&](const char* what) {
    out_.add("time-in-force", "block {}: order {} {}", block_, o.id, what);
  };
  if (r.kind == report_kind::cancelled)
    return;
  if (r.why == reason::self_trade && coming_ == o.id && o.asked.stp == self_trade::expire_maker)
    out_.add("self-trade", "block {}: order {} expires, the other one was to", block_, o.id);
  if (o.asked.tif == time_in_force::fill_or_kill && r.why != reason::overflow)
    broken("is to be filled or refused, and a rest of it expires");
  if (r.why == reason::dead_man && !fired_.contains(o.asked.account))
    out_.add("dead-man", "block {}: order {} expires, no switch of its account was due", block_,
             o.id);
  if (r.why == reason::end_of_life
      && (o.asked.tif != time_in_force::good_till_block || o.asked.expire_after.value() >= block_))
    broken("expires before its time");
  if (r.why == reason::no_liquidity && (o.may_rest() || coming_ != o.id))
    broken("expires for want of others, and might rest");
  else if (r.why == reason::no_liquidity && next_for(o))
    broken("expires for want of others, and there are some");
}

void book_check::settled_down() {
  auto it = open_.find(coming_);
  coming_ = 0;
  if (it == open_.end())
    return;
  if (!it->second.may_rest())
    out_.add("time-in-force", "block {}: order {} rests, and must not", block_, it->first);
  else if (const auto* other = next_for(it->second))
    out_.add("book", "block {}: order {} rests beside order {}, which it could trade with", block_,
             it->first, other->id);
}

// -- refusals ------------------------------------------------------------------------------------

/// Those that books and names decide: funds and rights are not looked at.
void book_check::refused(const report& r, const asked& by) {
  bool right = true;
  if (const auto* p = std::get_if<place>(by.what)) {
    if (r.why == reason::would_take)
      right = p->type == order_type::market || may_cross(*p);
    else if (r.why == reason::would_not_fill)
      right = p->tif == time_in_force::fill_or_kill && may_fail_to_fill(*p);
    else if (r.why == reason::duplicate_client_order)
      right = may_be_named({p->account, p->instrument, p->client_order});
  } else if (const auto* c = std::get_if<cancel>(by.what)) {
    if (r.why == reason::unknown_order)
      right = may_be_unknown({c->account, c->instrument, c->client_order}, std::nullopt);
  } else if (const auto* x = std::get_if<replace>(by.what)) {
    const auto* o = named({x->account, x->instrument, x->client_order});
    place as;
    as.instrument = x->instrument;
    as.side = x->side;
    as.price = x->price;
    if (r.why == reason::unknown_order)
      right = may_be_unknown({x->account, x->instrument, x->client_order}, x->side);
    else if (r.why == reason::would_take)
      right = x->post_only && may_cross(as);
    else if (r.why == reason::too_late)
      right = !gone_.empty() || (o && x->quantity.value() <= o->filled);
    else if (r.why == reason::duplicate_client_order)
      right = x->new_client_order != x->client_order
              && may_be_named({x->account, x->instrument, x->new_client_order});
  }
  if (!right)
    out_.add("refusal", "block {}: client {} is refused request {} of submission {}: {}", block_,
             r.client.value(), r.index, r.submission.value(), to_string(r.why));
}

bool book_check::may_cross(const place& p) {
  known_order taker;
  taker.asked = p;
  return next_for(taker) || std::any_of(gone_.begin(), gone_.end(), [&](const auto& o) {
           return o.asked.instrument == p.instrument && o.asked.side != p.side
                  && taker.agrees_to(o.asked.price.value());
         });
}

/// By what stands in the book. What a market order may spend is not looked at.
bool book_check::may_fail_to_fill(const place& p) {
  if (p.type == order_type::market || !gone_.empty())
    return true;
  known_order taker;
  taker.asked = p;
  auto wanted = p.quantity.value();
  for (const auto& each : queue_of(p.instrument, opposite(p.side))) {
    const auto& o = open_.at(each.id);
    bool own = o.asked.account == p.account;
    if (wanted <= 0 || !taker.agrees_to(o.asked.price.value())
        || (own && p.stp != self_trade::expire_maker))
      break;
    wanted -= own ? 0 : o.leaves;
  }
  return wanted > 0;
}

const known_order* book_check::named(const name& n) const {
  auto found = names_.find(n);
  return found == names_.end() ? nullptr : &open_.at(found->second);
}

bool book_check::may_be_named(const name& n) const {
  return std::get<client_order_id>(n).value() == 0 || named(n)
         || std::any_of(gone_.begin(), gone_.end(), [&](const auto& o) { return name_of(o) == n; });
}

bool book_check::may_be_unknown(const name& n, std::optional<side> s) const {
  const auto* o = named(n);
  return !o || (s && o->asked.side != *s);
}

// -- dead-man's switches -------------------------------------------------------------------------

void book_check::fire_switches() {
  fired_.clear();
  for (const auto& [account, due] : armed_)
    if (due <= time_)
      fired_.insert(account);
  for (auto account : fired_)
    armed_.erase(account);
}

void book_check::arm_switches(const block_story& story) {
  for (const auto& a : story.requests()) {
    const auto* s = a.what ? std::get_if<dead_man_switch>(a.what) : nullptr;
    if (!s || a.answer != report_kind::done)
      continue;
    armed_.erase(s->account);
    if (s->timeout_ms != 0)
      armed_[s->account] = time_ + s->timeout_ms;
  }
}

// -- queues --------------------------------------------------------------------------------------

book_check::in_line book_check::line_of(const known_order& o) {
  auto p = o.asked.price.value();
  return {o.asked.side == side::buy ? -p : p, o.rank, o.id};
}

void book_check::enqueue(const known_order& o) {
  if (named(name_of(o)))
    out_.add("book", "block {}: order {} has the name of another open one", block_, o.id);
  if (!o.may_rest())
    return;
  queue_of(o.asked.instrument, o.asked.side).insert(line_of(o));
  names_.emplace(name_of(o), o.id);
}

void book_check::dequeue(const known_order& o) {
  if (!o.may_rest())
    return;
  queue_of(o.asked.instrument, o.asked.side).erase(line_of(o));
  if (auto it = names_.find(name_of(o)); it != names_.end() && it->second == o.id)
    names_.erase(it);
}

const known_order* book_check::next_for(const known_order& taker) {
  const auto& others = queue_of(taker.asked.instrument, opposite(taker.asked.side));
  if (others.empty())
    return nullptr;
  const auto& first = open_.at(others.begin()->id);
  return taker.agrees_to(first.asked.price.value()) ? &first : nullptr;
}

// -- trades --------------------------------------------------------------------------------------

void book_check::trade(const block_story::trade& t) {
  const auto& s = *t.settled;
  auto maker = open_.find(s.maker_order.value());
  auto taker = open_.find(s.taker_order.value());
  if (maker == open_.end() || taker == open_.end())
    return out_.add("book", "block {}: trade {} of orders that are not open", block_,
                    s.trade.value());
  check_trade(s, maker->second, taker->second);
  money_.trade(t, maker->second, taker->second);
  fill(maker->second, s, t.maker, role::maker);
  fill(taker->second, s, t.taker, role::taker);
  for (auto it : {maker, taker})
    if (it->second.leaves <= 0) {
      dequeue(it->second);
      open_.erase(it);
    }
}

void book_check::check_trade(const settlement& s, const known_order& maker,
                             const known_order& taker) {
  auto price = s.price.value();
  auto broken = [&](const char* rule, const char* what) {
    out_.add(rule, "block {}: trade {} of orders {} and {} at {}: {}", block_, s.trade.value(),
             maker.id, taker.id, price, what);
  };
  if (maker.asked.instrument != taker.asked.instrument || s.instrument != taker.asked.instrument
      || maker.asked.side == taker.asked.side || s.taker_side != taker.asked.side)
    broken("book", "they are no match");
  if (maker.asked.price != s.price)
    broken("book", "its maker stands at another price");
  if (!taker.agrees_to(price))
    broken("book", "it is beyond its taker's limit");
  if (maker.asked.account == taker.asked.account)
    broken("self-trade", "they are of one account");
  if (taker.id != coming_)
    broken("book", "its taker did not come just now");
  if (!taker.may_take)
    broken("time-in-force", "its taker is post-only");
  for (const auto* o : {&maker, &taker})
    if (o->asked.expire_after.value() != 0 && o->asked.expire_after.value() < block_)
      broken("time-in-force", "one of them should have expired");
  const auto* first = next_for(taker);
  if (!first)
    return broken("book", "its maker is not in the book");
  if (first->id == maker.id)
    return;
  if (first->asked.account == taker.asked.account)
    broken("self-trade", "an order of the taker's account is first, and stays");
  else
    out_.add("priority",
             "block {}: trade {} of order {} (rank {:x}) at {} passes over {} ({:x}) "
             "at {}",
             block_, s.trade.value(), maker.id, maker.rank, price, first->id, first->rank,
             first->asked.price.value());
}

void book_check::fill(known_order& o, const settlement& s, const report* told, role as) {
  auto lots = s.quantity.value();
  if (lots <= 0 || lots > o.leaves)
    out_.add("book", "block {}: trade {} takes {} of {} lots of order {}", block_, s.trade.value(),
             lots, o.leaves, o.id);
  o.leaves -= lots;
  o.filled += lots;
  if (told
      && (told->order.value() != o.id || told->client != o.client
          || told->account != o.asked.account || told->instrument != s.instrument
          || told->side != o.asked.side || told->client_order != o.asked.client_order
          || told->role != as || told->price != s.price || told->quantity != s.quantity
          || told->leaves.value() != o.leaves))
    out_.add("settlement", "block {}: trade {} is not the fill that order {} is told of", block_,
             s.trade.value(), o.id);
}

// -- comparing -----------------------------------------------------------------------------------

void book_check::compare_best(const market::exchange& exchange) {
  for (std::size_t i = 0; i < rules_.instruments.size(); ++i) {
    instrument_id id{static_cast<std::uint16_t>(i)};
    const auto& bids = queue_of(id, side::buy);
    const auto& asks = queue_of(id, side::sell);
    auto best = exchange.book(id, 1);
    auto bid = best.bids.empty() ? 0 : best.bids.front().price.value();
    auto ask = best.asks.empty() ? 0 : best.asks.front().price.value();
    if (bid != (bids.empty() ? 0 : -bids.begin()->price)
        || ask != (asks.empty() ? 0 : asks.begin()->price))
      out_.add("book", "block {}: best prices of book {} are not those of the reports", block_, i);
    if (bid != 0 && ask != 0 && bid >= ask)
      out_.add("book", "block {}: book {} is crossed", block_, i);
  }
}

void book_check::compare_books(const market::exchange& exchange) {
  for (std::size_t i = 0; i < rules_.instruments.size(); ++i) {
    instrument_id id{static_cast<std::uint16_t>(i)};
    auto book = exchange.book(id, everything);
    for (auto s : {side::buy, side::sell}) {
      std::map<std::int64_t, std::int64_t> found;
      std::map<std::int64_t, std::int64_t> known;
      for (const auto& l : s == side::buy ? book.bids : book.asks)
        found[l.price.value()] = l.quantity.value();
      for (const auto& each : queue_of(id, s)) {
        const auto& o = open_.at(each.id);
        known[o.asked.price.value()] += o.leaves;
      }
      if (found != known)
        out_.add("book", "block {}: {} levels of book {} are not those of the reports", block_,
                 s == side::buy ? "buying" : "selling", i);
    }
  }
}

} // namespace bourse::simulation
