#include "tests/messages/generators.hpp"

namespace bourse::messages {

namespace {

price random_price(splitmix64& random) {
  return random_strong<price>(random, static_cast<std::uint64_t>(max_price));
}

quantity random_quantity(splitmix64& random) {
  return random_strong<quantity>(random, static_cast<std::uint64_t>(max_quantity));
}

side random_side(splitmix64& random) {
  return random_enum(random, side::buy, side::sell);
}

stream_id random_stream(splitmix64& random) {
  return random_strong<stream_id>(random, max_streams - 1);
}

std::uint32_t random_u32(splitmix64& random) {
  return static_cast<std::uint32_t>(up_to(random, std::numeric_limits<std::uint32_t>::max()));
}

results_statement random_results_statement(splitmix64& random) {
  results_statement out;
  out.sequence = random_strong<sequence_number>(random);
  out.block = random_fixed<digest>(random);
  out.results = random_fixed<digest>(random);
  return out;
}

} // namespace

std::uint64_t up_to(splitmix64& random, std::uint64_t max) {
  auto value = random.next() >> random.below(64); // all magnitudes alike
  switch (random.below(8)) {
    case 0:
      return 0;
    case 1:
      return max;
    default:
      return max == std::numeric_limits<std::uint64_t>::max() ? value : value % (max + 1);
  }
}

bytes random_bytes(splitmix64& random, std::size_t size) {
  bytes out(size, '\0');
  for (auto& c : out)
    c = static_cast<char>(random.next());
  return out;
}

// -- requests and reports ----------------------------------------------------------------------

namespace {

place random_place(splitmix64& random) {
  place out;
  out.account = random_strong<account_id>(random);
  out.instrument = random_strong<instrument_id>(random);
  out.client_order = random_strong<client_order_id>(random);
  out.side = random_side(random);
  out.type = random_enum(random, order_type::limit, order_type::market);
  out.tif = random_enum(random, time_in_force::good_till_cancel, time_in_force::good_till_block);
  out.stp = random_enum(random, self_trade::expire_taker, self_trade::expire_both);
  out.price = random_price(random);
  out.quantity = random_quantity(random);
  out.max_spend = random_strong<amount>(random);
  out.expire_after = random_strong<sequence_number>(random);
  out.liquidation = flip(random);
  return out;
}

cancel random_cancel(splitmix64& random) {
  cancel out;
  out.account = random_strong<account_id>(random);
  out.instrument = random_strong<instrument_id>(random);
  out.client_order = random_strong<client_order_id>(random);
  return out;
}

replace random_replace(splitmix64& random) {
  replace out;
  out.account = random_strong<account_id>(random);
  out.instrument = random_strong<instrument_id>(random);
  out.client_order = random_strong<client_order_id>(random);
  out.new_client_order = random_strong<client_order_id>(random);
  out.price = random_price(random);
  out.quantity = random_quantity(random);
  out.post_only = flip(random);
  out.side = random_side(random);
  return out;
}

cancel_all random_cancel_all(splitmix64& random) {
  cancel_all out;
  out.account = random_strong<account_id>(random);
  if (flip(random))
    out.instrument = random_strong<instrument_id>(random);
  return out;
}

template <class Movement>
Movement random_movement(splitmix64& random) {
  Movement out;
  out.account = random_strong<account_id>(random);
  out.asset = random_strong<asset_id>(random);
  out.amount = random_strong<amount>(random);
  return out;
}

} // namespace

request random_request(splitmix64& random) {
  static_assert(std::variant_size_v<request> == 7);
  switch (random.below(7)) {
    case 0:
      return random_place(random);
    case 1:
      return random_cancel(random);
    case 2:
      return random_replace(random);
    case 3:
      return random_cancel_all(random);
    case 4:
      return random_movement<deposit>(random);
    case 5:
      return random_movement<withdraw>(random);
    default: {
      dead_man_switch out;
      out.account = random_strong<account_id>(random);
      out.timeout_ms = random_u32(random);
      return out;
    }
  }
}

submission random_submission(splitmix64& random, std::size_t max_requests) {
  submission out;
  out.client = random_strong<client_id>(random);
  out.stream = random_stream(random);
  out.number = submission_number{1 + up_to(random, std::numeric_limits<std::uint64_t>::max() - 1)};
  out.requests = random_list(random, max_requests - 1, random_request);
  out.requests.push_back(random_request(random));
  return out;
}

signed_submission random_signed_submission(splitmix64& random) {
  signed_submission out;
  out.body = random_bytes(random, random.below(200));
  out.signature = random_fixed<signature>(random);
  return out;
}

report random_report(splitmix64& random) {
  report out;
  out.number = random_strong<report_number>(random);
  out.client = random_strong<client_id>(random);
  out.account = random_strong<account_id>(random);
  out.instrument = random_strong<instrument_id>(random);
  out.kind = random_enum(random, report_kind::accepted, report_kind::done);
  out.why = random_enum(random, reason::none, reason::book_full);
  out.order = random_strong<order_id>(random);
  out.client_order = random_strong<client_order_id>(random);
  out.side = random_enum(random, side{0}, side::sell);
  out.role = random_enum(random, role::none, role::taker);
  out.price = random_price(random);
  out.quantity = random_quantity(random);
  out.leaves = random_quantity(random);
  out.trade = random_strong<trade_id>(random);
  out.fee = amount{static_cast<std::int64_t>(up_to(random, UINT64_MAX))};
  out.stream = random_stream(random);
  out.submission = random_strong<submission_number>(random);
  out.index = static_cast<std::uint16_t>(up_to(random, UINT16_MAX));
  return out;
}

// -- clients -----------------------------------------------------------------------------------

namespace {

std::vector<submission_number> random_next(splitmix64& random) {
  return random_list(random, max_streams,
                     [](splitmix64& r) { return random_strong<submission_number>(r); });
}

error random_error(splitmix64& random) {
  return {random_enum(random, errc::malformed, errc::pruned),
          random_bytes(random, random.below(50))};
}

query random_query(splitmix64& random) {
  query out;
  out.id = random.next();
  out.kind = random_enum(random, query_kind::book, query_kind::timeline);
  out.subject = random_u32(random);
  out.limit = random_u32(random);
  out.at = random_strong<sequence_number>(random);
  out.report = random_strong<report_number>(random);
  return out;
}

results random_results(splitmix64& random) {
  results out;
  out.what = random_results_statement(random);
  out.by = random_signature(random);
  out.reports.client = random_strong<client_id>(random);
  out.reports.first = random_strong<report_number>(random);
  out.reports.count = random_u32(random);
  out.reports.encoded = random_bytes(random, random.below(500));
  out.next = random_next(random);
  out.more = random.below(2) == 1;
  return out;
}

answer random_answer(splitmix64& random) {
  answer out;
  out.id = random.next();
  out.at = random_strong<sequence_number>(random);
  if (flip(random))
    out.problem = random_error(random);
  out.body = random_bytes(random, random.below(500));
  return out;
}

book_level random_level(splitmix64& random) {
  return {random_price(random), random_quantity(random), random_u32(random)};
}

balance random_balance(splitmix64& random) {
  return {random_strong<asset_id>(random), amount{static_cast<std::int64_t>(random.next())},
          random_strong<amount>(random)};
}

open_order random_open_order(splitmix64& random) {
  open_order out;
  out.order = random_strong<order_id>(random);
  out.client_order = random_strong<client_order_id>(random);
  out.instrument = random_strong<instrument_id>(random);
  out.side = random_side(random);
  out.price = random_price(random);
  out.quantity = random_quantity(random);
  out.leaves = random_quantity(random);
  return out;
}

trade random_trade(splitmix64& random) {
  trade out;
  out.id = random_strong<trade_id>(random);
  out.time = random_strong<block_time>(random);
  out.price = random_price(random);
  out.quantity = random_quantity(random);
  out.taker_side = random_side(random);
  return out;
}

template <class Proof>
void fill_leaf(Proof& out, splitmix64& random) {
  out.report = random_bytes(random, random.below(100));
  out.index = random_u32(random);
  out.count = random_u32(random);
  out.path = random_digests(random, 32);
  out.what = random_results_statement(random);
}

} // namespace

client_message random_client_message(splitmix64& random) {
  static_assert(std::variant_size_v<client_message> == 3);
  switch (random.below(3)) {
    case 0:
      return submit{random_list(random, 10, random_signed_submission)};
    case 1:
      return resume{random_strong<report_number>(random)};
    default:
      return random_query(random);
  }
}

gateway_message random_gateway_message(splitmix64& random) {
  static_assert(std::variant_size_v<gateway_message> == 5);
  switch (random.below(5)) {
    case 0: {
      welcome m;
      m.replica = random_replica(random);
      m.executed = random_strong<sequence_number>(random);
      m.next = random_next(random);
      m.next_report = random_strong<report_number>(random);
      return m;
    }
    case 1:
      return random_results(random);
    case 2:
      return refused{random_stream(random), random_strong<submission_number>(random),
                     random_error(random)};
    case 3:
      return gone{random_strong<report_number>(random)};
    default:
      return random_answer(random);
  }
}

book_view random_book(splitmix64& random) {
  book_view out;
  out.instrument = random_strong<instrument_id>(random);
  out.bids = random_list(random, 20, random_level);
  out.asks = random_list(random, 20, random_level);
  return out;
}

account_view random_account(splitmix64& random) {
  account_view out;
  out.account = random_strong<account_id>(random);
  out.balances = random_list(random, 5, random_balance);
  out.orders = random_list(random, 20, random_open_order);
  return out;
}

trades_view random_trades(splitmix64& random) {
  trades_view out;
  out.instrument = random_strong<instrument_id>(random);
  out.trades = random_list(random, 20, random_trade);
  return out;
}

receipt_share random_share(splitmix64& random) {
  receipt_share out;
  fill_leaf(out, random);
  out.by = random_signature(random);
  return out;
}

receipt random_receipt(splitmix64& random) {
  receipt out;
  fill_leaf(out, random);
  out.cluster = random_fixed<digest>(random);
  out.signatures = random_list(random, 5, random_signature);
  return out;
}

} // namespace bourse::messages
