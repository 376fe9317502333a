// What the clearing house can say of a request without looking at balances or books: rights,
// references and the shape of orders. The first check that fails gives the reason.
#pragma once

#include "market/rules.hpp"
#include "messages/report.hpp"
#include "messages/request.hpp"

namespace bourse::market {

class request_checks {
public:
  explicit request_checks(const rules& r) : rules_(r) {}

  /// `now` is the block that the order would first trade in.
  reason check(const client& by, const place& x, sequence_number now) const;
  reason check(const client& by, const replace& x) const;
  reason check(const client& by, const cancel& x) const;
  reason check(const client& by, const cancel_all& x) const;
  reason check(const client& by, const deposit& x) const;
  reason check(const client& by, const withdraw& x) const;
  reason check(const client& by, const dead_man_switch& x) const;

private:
  /// Known, and the client's own or, if `by_right`, anyone's.
  reason check_account(const client& by, account_id a, bool by_right) const;
  reason check_money(const client& by, account_id a, asset_id of, amount x) const;
  bool known(instrument_id i) const {
    return i.value() < rules_.instruments.size();
  }

  const rules& rules_;
};

/// True if the order stays in the book when it is not filled.
inline bool may_rest(const place& x) {
  return x.type == order_type::limit && x.tif != time_in_force::immediate_or_cancel
         && x.tif != time_in_force::fill_or_kill;
}

} // namespace bourse::market
