// The views and receipts that answers carry.
#include "messages/client.hpp"
#include "messages/client.pb.h"
#include "messages/codec.hpp"

namespace bourse::messages {

namespace {

using codec::read;
using codec::read_all;
using codec::read_enum;
using codec::read_signed;
using codec::read_unsigned;
using codec::write;
using codec::write_all;

/// Siblings of a leaf among 2^32.
constexpr std::size_t max_path = 32;

// -- book --------------------------------------------------------------------------------------

template <class Repeated>
void write_levels(const std::vector<book_level>& from, Repeated& to) {
  to.Reserve(static_cast<int>(from.size()));
  for (const auto& level : from) {
    auto& out = *to.Add();
    out.set_price(level.price.value());
    out.set_quantity(level.quantity.value());
    out.set_orders(level.orders);
  }
}

template <class Repeated>
bool read_levels(std::vector<book_level>& to, const Repeated& from) {
  to.reserve(static_cast<std::size_t>(from.size()));
  for (auto& level : from) {
    auto& out = to.emplace_back();
    out.orders = level.orders();
    if (!read_signed(out.price, level.price()) || !read_signed(out.quantity, level.quantity()))
      return false;
  }
  return true;
}

bool read(book_view& to, const wire::BookView& from) {
  return read_unsigned(to.instrument, from.instrument()) && read_levels(to.bids, from.bids())
         && read_levels(to.asks, from.asks());
}

// -- account -----------------------------------------------------------------------------------

bool read(balance& to, const wire::Balance& from) {
  to.free = amount{from.free()};
  to.held = amount{from.held()};
  return read_unsigned(to.asset, from.asset());
}

bool read(open_order& to, const wire::OpenOrder& from) {
  to.order = order_id{from.order()};
  to.client_order = client_order_id{from.client_order()};
  return read_unsigned(to.instrument, from.instrument())
         && read_enum(to.side, from.side(), side::buy, side::sell)
         && read_signed(to.price, from.price()) && read_signed(to.quantity, from.quantity())
         && read_signed(to.leaves, from.leaves());
}

bool read(account_view& to, const wire::AccountView& from) {
  to.account = account_id{from.account()};
  to.balances.reserve(static_cast<std::size_t>(from.balances_size()));
  for (const auto& b : from.balances())
    if (!read(to.balances.emplace_back(), b))
      return false;
  to.orders.reserve(static_cast<std::size_t>(from.orders_size()));
  for (const auto& o : from.orders())
    if (!read(to.orders.emplace_back(), o))
      return false;
  return true;
}

// -- trades ------------------------------------------------------------------------------------

bool read(trade& to, const wire::Trade& from) {
  to.id = trade_id{from.id()};
  to.time = block_time{from.time()};
  return read_signed(to.price, from.price()) && read_signed(to.quantity, from.quantity())
         && read_enum(to.taker_side, from.taker_side(), side::buy, side::sell);
}

bool read(trades_view& to, const wire::TradesView& from) {
  to.trades.reserve(static_cast<std::size_t>(from.trades_size()));
  for (const auto& t : from.trades())
    if (!read(to.trades.emplace_back(), t))
      return false;
  return read_unsigned(to.instrument, from.instrument());
}

// -- receipts ----------------------------------------------------------------------------------

bool read_path(std::vector<digest>& to, const std::string& from) {
  if (from.size() % digest::size != 0 || from.size() > max_path * digest::size)
    return false;
  codec::split(to, from);
  return true;
}

template <class Domain, class Wire>
void write_leaf(const Domain& from, Wire& to) {
  to.set_report(from.report);
  to.set_index(from.index);
  to.set_count(from.count);
  *to.mutable_path() = codec::join(from.path);
  write(from.what, *to.mutable_what());
}

template <class Domain, class Wire>
bool read_leaf(Domain& to, const Wire& from) {
  to.report = from.report();
  to.index = from.index();
  to.count = from.count();
  return read_path(to.path, from.path()) && read(to.what, from.what());
}

bool read(receipt_share& to, const wire::ReceiptShare& from) {
  return read_leaf(to, from) && read(to.by, from.by());
}

bool read(receipt& to, const wire::Receipt& from) {
  return to.cluster.assign(from.cluster()) && read_leaf(to, from)
         && read_all(to.signatures, from.signatures(), max_receipt_signatures);
}

/// Parses and reads one view; `lists` are its repeated fields, counted before they are built.
template <class Wire, class Domain>
expected<Domain> decode_view(byte_view encoded, const char* what,
                             std::initializer_list<int> lists = {},
                             std::size_t max_entries = max_view_entries) {
  if (encoded.size() > max_gateway_message_bytes)
    return fail(errc::too_large, what);
  std::size_t entries = 0;
  for (auto list : lists)
    entries += codec::count_field(encoded, {list}).count;
  if (entries > max_entries)
    return fail(errc::too_large, what);
  Wire parsed;
  if (auto ok = codec::parse(parsed, encoded, max_gateway_message_bytes, what); !ok)
    return tl::unexpected{ok.error()};
  Domain out;
  if (!read(out, parsed))
    return fail(errc::malformed, what);
  return out;
}

} // namespace

bytes encode(const book_view& v) {
  wire::BookView out;
  out.set_instrument(v.instrument.value());
  write_levels(v.bids, *out.mutable_bids());
  write_levels(v.asks, *out.mutable_asks());
  return codec::serialize(out);
}

bytes encode(const account_view& v) {
  wire::AccountView out;
  out.set_account(v.account.value());
  for (const auto& b : v.balances) {
    auto& entry = *out.add_balances();
    entry.set_asset(b.asset.value());
    entry.set_free(b.free.value());
    entry.set_held(b.held.value());
  }
  for (const auto& o : v.orders) {
    auto& entry = *out.add_orders();
    entry.set_order(o.order.value());
    entry.set_client_order(o.client_order.value());
    entry.set_instrument(o.instrument.value());
    entry.set_side(static_cast<wire::Side>(o.side));
    entry.set_price(o.price.value());
    entry.set_quantity(o.quantity.value());
    entry.set_leaves(o.leaves.value());
  }
  return codec::serialize(out);
}

bytes encode(const trades_view& v) {
  wire::TradesView out;
  out.set_instrument(v.instrument.value());
  for (const auto& t : v.trades) {
    auto& entry = *out.add_trades();
    entry.set_id(t.id.value());
    entry.set_time(t.time.value());
    entry.set_price(t.price.value());
    entry.set_quantity(t.quantity.value());
    entry.set_taker_side(static_cast<wire::Side>(t.taker_side));
  }
  return codec::serialize(out);
}

bytes encode(const receipt_share& s) {
  wire::ReceiptShare out;
  write_leaf(s, out);
  write(s.by, *out.mutable_by());
  return codec::serialize(out);
}

bytes encode(const receipt& r) {
  wire::Receipt out;
  out.mutable_cluster()->assign(r.cluster.view());
  write_leaf(r, out);
  write_all(r.signatures, *out.mutable_signatures());
  return codec::serialize(out);
}

expected<book_view> decode_book_view(byte_view encoded) {
  return decode_view<wire::BookView, book_view>(
      encoded, "book view", {wire::BookView::kBidsFieldNumber, wire::BookView::kAsksFieldNumber});
}

expected<account_view> decode_account_view(byte_view encoded) {
  return decode_view<wire::AccountView, account_view>(
      encoded, "account view",
      {wire::AccountView::kBalancesFieldNumber, wire::AccountView::kOrdersFieldNumber});
}

expected<trades_view> decode_trades_view(byte_view encoded) {
  return decode_view<wire::TradesView, trades_view>(encoded, "trades view",
                                                    {wire::TradesView::kTradesFieldNumber});
}

expected<receipt_share> decode_receipt_share(byte_view encoded) {
  return decode_view<wire::ReceiptShare, receipt_share>(encoded, "receipt share");
}

expected<receipt> decode_receipt(byte_view encoded) {
  return decode_view<wire::Receipt, receipt>(
      encoded, "receipt", {wire::Receipt::kSignaturesFieldNumber}, max_receipt_signatures);
}

} // namespace bourse::messages
