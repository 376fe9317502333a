#include "market/clearing_house.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "market/accounts.hpp"
#include "market/client_windows.hpp"
#include "market/holds.hpp"
#include "market/ledger_totals.hpp"
#include "market/request_checks.hpp"
#include "market/settle.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

namespace {

/// Order ids leave 16 bits to the position of the request in its block.
constexpr std::uint32_t max_position = 0xffff;

/// Most open orders in all books together, so that the trades of any block can be numbered: each
/// uses up an order that was open or came to rest in the block, or else the request that took, and
/// a request that moves money trades nothing.
constexpr std::uint64_t most_market_orders = (1u << trade_index_bits) - max_position - 1;

constexpr side no_side{0};

/// What a report says of the request that caused it.
report report_on(const origin& from, account_id account, report_kind kind, reason why) {
  report r;
  r.client = from.client;
  r.account = account;
  r.kind = kind;
  r.why = why;
  r.side = no_side;
  r.stream = from.stream;
  r.submission = from.submission;
  r.index = from.index;
  return r;
}

void describe(report& r, const place& x) {
  r.instrument = x.instrument;
  r.client_order = x.client_order;
  r.side = x.side;
  r.price = x.price;
  r.quantity = x.quantity;
}

void describe(report& r, const replace& x) {
  r.instrument = x.instrument;
  r.client_order = x.new_client_order;
  r.side = x.side;
  r.price = x.price;
  r.quantity = x.quantity;
}

void describe(report& r, const cancel& x) {
  r.instrument = x.instrument;
  r.client_order = x.client_order;
}

void describe(report& r, const cancel_all& x) {
  r.instrument = x.instrument.value_or(instrument_id{});
}

void describe(report&, const deposit&) {}

void describe(report&, const withdraw&) {}

void describe(report&, const dead_man_switch&) {}

} // namespace

struct clearing_house::state {
  explicit state(const rules& r)
      : market(r),
        checks(market),
        book(market),
        windows(static_cast<std::uint32_t>(r.clients.size())),
        settling(market),
        merging(market) {
    totals.fees.resize(r.assets.size());
  }
  // Its parts refer to `market`.
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void make_room(const block_input& block);
  void fire_switches();
  submission_fate admit(const submission& s);
  void run(const submission& s, std::uint32_t position);

  // One request: passes work on, reports, or both.
  void take(const origin& from, const place& x);
  void take(const origin& from, const replace& x);
  void take(const origin& from, const cancel& x);
  void take(const origin& from, const cancel_all& x);
  void take(const origin& from, const deposit& x);
  void take(const origin& from, const withdraw& x);
  void take(const origin& from, const dead_man_switch& x);

  const client& client_of(const origin& from) const {
    return market.clients[from.client.value()];
  }
  reason check_place(const origin& from, const place& x, std::int64_t& hold) const;
  void cancel_all_of(const origin& from, account_id account, std::optional<instrument_id> where,
                     reason why);
  template <class Request>
  void reject(const origin& from, const Request& x, reason why) {
    auto& draft = own_reports.emplace_back();
    draft.content = report_on(from, x.account, report_kind::rejected, why);
    draft.position = from.position;
    describe(draft.content, x);
  }
  template <class Request>
  void confirm(const origin& from, const Request& x) {
    auto& draft = own_reports.emplace_back();
    draft.content = report_on(from, x.account, report_kind::done, reason::none);
    draft.position = from.position;
    describe(draft.content, x);
  }
  void apply_releases(const std::vector<outcome>& outcomes);
  void end_block();

  const rules market;
  request_checks checks;
  accounts book;
  client_windows windows;
  ledger_totals totals;
  bool totals_dirty = true;
  settler settling;
  report_merger merging;

  // Of the block under way.
  bool under_way = false;
  block_result result;
  std::uint32_t last_position = 0;
  std::vector<work> works;
  std::vector<draft_report> own_reports;
  std::vector<money_move> moves;
  /// Orders that may come to rest count as open from `begin` on; the matchers then say how it was.
  std::vector<account_id> counted_as_open;
  std::vector<std::uint32_t> room; ///< scratch: items by instrument
};

