// What clients are given besides admission: results from where they stopped, and answers.
#define CAF_SUITE gateway
#include "tests/suite.hpp"

#include "messages/merkle.hpp"
#include "tests/actors/cluster_checks.hpp"

using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

struct trading {
  explicit trading(const char* test)
      : c(options_of(test_seed(test))),
        maker(c, client_named(c.genesis(), "maker")),
        taker(c, client_named(c.genesis(), "taker")) {
    c.universe().run(10);
  }

  void quote(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i, ++names)
      maker.submit({limit_order(account_of(c.genesis(), maker.id()), side::sell,
                                100 + static_cast<std::int64_t>(names % 10), 5, names)});
  }
  bool confirmed(std::size_t reports) {
    return c.universe().run(20'000, [&] { return maker.confirmed().size() >= reports; });
  }

  cluster c;
  plain_client maker;
  plain_client taker;
  std::uint64_t names = 1;
};

query ask_for(query_kind kind, std::uint32_t subject, std::uint64_t at = 0) {
  query q;
  q.kind = kind;
  q.subject = subject;
  q.at = sequence_number{at};
  return q;
}

} // namespace

CAF_TEST(a client that stopped reading resumes without gap or repetition) {
  trading t("resume");
  t.maker.ignore(2);
  t.quote(30);
  CAF_REQUIRE(t.confirmed(30));
  CAF_CHECK_EQUAL(t.maker.reports_of(2), 0u);
  t.maker.ignore(2, false);
  t.maker.connect(2);
  t.quote(30); // while it catches up
  CAF_REQUIRE(t.confirmed(60));
  CAF_CHECK(t.c.universe().run(5000, [&] { return t.maker.reports_of(2) == 60; }));
  CAF_CHECK(t.maker.complaints().empty());
}

