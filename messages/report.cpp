#include "messages/report.hpp"

namespace bourse::messages {

std::string_view to_string(report_kind kind) {
  switch (kind) {
    case report_kind::accepted:
      return "accepted";
    case report_kind::fill:
      return "fill";
    case report_kind::cancelled:
      return "cancelled";
    case report_kind::expired:
      return "expired";
    case report_kind::replaced:
      return "replaced";
    case report_kind::rejected:
      return "rejected";
    case report_kind::done:
      return "done";
  }
  return "unknown_kind";
}

std::string_view to_string(reason why) {
  switch (why) {
    case reason::none:
      return "none";
    case reason::unknown_account:
      return "unknown_account";
    case reason::unknown_instrument:
      return "unknown_instrument";
    case reason::unknown_asset:
      return "unknown_asset";
    case reason::not_authorised:
      return "not_authorised";
    case reason::bad_price:
      return "bad_price";
    case reason::bad_quantity:
      return "bad_quantity";
    case reason::bad_amount:
      return "bad_amount";
    case reason::bad_expiry:
      return "bad_expiry";
    case reason::overflow:
      return "overflow";
    case reason::insufficient_funds:
      return "insufficient_funds";
    case reason::duplicate_client_order:
      return "duplicate_client_order";
    case reason::unknown_order:
      return "unknown_order";
    case reason::too_late:
      return "too_late";
    case reason::would_take:
      return "would_take";
    case reason::would_not_fill:
      return "would_not_fill";
    case reason::no_liquidity:
      return "no_liquidity";
    case reason::spent:
      return "spent";
    case reason::self_trade:
      return "self_trade";
    case reason::end_of_life:
      return "end_of_life";
    case reason::dead_man:
      return "dead_man";
    case reason::not_a_reduction:
      return "not_a_reduction";
    case reason::book_full:
      return "book_full";
  }
  return "unknown_reason";
}

} // namespace bourse::messages