// -- the beginning of a block --------------------------------------------------------------------

void clearing_house::state::make_room(const block_input& block) {
  auto instruments = market.instruments.size();
  works.assign(instruments, {block.sequence, result.time, {}});
  room.assign(instruments, 0);
  auto count = [&](instrument_id i) {
    if (i.value() < instruments)
      ++room[i.value()];
  };
  for (auto& s : block.submissions)
    for (auto& request : s->content.requests) {
      if (auto* x = std::get_if<place>(&request))
        count(x->instrument);
      else if (auto* x = std::get_if<cancel>(&request))
        count(x->instrument);
      else if (auto* x = std::get_if<replace>(&request))
        count(x->instrument);
    }
  for (std::size_t i = 0; i < instruments; ++i)
    works[i].items.reserve(room[i]);
}

void clearing_house::state::fire_switches() {
  for (auto account : book.take_due(result.time))
    cancel_all_of(origin{}, account, std::nullopt, reason::dead_man);
}

submission_fate clearing_house::state::admit(const submission& s) {
  // Admission and votes let no unknown client through; should one come, it has no window to be in.
  if (!windows.known(s.client, s.stream))
    return submission_fate::gap;
  auto next = windows.next_submission(s.client, s.stream);
  if (s.number < next)
    return submission_fate::duplicate;
  if (s.number > next)
    return submission_fate::gap;
  windows.advance(s.client, s.stream);
  result.positions.push_back({s.client, s.stream, next.next()});
  return submission_fate::executed;
}

void clearing_house::state::run(const submission& s, std::uint32_t position) {
  origin from{s.client, s.stream, s.number, 0, position};
  for (auto& request : s.requests) {
    std::visit([&](auto& x) { take(from, x); }, request);
    ++from.index;
    ++from.position;
  }
  result.requests += static_cast<std::uint32_t>(s.requests.size());
}

// -- requests ------------------------------------------------------------------------------------

reason clearing_house::state::check_place(const origin& from, const place& x,
                                          std::int64_t& hold) const {
  auto why = checks.check(client_of(from), x, result.sequence);
  if (why != reason::none)
    return why;
  auto& on = market.instruments[x.instrument.value()];
  auto needed = hold_of(on, x);
  auto notional = notional_of(on, x.price, x.quantity);
  if (!needed || *needed > max_amount || !notional || *notional > max_amount)
    return reason::overflow;
  hold = *needed;
  // What open orders hold counts: the liquidator may cancel them earlier in the same block.
  if (x.liquidation && hold > book.free(x.account, on.base) + book.held(x.account, on.base))
    return reason::not_a_reduction;
  if (may_rest(x)
      && (book.open_orders(x.account) >= market.max_account_orders
          || book.open_orders() >= most_market_orders))
    return reason::book_full;
  return reason::none;
}

void clearing_house::state::take(const origin& from, const place& x) {
  std::int64_t hold = 0;
  if (auto why = check_place(from, x, hold); why != reason::none)
    return reject(from, x, why);
  if (may_rest(x)) {
    book.change_open_orders(x.account, 1);
    counted_as_open.push_back(x.account);
  }
  auto& on = market.instruments[x.instrument.value()];
  auto reserved = book.reserve(x.account, x.side == side::buy ? on.quote : on.base, hold);
  works[x.instrument.value()].items.emplace_back(
      place_work{from, x, reserved, amount{hold - reserved.value()}});
}

void clearing_house::state::take(const origin& from, const replace& x) {
  if (auto why = checks.check(client_of(from), x); why != reason::none)
    return reject(from, x, why);
  auto& on = market.instruments[x.instrument.value()];
  auto hold = hold_of(on, x);
  auto notional = notional_of(on, x.price, x.quantity);
  if (!hold || *hold > max_amount || !notional || *notional > max_amount)
    return reject(from, x, reason::overflow);
  auto reserved = book.reserve(x.account, x.side == side::buy ? on.quote : on.base, *hold);
  works[x.instrument.value()].items.emplace_back(
      replace_work{from, x, reserved, amount{*hold - reserved.value()}});
}