CAF_TEST(more reports of one block than fit a message come in parts) {
  // One request cancels so many orders that their reports take more than four megabytes.
  constexpr std::uint64_t orders = 100'000;
  constexpr std::uint64_t at_once = 250;
  trading t("big reports");
  t.maker.send_again_every_ms(5000);
  auto own = account_of(t.c.genesis(), t.maker.id());
  for (std::uint64_t n = 0; n < orders;) {
    std::vector<request> many;
    for (std::uint64_t i = 0; i < at_once; ++i)
      many.push_back(limit_order(own, side::buy, 1, 1, ++n));
    t.maker.submit(std::move(many));
    if (n % (32 * at_once) == 0 || n == orders)
      CAF_REQUIRE(t.c.universe().run(60'000, [&] { return t.maker.unconfirmed() == 0; }));
  }
  CAF_REQUIRE(t.confirmed(orders));
  cancel_all all;
  all.account = own;
  t.maker.submit({all});
  CAF_REQUIRE(t.confirmed(2 * orders)); // more: the last one says that it is done
  CAF_CHECK(t.c.universe().run(5000, [&] {
    return t.maker.reports_of(2) > 2 * orders && t.maker.reports_of(3) > 2 * orders;
  }));
  CAF_CHECK(t.maker.complaints().empty());

  // They are in one block, and whoever resumes in the middle of it gets the rest.
  auto before = t.maker.reports_of(2);
  t.maker.forget(2, orders + orders / 2);
  t.maker.connect(2);
  CAF_CHECK(t.c.universe().run(5000, [&] { return t.maker.reports_of(2) == before; }));
  CAF_CHECK(t.maker.complaints().empty());
}

CAF_TEST(one client has only so many sessions) {
  trading t("sessions");
  for (int i = 0; i < 10; ++i)
    t.maker.connect(0);
  t.c.universe().run(100);
  auto s = t.c.status(0);
  CAF_CHECK_EQUAL(s["parts"]["gateway"]["sessions"], 4 + 1);
  CAF_CHECK_EQUAL(s["clients"], 2);
  t.quote(1);
  CAF_CHECK(t.confirmed(1));
}

CAF_TEST(books and accounts are read as of a block) {
  trading t("reading");
  t.quote(3);
  CAF_REQUIRE(t.confirmed(3));
  CAF_REQUIRE(t.c.agree(2000));
  auto now = t.c.executed(0);

  auto book = t.maker.ask(1, ask_for(query_kind::book, 0));
  CAF_REQUIRE(book && !book->problem);
  CAF_CHECK_EQUAL(book->at.value(), now);
  auto levels = decode_book_view(book->body);
  CAF_REQUIRE(levels.has_value());
  CAF_CHECK_EQUAL(levels->asks.size(), 3u);
  CAF_CHECK_EQUAL(levels->asks.front().price.value(), 101);

  auto own = account_of(t.c.genesis(), t.maker.id());
  auto account = t.maker.ask(2, ask_for(query_kind::account, own.value()));
  CAF_REQUIRE(account && !account->problem);
  auto view = decode_account_view(account->body);
  CAF_REQUIRE(view.has_value());
  CAF_CHECK_EQUAL(view->orders.size(), 3u);

  auto strange = t.taker.ask(2, ask_for(query_kind::account, own.value()));
  CAF_REQUIRE(strange && strange->problem);
  CAF_CHECK(strange->problem->code == errc::not_authorised);
  auto nowhere = t.maker.ask(2, ask_for(query_kind::book, 77));
  CAF_REQUIRE(nowhere && nowhere->problem);
  CAF_CHECK(nowhere->problem->code == errc::not_found);
  auto past = t.maker.ask(0, ask_for(query_kind::book, 0, 1));
  CAF_CHECK(now == 1 || (past && past->problem && past->problem->code == errc::outside_window));
}

CAF_TEST(a reader waits for a block that is near) {
  trading t("waiting");
  t.quote(1);
  CAF_REQUIRE(t.confirmed(1));
  auto next = t.c.executed(0) + 1;
  t.c.universe().after(50'000'000, [&] { t.quote(1); });
  auto book = t.maker.ask(0, ask_for(query_kind::book, 0, next));
  CAF_REQUIRE(book && !book->problem);
  CAF_CHECK_EQUAL(book->at.value(), next);
  auto far = t.maker.ask(0, ask_for(query_kind::book, 0, next + 100'000));
  CAF_REQUIRE(far && far->problem);
  CAF_CHECK(far->problem->code == errc::outside_window);
}

CAF_TEST(a receipt of two replicas proves a report) {
  trading t("receipt");
  t.quote(5);
  CAF_REQUIRE(t.confirmed(5));
  auto q = ask_for(query_kind::receipt, 0);
  q.report = report_number{3};
  std::optional<results_statement> what;
  for (std::size_t i : {0u, 3u}) {
    auto a = t.maker.ask(i, q);
    CAF_REQUIRE(a && !a->problem);
    auto share = decode_receipt_share(a->body);
    CAF_REQUIRE(share.has_value());
    CAF_CHECK(share->report == encode(t.maker.confirmed().at(3)));
    CAF_CHECK(
        merkle_verify(share->what.results, share->report, share->index, share->count, share->path));
    CAF_CHECK(verify(t.c.genesis().replicas[i].key, purpose::results, t.c.genesis().cluster(),
                     signed_bytes(share->what), share->by.signature));
    CAF_CHECK(!what || (what->results == share->what.results && what->block == share->what.block));
    what = share->what;
  }
  q.report = report_number{99};
  auto none = t.maker.ask(0, q);
  CAF_REQUIRE(none && none->problem);
  CAF_CHECK(none->problem->code == errc::not_found);
}

CAF_TEST(questions wait for their turn and end with their session) {
  trading t("turns");
  t.quote(1);
  CAF_REQUIRE(t.confirmed(1));
  auto q = ask_for(query_kind::receipt, 0);
  q.report = report_number{1};
  auto many = [&] {
    for (q.id = 1000; q.id < 1064; ++q.id) // as many as may wait
      t.maker.send_to(0, q);
  };
  many();
  auto other = t.taker.ask(0, ask_for(query_kind::trades, 0));
  CAF_CHECK(other && !other->problem);
  t.c.universe().run(1000);
  auto after = t.maker.ask(0, q); // all were answered
  CAF_CHECK(after && !after->problem);
  many();
  t.maker.disconnect(0);
  t.maker.connect(0);
  auto anew = t.maker.ask(0, q);
  CAF_CHECK(anew && !anew->problem);
}

CAF_TEST(trades and times and status can be read) {
  trading t("the rest");
  t.quote(2);
  CAF_REQUIRE(t.confirmed(2));
  t.taker.submit({limit_order(account_of(t.c.genesis(), t.taker.id()), side::buy, 105, 7, 1)});
  CAF_REQUIRE(t.c.universe().run(5000, [&] { return t.taker.unconfirmed() == 0; }));
  auto trades = t.maker.ask(1, ask_for(query_kind::trades, 0));
  CAF_REQUIRE(trades && !trades->problem);
  auto view = decode_trades_view(trades->body);
  CAF_REQUIRE(view.has_value());
  CAF_CHECK_EQUAL(view->trades.size(), 2u);
  auto now = trades->at.value();
  CAF_CHECK_EQUAL(now, t.c.executed(1));
  auto before = t.maker.ask(1, ask_for(query_kind::trades, 0, now - 1));
  CAF_REQUIRE(before && !before->problem);
  CAF_CHECK_EQUAL(before->at.value(), now - 1);
  CAF_CHECK(decode_trades_view(before->body)->trades.empty());
  auto to_come = t.maker.ask(1, ask_for(query_kind::trades, 0, now + 1));
  CAF_REQUIRE(to_come && to_come->problem);
  CAF_CHECK(to_come->problem->code == errc::outside_window);

  auto status = t.maker.ask(1, ask_for(query_kind::status, 1));
  CAF_REQUIRE(status && !status->problem);
  auto s = nlohmann::json::parse(status->body);
  CAF_CHECK_EQUAL(s["replica"], 1);
  CAF_CHECK_EQUAL(s["trades"], 2);
  CAF_CHECK_EQUAL(s["state"]["sequence"], s["executed"]);
  CAF_CHECK(s["phases"].contains("total"));

  auto timeline = t.maker.ask(1, ask_for(query_kind::timeline, 0));
  CAF_REQUIRE(timeline && !timeline->problem);
  auto slots = nlohmann::json::parse(timeline->body);
  CAF_CHECK_EQUAL(slots.size(), s["executed"]);
  CAF_CHECK(slots[0]["committed_ns"] > slots[0]["proposed_ns"]);
}
