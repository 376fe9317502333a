#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "app/order.hpp"
#include "app/typed.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct place_options {
  order_options order;
  typed_order typed;
  std::string max_spend;
  std::optional<time_in_force> tif;
  std::optional<self_trade> stp;
  std::uint64_t expire_after = 0;
  std::uint64_t name = 0; ///< 0: none was given
  bool liquidation = false;
};

const choices<time_in_force> tif_names{
    {"gtc", time_in_force::good_till_cancel}, {"ioc", time_in_force::immediate_or_cancel},
    {"fok", time_in_force::fill_or_kill},     {"post-only", time_in_force::post_only},
    {"gtb", time_in_force::good_till_block},
};
const choices<self_trade> stp_names{
    {"taker", self_trade::expire_taker},
    {"maker", self_trade::expire_maker},
    {"both", self_trade::expire_both},
};

expected<std::vector<request>> make_place(const place_options& o, const market::rules& rules,
                                          account_id account) {
  auto terms = read_terms(o.typed, rules);
  if (!terms)
    return tl::unexpected{terms.error()};
  place p;
  p.account = account;
  p.instrument = terms->instrument;
  p.client_order = o.name != 0 ? client_order_id{o.name} : fresh_order_name();
  p.side = terms->side;
  p.quantity = terms->quantity;
  p.price = terms->price;
  p.tif = o.tif.value_or(time_in_force::good_till_cancel);
  p.stp = o.stp.value_or(self_trade::expire_taker);
  p.expire_after = sequence_number{o.expire_after};
  p.liquidation = o.liquidation;
  if (o.typed.market) {
    p.type = order_type::market;
    p.tif = time_in_force::immediate_or_cancel;
    if (p.side == side::buy) {
      auto quote = rules.instruments[p.instrument.value()].quote;
      auto most = config::parse_amount(o.max_spend, rules.assets[quote.value()]);
      if (!most)
        return tl::unexpected{most.error()};
      p.max_spend = *most;
    }
  }
  return std::vector<request>{p};
}

/// What fits together, before any file is read.
void check(const place_options& o) {
  if (o.typed.market == !o.typed.price.empty())
    throw CLI::ValidationError("give either --price, or --market for an order without one");
  auto needs_most = o.typed.market && o.typed.side == side::buy;
  if (needs_most && o.max_spend.empty())
    throw CLI::ValidationError("a market buy needs --max-spend: the most that it may cost");
  if (!needs_most && !o.max_spend.empty())
    throw CLI::ValidationError("--max-spend belongs to a market buy, and to nothing else");
  if (o.typed.market && o.tif && *o.tif != time_in_force::immediate_or_cancel)
    throw CLI::ValidationError("--market is immediate or cancelled: leave --tif out");
  if ((o.tif == time_in_force::good_till_block) != (o.expire_after != 0))
    throw CLI::ValidationError("--tif gtb and --expire-after belong together");
}

} // namespace

void add_order_place(CLI::App& group, app_context& context) {
  auto* verb = add_verb(group, context, "place", "Place an order and wait for what becomes of it",
                        "bourse order place buy 0.5 BTC-USD --price 236.47 --net net");
  auto o = std::make_shared<place_options>();
  add_order_terms(*verb, o->typed, "What to do", "How much of the base asset");
  verb->add_option("--price", o->typed.price, "The worst price to trade at; makes it a limit order")
      ->check(above_zero());
  verb->add_flag("--market", o->typed.market, "Take what there is at any price");
  verb->add_option("--max-spend", o->max_spend,
                   "Market buys: the most of the quote asset that it may cost, fees included")
      ->check(above_zero());
  add_choice(*verb, "--tif", o->tif, tif_names,
             "How long it lives: gtc (till cancelled), ioc (now or never), fok (all now or "
             "never), post-only (never takes), gtb (till a block) (gtc)");
  verb->add_option("--expire-after", o->expire_after, "--tif gtb: the last block it may trade in");
  add_choice(*verb, "--stp", o->stp, stp_names,
             "Which order expires instead of trading with another of the account (taker)");
  verb->add_option("--order", o->name, "Your name for it, a number (one made of the time)")
      ->check(from_one());
  verb->add_flag("--liquidation", o->liquidation,
                 "Sell what another account holds, as a client with that right");
  add_order_options(*verb, o->order);
  verb->callback([o, &context] {
    check(*o);
    context.run = [o, &context] {
      return run_order(o->order, context.out, [o](const market::rules& rules, account_id account) {
        return make_place(*o, rules, account);
      });
    };
  });
}

} // namespace bourse::app
