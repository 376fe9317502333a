// What people call an order by, as the program prints it:
//   CLIENT/STREAM/NUMBER  a submission, with all its requests
//   ACCOUNT/ORDER         an order by its own name, a number
//   BLOCK.POSITION        an order by the id that the exchange gave it
#pragma once

#include <string>
#include <string_view>

#include "market/rules.hpp"
#include "storage/find_order.hpp"

namespace bourse::app {

/// Empty if it has one of these forms, else what would do.
std::string check_order_name(std::string_view text);

/// `text` was checked. Errors: those of config::find_client and find_account.
messages::expected<storage::order_name> read_order_name(std::string_view text,
                                                        const market::rules& rules);

/// "taker/0/3"
std::string submission_name(const messages::submission_header& about, const market::rules& rules);

} // namespace bourse::app