void clearing_house::state::take(const origin& from, const cancel& x) {
  if (auto why = checks.check(client_of(from), x); why != reason::none)
    return reject(from, x, why);
  works[x.instrument.value()].items.emplace_back(cancel_work{from, x});
}

void clearing_house::state::take(const origin& from, const cancel_all& x) {
  if (auto why = checks.check(client_of(from), x); why != reason::none)
    return reject(from, x, why);
  cancel_all_of(from, x.account, x.instrument, reason::none);
  confirm(from, x);
}

void clearing_house::state::cancel_all_of(const origin& from, account_id account,
                                          std::optional<instrument_id> where, reason why) {
  // Cheap to ask for and work for every matcher, so those of accounts without orders end here.
  if (book.open_orders(account) == 0)
    return;
  cancel_all_work item{from, account, why};
  if (where)
    works[where->value()].items.emplace_back(item);
  else
    for (auto& w : works)
      w.items.emplace_back(item);
}

void clearing_house::state::take(const origin& from, const deposit& x) {
  auto why = checks.check(client_of(from), x);
  if (why == reason::none && x.amount.value() > max_supply - book.supply(x.asset))
    why = reason::overflow;
  if (why != reason::none)
    return reject(from, x, why);
  book.announce(x.asset, x.amount.value());
  moves.push_back({from.position, {transfer::outside, x.account, x.asset, x.amount}});
  confirm(from, x);
}

void clearing_house::state::take(const origin& from, const withdraw& x) {
  auto why = checks.check(client_of(from), x);
  if (why == reason::none && x.amount.value() > book.free(x.account, x.asset))
    why = reason::insufficient_funds;
  if (why != reason::none)
    return reject(from, x, why);
  // Held until it is paid out with the block, so that nothing after it can reserve it.
  book.reserve(x.account, x.asset, x.amount.value());
  book.announce(x.asset, -x.amount.value());
  moves.push_back({from.position, {x.account, transfer::outside, x.asset, x.amount}});
  confirm(from, x);
}

void clearing_house::state::take(const origin& from, const dead_man_switch& x) {
  if (auto why = checks.check(client_of(from), x); why != reason::none)
    return reject(from, x, why);
  auto now = result.time.value();
  auto due = x.timeout_ms == 0 ? 0 : now + std::min<std::uint64_t>(x.timeout_ms, UINT64_MAX - now);
  book.arm(x.account, block_time{due});
  confirm(from, x);
}

// -- the end of a block --------------------------------------------------------------------------

void clearing_house::state::apply_releases(const std::vector<outcome>& outcomes) {
  for (auto account : counted_as_open)
    book.change_open_orders(account, -1);
  for (auto& o : outcomes) {
    for (auto& r : o.releases)
      book.release(r.account, r.asset, r.to_free);
    for (auto& [account, by] : o.open_order_changes)
      book.change_open_orders(account, by);
  }
}

void clearing_house::state::end_block() {
  // A stream may have moved by several numbers; only where it stands now is of interest.
  auto& moved = result.positions;
  for (auto& p : moved)
    p.next = windows.next_submission(p.client, p.stream);
  auto key = [](auto& p) {
    return std::pair{p.client, p.stream};
  };
  std::sort(moved.begin(), moved.end(), [&](auto& a, auto& b) { return key(a) < key(b); });
  moved.erase(
      std::unique(moved.begin(), moved.end(), [&](auto& a, auto& b) { return key(a) == key(b); }),
      moved.end());
  result.next_due = book.next_due();

  totals.sequence = result.sequence;
  totals.time = result.time;
  totals.requests += result.requests;
  totals.trades += settling.trades();
  totals_dirty = true;
  under_way = false;
}

