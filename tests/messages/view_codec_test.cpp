#define CAF_SUITE view_codec
#include "tests/suite.hpp"

#include "messages/client.hpp"

#include "messages/client.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

/// A view changed in its wire form.
template <class Wire, class View, class Decode, class Change>
std::string_view changed(const View& view, Decode decode, Change change) {
  Wire w;
  w.ParseFromString(encode(view));
  change(w);
  return outcome(decode(w.SerializeAsString()));
}

template <class Change>
std::string_view changed_book(Change change) {
  return changed<wire::BookView>(book_view{{}, {book_level{}}, {book_level{}}}, decode_book_view,
                                 change);
}

template <class Change>
std::string_view changed_account(Change change) {
  return changed<wire::AccountView>(account_view{{}, {balance{}}, {open_order{}}},
                                    decode_account_view, change);
}

template <class Change>
std::string_view changed_trades(Change change) {
  return changed<wire::TradesView>(trades_view{{}, {trade{}}}, decode_trades_view, change);
}

template <class Change>
std::string_view changed_receipt(Change change) {
  receipt r;
  r.path.resize(2);
  r.signatures.resize(2);
  return changed<wire::Receipt>(r, decode_receipt, change);
}

template <class Change>
std::string_view changed_share(Change change) {
  return changed<wire::ReceiptShare>(receipt_share{}, decode_receipt_share, change);
}

} // namespace

CAF_TEST(views come out as they went in) {
  check_round_trips(random_book, decode_book_view);
  check_round_trips(random_account, decode_account_view);
  check_round_trips(random_trades, decode_trades_view);
}

CAF_TEST(receipts come out as they went in) {
  check_round_trips(random_share, decode_receipt_share);
  check_round_trips(random_receipt, decode_receipt);
}

CAF_TEST(hostile views and receipts are survived) {
  check_hostile_bytes(random_book, decode_book_view);
  check_hostile_bytes(random_account, decode_account_view);
  check_hostile_bytes(random_trades, decode_trades_view);
  check_hostile_bytes(random_share, decode_receipt_share);
  check_hostile_bytes(random_receipt, decode_receipt);
}

CAF_TEST(a view outside its bounds is malformed) {
  CAF_CHECK_EQUAL(changed_book([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(changed_book([](auto& v) { v.set_instrument(65536); }), "malformed");
  CAF_CHECK_EQUAL(changed_book([](auto& v) { v.mutable_bids(0)->set_price(-1); }), "malformed");
  CAF_CHECK_EQUAL(changed_book([](auto& v) { v.mutable_asks(0)->set_quantity(-1); }), "malformed");
  CAF_CHECK_EQUAL(changed_account([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(changed_account([](auto& v) { v.mutable_balances(0)->set_asset(65536); }),
                  "malformed");
  CAF_CHECK_EQUAL(changed_account([](auto& v) { v.mutable_orders(0)->set_instrument(65536); }),
                  "malformed");
  CAF_CHECK_EQUAL(changed_account([](auto& v) { v.mutable_orders(0)->clear_side(); }), "malformed");
  CAF_CHECK_EQUAL(changed_account([](auto& v) { v.mutable_orders(0)->set_leaves(-1); }),
                  "malformed");
  CAF_CHECK_EQUAL(changed_trades([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(changed_trades([](auto& v) { v.set_instrument(65536); }), "malformed");
  CAF_CHECK_EQUAL(changed_trades([](auto& v) { v.mutable_trades(0)->set_price(-1); }), "malformed");
  CAF_CHECK_EQUAL(changed_trades([](auto& v) { v.mutable_trades(0)->clear_taker_side(); }),
                  "malformed");
}

CAF_TEST(a receipt outside its bounds is malformed) {
  CAF_CHECK_EQUAL(changed_receipt([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(changed_receipt([](auto& r) { r.clear_cluster(); }), "malformed");
  CAF_CHECK_EQUAL(changed_receipt([](auto& r) { r.set_path(bytes(33, 'x')); }), "malformed");
  CAF_CHECK_EQUAL(changed_receipt([](auto& r) { r.set_path(bytes(32 * 32, 'x')); }), "ok");
  CAF_CHECK_EQUAL(changed_receipt([](auto& r) { r.set_path(bytes(33 * 32, 'x')); }), "malformed");
  CAF_CHECK_EQUAL(changed_receipt([](auto& r) { r.clear_what(); }), "malformed");
  CAF_CHECK_EQUAL(changed_receipt([](auto& r) { r.mutable_signatures(1)->clear_signature(); }),
                  "malformed");
  CAF_CHECK_EQUAL(changed_share([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(changed_share([](auto& s) { s.clear_by(); }), "malformed");
  CAF_CHECK_EQUAL(changed_share([](auto& s) { s.set_path("x"); }), "malformed");
  receipt r;
  r.signatures.resize(max_receipt_signatures + 1);
  CAF_CHECK_EQUAL(outcome(decode_receipt(encode(r))), "too_large");
}

CAF_TEST(lists are counted before they are built) {
  // Two bytes each on the wire, 40 or more in memory.
  bytes many;
  for (std::size_t i = 0; i <= max_view_entries; ++i)
    many += from_hex("1200");
  CAF_CHECK_EQUAL(outcome(decode_book_view(many)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_account_view(many)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_trades_view(many)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_book_view(many.substr(2))), "ok");
  bytes huge(max_gateway_message_bytes + 1, '\0');
  CAF_CHECK_EQUAL(outcome(decode_book_view(huge)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_receipt(huge)), "too_large");
}
