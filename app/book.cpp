#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/market_view.hpp"
#include "app/verbs.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

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

exit_code show_book(const view_options& o, const output& out) {
  auto view = load_view(o, query_kind::book);
  if (!view)
    return out.fail(view.error());
  auto book = decode_book_view(view->body);
  if (!book)
    return out.fail(book.error());
  const auto& i = view->instrument;
  if (out.json) {
    out.print(nlohmann::json{{"instrument", i.name},
                             {"block", view->at.value()},
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
  out.line(fmt::format("{} as of block {}, {}.", i.name, view->at.value(), view->said_by));
  return exit_code::ok;
}

} // namespace

void add_book(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "book", "Show the order book of an instrument",
                        "bourse book BTC-USD --net net");
  auto o = std::make_shared<view_options>();
  o->limit = 10;
  add_view_options(*verb, *o, "--depth", "Most levels of each side");
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return show_book(*o, context.out);
    };
  });
}

} // namespace bourse::app
