// An order as execution reports tell of it.
#pragma once

#include <cstdint>

#include "messages/request.hpp"

namespace bourse::simulation {

using namespace messages;

struct known_order {
  std::uint64_t id = 0;
  client_id client; ///< whose reports tell of it
  place asked;      ///< by which it came; its name, price and quantity may have been replaced
  std::int64_t leaves = 0;
  std::int64_t filled = 0;
  std::uint64_t rank = 0; ///< its place in the queue: the lower, the sooner
  bool may_take = true;   ///< not post-only, as of its latest request
  std::int64_t made = 0;  ///< notional that it traded as maker
  std::int64_t taken = 0; ///< and as taker

  bool may_rest() const {
    return asked.type == order_type::limit && asked.tif != time_in_force::immediate_or_cancel
           && asked.tif != time_in_force::fill_or_kill && !asked.liquidation;
  }
  /// True if it lets itself be traded at that price.
  bool agrees_to(std::int64_t price) const {
    return asked.type == order_type::market
           || (asked.side == side::buy ? price <= asked.price.value()
                                       : price >= asked.price.value());
  }
};

} // namespace bourse::simulation
