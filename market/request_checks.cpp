#include "market/request_checks.hpp"

#include <algorithm>

namespace bourse::market {

namespace {

constexpr client_order_id no_name{0};

bool valid(price p) {
  return p.value() >= 1 && p.value() <= max_price;
}

bool valid(quantity q) {
  return q.value() >= 1 && q.value() <= max_quantity;
}

bool valid(amount a) {
  return a.value() >= 1 && a.value() <= max_amount;
}

reason check_market_order(const place& x) {
  // It never rests and always takes, so it can't be what these promise.
  if (x.tif == time_in_force::post_only)
    return reason::would_take;
  if (x.tif == time_in_force::good_till_block)
    return reason::bad_expiry;
  if (x.price != price{})
    return reason::bad_price;
  bool right = x.side == side::buy ? valid(x.max_spend) : x.max_spend == amount{};
  return right ? reason::none : reason::bad_amount;
}

reason check_limit_order(const place& x, sequence_number now) {
  if (!valid(x.price))
    return reason::bad_price;
  if (x.max_spend != amount{})
    return reason::bad_amount;
  if (x.tif == time_in_force::good_till_block && x.expire_after < now)
    return reason::bad_expiry;
  return reason::none;
}

} // namespace

reason request_checks::check_account(const client& by, account_id a, bool by_right) const {
  if (a.value() >= rules_.accounts.size())
    return reason::unknown_account;
  if (by_right || std::binary_search(by.accounts.begin(), by.accounts.end(), a))
    return reason::none;
  return reason::not_authorised;
}

reason request_checks::check(const client& by, const place& x, sequence_number now) const {
  if (auto why = check_account(by, x.account, x.liquidation && by.liquidator); why != reason::none)
    return why;
  if (x.liquidation && !by.liquidator)
    return reason::not_authorised;
  if (!known(x.instrument))
    return reason::unknown_instrument;
  if (x.client_order == no_name)
    return reason::duplicate_client_order; // 0 stands for all orders without a name
  if (!valid(x.quantity))
    return reason::bad_quantity;
  if (x.tif != time_in_force::good_till_block && x.expire_after != sequence_number{})
    return reason::bad_expiry;
  auto why = x.type == order_type::market ? check_market_order(x) : check_limit_order(x, now);
  if (why == reason::none && x.liquidation && (x.side != side::sell || may_rest(x)))
    return reason::not_a_reduction;
  return why;
}

reason request_checks::check(const client& by, const replace& x) const {
  if (auto why = check_account(by, x.account, false); why != reason::none)
    return why;
  if (!known(x.instrument))
    return reason::unknown_instrument;
  if (x.client_order == no_name)
    return reason::unknown_order;
  if (x.new_client_order == no_name)
    return reason::duplicate_client_order;
  if (!valid(x.quantity))
    return reason::bad_quantity;
  return valid(x.price) ? reason::none : reason::bad_price;
}

reason request_checks::check(const client& by, const cancel& x) const {
  if (auto why = check_account(by, x.account, false); why != reason::none)
    return why;
  if (!known(x.instrument))
    return reason::unknown_instrument;
  return x.client_order == no_name ? reason::unknown_order : reason::none;
}

reason request_checks::check(const client& by, const cancel_all& x) const {
  // A liquidator clears the way for its sales: what open orders hold can't be sold.
  if (auto why = check_account(by, x.account, by.liquidator); why != reason::none)
    return why;
  return !x.instrument || known(*x.instrument) ? reason::none : reason::unknown_instrument;
}

reason request_checks::check_money(const client& by, account_id a, asset_id of, amount x) const {
  if (auto why = check_account(by, a, by.treasurer); why != reason::none)
    return why;
  if (!by.treasurer)
    return reason::not_authorised;
  if (of.value() >= rules_.assets.size())
    return reason::unknown_asset;
  return valid(x) ? reason::none : reason::bad_amount;
}

reason request_checks::check(const client& by, const deposit& x) const {
  return check_money(by, x.account, x.asset, x.amount);
}

reason request_checks::check(const client& by, const withdraw& x) const {
  return check_money(by, x.account, x.asset, x.amount);
}

reason request_checks::check(const client& by, const dead_man_switch& x) const {
  return check_account(by, x.account, false);
}

} // namespace bourse::market
