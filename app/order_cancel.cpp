#include <cmath>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/order.hpp"
#include "app/typed.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct cancel_options {
  order_options order;
  std::uint64_t name = 0;
  std::string instrument;
};

expected<std::vector<request>> make_cancel(const cancel_options& o, const market::rules& rules,
                                           account_id account) {
  auto where = config::find_instrument(rules, o.instrument);
  if (!where)
    return tl::unexpected{where.error()};
  return std::vector<request>{cancel{account, *where, client_order_id{o.name}}};
}

expected<std::vector<request>> make_cancel_all(const cancel_options& o, const market::rules& rules,
                                               account_id account) {
  cancel_all c;
  c.account = account;
  if (!o.instrument.empty()) {
    auto where = config::find_instrument(rules, o.instrument);
    if (!where)
      return tl::unexpected{where.error()};
    c.instrument = *where;
  }
  return std::vector<request>{c};
}

} // namespace

void add_order_cancel(CLI::App& group, app_context& context) {
  auto* verb = add_verb(group, context, "cancel", "Cancel an open order",
                        "bourse order cancel 17 BTC-USD --net net");
  auto o = std::make_shared<cancel_options>();
  verb->add_option("ORDER", o->name, "Your name for it")->required()->check(from_one());
  verb->add_option("INSTRUMENT", o->instrument, "Such as BTC-USD")->required();
  add_order_options(*verb, o->order);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_order(o->order, context.out, [o](const market::rules& rules, account_id account) {
        return make_cancel(*o, rules, account);
      });
    };
  });
}

void add_order_cancel_all(CLI::App& group, app_context& context) {
  auto* verb = add_verb(group, context, "cancel-all", "Cancel all open orders of an account",
                        "bourse order cancel-all BTC-USD --account maker-0 --net net");
  auto o = std::make_shared<cancel_options>();
  verb->add_option("INSTRUMENT", o->instrument, "In this instrument only (in all)");
  add_order_options(*verb, o->order);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_order(o->order, context.out, [o](const market::rules& rules, account_id account) {
        return make_cancel_all(*o, rules, account);
      });
    };
  });
}

void add_order_dead_man(CLI::App& group, app_context& context) {
  auto* verb = add_verb(group, context, "dead-man",
                        "Have all orders of an account cancelled unless this comes again in time",
                        "bourse order dead-man --seconds 30 --account maker-0 --net net");
  struct dead_man_options {
    order_options order;
    double seconds = 0;
  };
  auto o = std::make_shared<dead_man_options>();
  verb->add_option("--seconds", o->seconds, "From the block that executes it; 0: switch it off")
      ->required()
      ->check(CLI::Range(0.0, 4e6));
  add_order_options(*verb, o->order);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_order(o->order, context.out, [o](const market::rules&, account_id account) {
        // Rounded up, so that a short time never becomes 0, which is "off".
        auto ms = static_cast<std::uint32_t>(std::ceil(o->seconds * 1000));
        return expected<std::vector<request>>{{dead_man_switch{account, ms}}};
      });
    };
  });
}

} // namespace bourse::app
