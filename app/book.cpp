#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/trader.hpp"
#include "app/verbs.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct book_options {
  trader_options trader;
  std::string instrument;
  std::uint32_t depth = 10;
  bool unproved = false;
};

nlohmann::json to_json(const std::vector<book_level>& levels, const market::instrument& i) {
  auto out = nlohmann::json::array();
  for (const auto& l : levels)
    out.push_back({{"price", config::to_text(l.price, i)},
                   {"quantity", config::to_text(l.quantity, i)},
                   {"orders", l.orders}});
  return out;
}

/// Bids to the left and asks to the right, the best at the top.
table make_table(const book_view& book, const market::instrument& i) {
  table t;
  t.column("ORDERS", align::right).column("BID QUANTITY", align::right);
  t.column("BID", align::right).column("ASK", align::right);
  t.column("ASK QUANTITY", align::right).column("ORDERS", align::right);
  for (std::size_t n = 0; n < std::max(book.bids.size(), book.asks.size()); ++n) {
    std::vector<std::string> cells(6);
    if (n < book.bids.size()) {
      cells[0] = std::to_string(book.bids[n].orders);
      cells[1] = config::to_text(book.bids[n].quantity, i);
      cells[2] = config::to_text(book.bids[n].price, i);
    }
    if (n < book.asks.size()) {
      cells[3] = config::to_text(book.asks[n].price, i);
      cells[4] = config::to_text(book.asks[n].quantity, i);
      cells[5] = std::to_string(book.asks[n].orders);
    }
    t.row(std::move(cells));
  }
  return t;
}

exit_code show_book(const book_options& o, const output& out) {
  auto identity = load_trader(o.trader);
  if (!identity)
    return out.fail(identity.error());
  auto where = config::find_instrument(identity->genesis.market, o.instrument);
  if (!where)
    return out.fail(where.error());
  auto who = trader::attach(std::move(*identity), o.trader);
  if (!who)
    return out.fail(who.error());
  actors::question q;
  q.kind = query_kind::book;
  q.subject = where->value();
  q.limit = o.depth;
  q.how = o.unproved ? actors::trust::one : actors::trust::quorum;
  auto answer = (*who)->ask(q);
  if (!answer)
    return out.fail(answer.error());
  auto book = decode_book_view((*answer)->body);
  if (!book)
    return out.fail(book.error());
  const auto& i = (*who)->rules().instruments[where->value()];
  if (out.json) {
    out.print(nlohmann::json{{"instrument", i.name},
                             {"block", (*answer)->at.value()},
                             {"proved", !o.unproved},
                             {"bids", to_json(book->bids, i)},
                             {"asks", to_json(book->asks, i)}});
    return exit_code::ok;
  }
  auto t = make_table(*book, i);
  if (t.rows() == 0)
    out.line("The book is empty.");
  else
    out.print(t);
  out.line(fmt::format(
      "{} as of block {}, {}.", i.name, (*answer)->at.value(),
      o.unproved ? "by the word of one replica"
                 : fmt::format("as {} replicas say", (*who)->genesis().size.weak_quorum())));
  return exit_code::ok;
}

} // namespace

void add_book(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "book", "Show the order book of an instrument",
                        "bourse book BTC-USD --net net");
  auto o = std::make_shared<book_options>();
  verb->add_option("INSTRUMENT", o->instrument, "Such as BTC-USD")->required();
  verb->add_option("--depth", o->depth, "Most levels of each side")->capture_default_str();
  verb->add_flag("--unproved", o->unproved,
                 "Believe one replica, instead of f+1 that say the same of one block");
  add_trader_options(*verb, o->trader);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return show_book(*o, context.out);
    };
  });
}

} // namespace bourse::app
