#include <string_view>

#include <nlohmann/json.hpp>

#include "app/explained_order.hpp"
#include "app/market_json.hpp"
#include "app/market_text.hpp"

namespace bourse::app {

using namespace messages;
using fairness::explained_entry;

namespace {

std::string_view name_of(fairness::block_rank r) {
  switch (r) {
    case fairness::block_rank::liquidation:
      return "liquidation";
    case fairness::block_rank::maker:
      return "maker";
    case fairness::block_rank::aged:
      return "aged";
    case fairness::block_rank::high_value:
      return "high_value";
    case fairness::block_rank::others:
      break;
  }
  return "others";
}

nlohmann::json stamps_of(const explained_entry& x, const storage::explained_order& found) {
  auto out = nlohmann::json::array();
  for (const auto& s : x.stamps) {
    nlohmann::json one{{"replica", s.by.value()}, {"time_us", s.time.value()}};
    if (auto source = found.source(x, s)) {
      one["report"] = source->report.index.value();
      one["report_digest"] = to_hex(source->report.report.view());
      one["boundary_us"] = source->boundary.value();
      one["committed_in"] = source->committed.value();
    } else {
      one["report"] = nullptr; // it is in the state that the log begins with
    }
    out.push_back(std::move(one));
  }
  return out;
}

nlohmann::json entry_json(const explained_entry& x, const storage::explained_order& found,
                          const market::rules& rules) {
  auto& content = x.body->content;
  auto requests = nlohmann::json::array();
  for (const auto& r : content.requests)
    requests.push_back(to_json(r, rules));
  return {{"client", market_text{rules}.client(content.client)},
          {"stream", content.stream.value()},
          {"number", content.number.value()},
          {"digest", to_hex(x.body->digest.view())},
          {"requests", requests},
          {"lane", static_cast<int>(x.body->lane)},
          {"time_us", x.time.value()},
          {"effective_lane", static_cast<int>(x.effective_lane)},
          {"lane_from", x.lane_from.value()},
          {"effective_time_us", x.effective_time.value()},
          {"time_from", x.time_from.value()},
          {"rank", name_of(x.rank)},
          {"aged", x.aged},
          {"reserved", x.reserved},
          {"tie", to_hex(x.tie.view())},
          {"stamps", stamps_of(x, found)}};
}

nlohmann::json block_json(const storage::explained_order& found) {
  auto& what = found.certificate.what;
  auto commits = nlohmann::json::array();
  for (const auto& c : found.certificate.commits)
    commits.push_back(c.replica.value());
  auto heads = nlohmann::json::array();
  for (std::size_t i = 0; i < found.heads.size(); ++i) {
    auto& h = found.heads[i];
    heads.push_back({{"replica", i},
                     {"report", h.position.index.value()},
                     {"digest", to_hex(h.position.digest.view())},
                     {"boundary_us", h.position.boundary.value()},
                     {"named", h.named},
                     {"reaches", h.reaches}});
  }
  return {{"block", what.sequence.value()},
          {"view", what.view.value()},
          {"digest", to_hex(what.digest.view())},
          {"commits", commits},
          {"time_us", found.block.time.value()},
          {"heads", heads},
          {"submissions", found.block.executed.size()},
          {"left_over", found.block.left_over.size()}};
}

void add_place(nlohmann::json& to, const storage::explained_order& found,
               const market::rules& rules) {
  auto& entries = found.block.executed;
  auto place = found.place;
  to["place"] = place + 1;
  to["order"] = entry_json(found.order(), found, rules);
  to["in"] = block_json(found);
  auto left_over_by = nlohmann::json::array();
  for (auto n : found.left_over_by)
    left_over_by.push_back(n.value());
  to["left_over_by"] = left_over_by;
  to["before"] = nullptr;
  to["after"] = nullptr;
  if (place > 0) {
    to["before"] = entry_json(entries[place - 1], found, rules);
    to["before"]["why"] = reason_text(entries[place - 1], found.order());
  }
  if (place + 1 < entries.size()) {
    to["after"] = entry_json(entries[place + 1], found, rules);
    to["after"]["why"] = reason_text(found.order(), entries[place + 1]);
  }
  to["first_left_over"] = nullptr;
  if (!found.block.left_over.empty())
    to["first_left_over"] = entry_json(found.block.left_over[0], found, rules);
}

} // namespace

nlohmann::json to_json(const explained& e) {
  auto& audit = e.report.audit;
  nlohmann::json out{{"ledger", e.ledger},
                     {"verified", !audit.problem},
                     {"block", e.name.block.value()},
                     {"base", audit.base.value()},
                     {"executed", audit.executed.value()},
                     {"signatures", audit.signatures}};
  if (audit.problem)
    out["problem"] = {{"block", audit.problem->block.value()}, {"what", audit.problem->what}};
  if (e.report.order)
    add_place(out, *e.report.order, e.genesis.market);
  return out;
}

} // namespace bourse::app