// -- the class -----------------------------------------------------------------------------------

clearing_house::clearing_house(const rules& r) {
  BOURSE_ASSERT(check_rules(r));
  state_ = std::make_unique<state>(r);
}

clearing_house::~clearing_house() = default;

clearing_house::clearing_house(clearing_house&&) noexcept = default;

std::vector<work> clearing_house::begin(const block_input& block) {
  auto& st = *state_;
  BOURSE_ASSERT(!st.under_way);
  BOURSE_ASSERT(block.sequence > st.totals.sequence);
  st.under_way = true;
  st.result = {};
  st.result.sequence = block.sequence;
  st.result.block_digest = block.block_digest;
  // Time never goes back, and a null block has none of its own.
  st.result.time = std::max(block.time, st.totals.time);
  st.own_reports.clear();
  st.moves.clear();
  st.counted_as_open.clear();

  st.make_room(block);
  st.fire_switches();
  st.result.fates.reserve(block.submissions.size());
  std::uint64_t position = 1;
  for (auto& s : block.submissions) {
    auto count = s->content.requests.size();
    BOURSE_ASSERT(position + count <= max_position + 1u);
    auto fate = st.admit(s->content);
    st.result.fates.push_back(fate);
    if (fate == submission_fate::executed)
      st.run(s->content, static_cast<std::uint32_t>(position));
    position += count;
  }
  st.last_position = static_cast<std::uint32_t>(position - 1);
  return std::move(st.works);
}

block_result clearing_house::finish(std::vector<outcome> outcomes) {
  auto& st = *state_;
  BOURSE_ASSERT(st.under_way);
  BOURSE_ASSERT(outcomes.size() == st.market.instruments.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    BOURSE_ASSERT(outcomes[i].instrument.value() == i);

  st.apply_releases(outcomes);
  st.settling.settle(outcomes, st.moves, st.last_position, st.book, st.totals.fees, st.result);
  st.book.end_block();
  st.totals.reports += st.merging.merge(outcomes, st.own_reports, st.last_position, st.settling,
                                        st.windows, st.result);
  st.end_block();
  return std::move(st.result);
}

account_view clearing_house::view(account_id account) const {
  account_view v;
  v.account = account;
  if (account.value() < state_->book.size())
    v.balances = state_->book.balances(account);
  return v;
}

submission_number clearing_house::next_submission(client_id client, stream_id stream) const {
  auto& windows = state_->windows;
  return windows.known(client, stream) ? windows.next_submission(client, stream)
                                       : submission_number{1};
}

report_number clearing_house::next_report(client_id client) const {
  auto& windows = state_->windows;
  return windows.known(client, stream_id{}) ? windows.next_report(client) : report_number{1};
}

sequence_number clearing_house::executed() const {
  return state_->totals.sequence;
}

block_time clearing_house::next_due() const {
  return state_->book.next_due();
}

std::vector<amount> clearing_house::supply() const {
  return state_->book.sums();
}

std::vector<page_update> clearing_house::take_dirty_pages() {
  auto& st = *state_;
  BOURSE_ASSERT(!st.under_way);
  std::vector<page_update> pages;
  if (std::exchange(st.totals_dirty, false))
    pages.push_back({{page_kind::ledger_totals, 0, 0}, st.totals.encode(st.book)});
  st.book.take_dirty_pages(pages);
  st.windows.take_dirty_pages(pages);
  return pages;
}

expected<void> clearing_house::restore(const page_key& key, byte_view content) {
  auto& st = *state_;
  if (key.instrument == 0 && key.kind == page_kind::accounts)
    return st.book.restore(key.index, content);
  if (key.instrument == 0 && key.kind == page_kind::clients)
    return st.windows.restore(key.index, content);
  if (key != page_key{page_kind::ledger_totals, 0, 0})
    return fail(errc::corrupt, "page of a kind that the clearing house has not");
  auto restored = st.totals.decode(content, st.book);
  st.totals_dirty = !restored;
  return restored;
}

} // namespace bourse::market
