// Where a ledger has an order, by one of the names that people have for it. The ledger is believed
// here; an audit is what tells whether that is right.
#pragma once

#include <variant>
#include <vector>

#include "market/rules.hpp"
#include "messages/request.hpp"
#include "storage/store.hpp"

namespace bourse::storage {

/// What an account calls its order.
struct order_of_account {
  account_id account;
  client_order_id name;
};
using order_name = std::variant<submission_header, order_of_account, order_id>;

struct found_order {
  submission_header about;
  digest body;
  sequence_number block; ///< 0: none yet
};

struct found_orders {
  std::vector<found_order> executed; ///< ascending by block
  std::vector<found_order> voided;   ///< blocks executed other bodies under their numbers
  std::vector<found_order> pending;
};

/// The submissions that placed an order of this name, or replaced another by it. A name that an
/// account has used again has several. Errors: corrupt, io_failed.
expected<found_orders> find_orders(const reader& s, const order_name& name, const market::rules& r);

} // namespace bourse::storage
