// What fixed an order's place, for people and for scripts.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "app/output.hpp"
#include "config/genesis.hpp"
#include "storage/explain_order.hpp"

namespace bourse::app {

/// All that is told. What it refers to outlives it.
struct explained {
  const std::string& ledger;
  const config::genesis& genesis;
  const storage::found_order& name;
  const storage::order_audit_report& report;
};

/// "lane 2 (makers)", "aged (two blocks or more left it over)"
std::string rank_text(const fairness::explained_entry& e);
/// Why one goes before the other; both are in one block, next to each other or not.
std::string reason_text(const fairness::explained_entry& first,
                        const fairness::explained_entry& second);
/// "2015-05-01 00:00:04.518002", in UTC
std::string to_text(messages::stamp_time t);

/// If the place is proved.
void print_for_people(const explained& e, const output& out);
/// Whether it is or not.
nlohmann::json to_json(const explained& e);

} // namespace bourse::app
