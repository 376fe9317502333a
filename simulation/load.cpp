#include "simulation/load.hpp"

#include "simulation/crowd.hpp"

namespace bourse::simulation {

namespace {

constexpr std::int64_t middle = 1000;
constexpr std::uint64_t spread = 12;
constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t streams = 3;
constexpr std::size_t remembered = 20; ///< orders of a client

} // namespace

load::load(cluster& c, const plan& p)
    : cluster_(c),
      random_(p.seed ^ 0x10ad),
      asking_(p.seed ^ 0xa5c),
      requests_each_(p.load.requests_each) {
  client_tuning tuning;
  tuning.max_coalesced = p.load.signed_together;
  join("maker", false, tuning);
  join("taker", false, tuning);
  join("liquidator", true, tuning);
  join("treasurer", true, tuning);
  to_come_ = p.load.placements;
  for (std::uint32_t i = 0; i < p.load.placements; ++i) {
    // The last two have rights that others lack, and seldom use them.
    auto who = random_.below(12);
    auto at = (100 + random_.below(p.load_ms - 100)) * ms;
    c.universe().at(at, [this, who = who < 5    ? 0
                                     : who < 10 ? 1
                                                : who - 8] {
      place(who, static_cast<std::uint8_t>(random_.below(streams)));
    });
  }
  for (std::uint32_t i = 0; i < p.load.questions; ++i)
    c.universe().at((500 + asking_.below(p.load_ms - 500)) * ms,
                    [this, who = asking_.below(members_.size())] { ask(who); });
}

void load::go_on() {
  for (std::uint64_t after_ms : {1000, 3000})
    for (std::size_t who = 0; who < members_.size(); ++who)
      for (std::uint8_t stream = 0; stream < streams; ++stream) {
        ++to_come_;
        cluster_.universe().after(after_ms * ms, [this, who, stream] { place(who, stream); });
      }
}

void load::join(const char* name, bool trades_for_others, const client_tuning& tuning) {
  member m;
  m.id = client_named(cluster_.genesis(), name);
  const auto& rules = cluster_.genesis().market;
  m.accounts = rules.clients[m.id.value()].accounts;
  if (trades_for_others)
    for (std::size_t a = 0; a < rules.accounts.size(); ++a)
      m.accounts.emplace_back(static_cast<std::uint32_t>(a));
  m.client = std::make_unique<attached_client>(cluster_, m.id, tuning);
  members_.push_back(std::move(m));
}

void load::place(std::size_t who, std::uint8_t stream) {
  auto& m = members_[who];
  std::vector<request> list;
  for (auto count = 1 + random_.below(requests_each_); count > 0; --count)
    list.push_back(next(m));
  m.client->place(stream, std::move(list));
  --to_come_;
}

/// What f+1 replicas must agree on, or sign.
void load::ask(std::size_t who) {
  auto& m = members_[who];
  const auto& rules = cluster_.genesis().market;
  const auto& own = rules.clients[m.id.value()].accounts;
  const auto& reports = m.client->reports();
  question q;
  q.limit = levels;
  q.timeout_ms = patience_ms;
  q.subject = static_cast<std::uint32_t>(asking_.below(rules.instruments.size()));
  auto kind = asking_.below(4);
  if (kind == 1 && !own.empty()) {
    q.kind = query_kind::account;
    q.subject = own.front().value();
  } else if (kind == 2 && !reports.empty()) {
    q.kind = query_kind::receipt;
    q.report = reports[asking_.below(reports.size())].number;
  } else if (kind == 3) {
    q.kind = query_kind::trades;
  }
  m.client->ask_later(q);
}

// -- requests ------------------------------------------------------------------------------------

account_id load::account(const member& m) {
  return m.accounts[random_.below(m.accounts.size())];
}

instrument_id load::instrument() {
  return instrument_id{
      static_cast<std::uint16_t>(random_.below(cluster_.genesis().market.instruments.size()))};
}

price load::near() {
  return price{middle + static_cast<std::int64_t>(random_.below(spread))
               - static_cast<std::int64_t>(spread / 2)};
}

request load::next(member& m) {
  auto kind = random_.below(20);
  if (kind < 13)
    return order(m);
  return kind < 19 ? change(m) : rare(m);
}

request load::order(member& m) {
  static constexpr time_in_force lives[]
      = {time_in_force::good_till_cancel,    time_in_force::good_till_cancel,
         time_in_force::good_till_cancel,    time_in_force::post_only,
         time_in_force::immediate_or_cancel, time_in_force::fill_or_kill,
         time_in_force::good_till_block};
  messages::place p;
  p.account = account(m);
  p.instrument = instrument();
  p.client_order = client_order_id{next_order_++};
  p.side = random_.below(2) ? side::buy : side::sell;
  p.stp = static_cast<self_trade>(1 + random_.below(3));
  p.quantity = quantity{1 + static_cast<std::int64_t>(random_.below(20))};
  if (random_.below(10) == 0) {
    p.type = order_type::market;
    p.tif = time_in_force::immediate_or_cancel;
    if (p.side == side::buy)
      p.max_spend = amount{1'000'000'000'000};
  } else {
    p.price = near();
    p.tif = lives[random_.below(std::size(lives))];
    if (p.tif == time_in_force::good_till_block)
      p.expire_after = sequence_number{1 + random_.below(200)};
  }
  p.liquidation = random_.below(30) == 0;
  m.recent.push_back(p);
  if (m.recent.size() > remembered)
    m.recent.pop_front();
  return p;
}

/// Mostly of an order of its own that may be open; else of one that somebody placed, and that may
/// be of that account.
request load::change(member& m) {
  bool replaces = random_.below(3) == 0;
  if (!m.recent.empty() && random_.below(3) != 0)
    return change_of(m.recent[random_.below(m.recent.size())], replaces);
  messages::place any;
  any.client_order = client_order_id{next_order_ - std::min(next_order_, 1 + random_.below(30))};
  any.account = account(m);
  any.instrument = instrument();
  any.side = random_.below(2) ? side::buy : side::sell;
  return change_of(any, replaces);
}

request load::change_of(const messages::place& order, bool replaces) {
  if (!replaces)
    return cancel{order.account, order.instrument, order.client_order};
  replace r;
  r.account = order.account;
  r.instrument = order.instrument;
  r.client_order = order.client_order;
  r.new_client_order = random_.below(2) ? r.client_order : client_order_id{next_order_++};
  r.price = order.price.value() > 0 && random_.below(2) ? order.price : near();
  r.quantity = quantity{1 + static_cast<std::int64_t>(random_.below(30))};
  r.post_only = random_.below(3) == 0;
  r.side = order.side;
  return r;
}

request load::rare(member& m) {
  auto a = account(m);
  asset_id asset{
      static_cast<std::uint16_t>(random_.below(cluster_.genesis().market.assets.size()))};
  amount some{1 + static_cast<std::int64_t>(random_.below(1'000'000))};
  switch (random_.below(4)) {
    case 0:
      return deposit{a, asset, some};
    case 1:
      return withdraw{a, asset, some};
    case 2:
      return cancel_all{a, std::nullopt};
    default:
      return dead_man_switch{a, static_cast<std::uint32_t>(random_.below(5000))};
  }
}

// -- how it goes ---------------------------------------------------------------------------------

bool load::finished() const {
  return to_come_ == 0 && answered() == placed();
}

std::size_t load::placed() const {
  std::size_t n = 0;
  for (const auto& m : members_)
    n += m.client->results().size();
  return n;
}

std::size_t load::answered() const {
  std::size_t n = 0;
  for (const auto& m : members_)
    n += m.client->answered();
  return n;
}

std::uint64_t load::told() const {
  std::uint64_t n = 0;
  for (const auto& m : members_)
    for (const auto& a : m.client->answers())
      n += a.what && !a.what->problem ? 1 : 0;
  return n;
}

void load::cut(std::size_t node) {
  for (auto& m : members_)
    m.client->cut(node);
}

} // namespace bourse::simulation
