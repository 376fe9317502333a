#include <memory>

#include <CLI/CLI.hpp>

#include "app/order.hpp"
#include "app/typed.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct replace_options {
  order_options order;
  std::uint64_t name = 0;
  std::uint64_t new_name = 0;
  typed_order typed;
  bool post_only = false;
};

expected<std::vector<request>> make_replace(const replace_options& o, const market::rules& rules,
                                            account_id account) {
  auto terms = read_terms(o.typed, rules);
  if (!terms)
    return tl::unexpected{terms.error()};
  replace r;
  r.account = account;
  r.instrument = terms->instrument;
  r.client_order = client_order_id{o.name};
  r.new_client_order = client_order_id{o.new_name != 0 ? o.new_name : o.name};
  r.price = terms->price;
  r.quantity = terms->quantity;
  r.post_only = o.post_only;
  r.side = terms->side;
  return std::vector<request>{r};
}

} // namespace

void add_order_replace(CLI::App& group, app_context& context) {
  auto* verb = add_verb(group, context, "replace", "Give an open order another price and quantity",
                        "bourse order replace 17 buy 0.4 BTC-USD --price 236.00 --net net");
  auto o = std::make_shared<replace_options>();
  verb->add_option("ORDER", o->name, "Your name for the open order")->required()->check(from_one());
  add_order_terms(*verb, o->typed, "Its side, which does not change",
                  "The new quantity, what is filled included");
  verb->add_option("--price", o->typed.price, "The new price")->required()->check(above_zero());
  verb->add_option("--new-order", o->new_name, "A new name for it (the same)")->check(from_one());
  verb->add_flag("--post-only", o->post_only, "Refuse rather than take");
  add_order_options(*verb, o->order);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_order(o->order, context.out, [o](const market::rules& rules, account_id account) {
        return make_replace(*o, rules, account);
      });
    };
  });
}

} // namespace bourse::app
