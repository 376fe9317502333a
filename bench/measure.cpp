#include "bench/measure.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bourse::bench {

namespace {

using nlohmann::json;

json parse(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_object() || value.is_array() ? value : json();
}

double number(const json& in, const char* pointer) {
  auto at = json::json_pointer(pointer);
  return in.is_object() && in.contains(at) && in[at].is_number() ? in[at].get<double>() : 0;
}

/// A counter's growth over the run, by replica; replicas that did not answer are left out.
class growth {
public:
  growth(const load_sample& first, const load_sample& last) {
    for (std::size_t i = 0; i < first.status.size() && i < last.status.size(); ++i)
      if (!first.status[i].empty() && !last.status[i].empty())
        pairs_.emplace_back(parse(first.status[i]), parse(last.status[i]));
  }

  double sum(const char* pointer) const {
    double all = 0;
    for (auto& [before, after] : pairs_)
      all += number(after, pointer) - number(before, pointer);
    return all;
  }
  double most(const char* pointer) const {
    double best = 0;
    for (auto& [before, after] : pairs_)
      best = std::max(best, number(after, pointer) - number(before, pointer));
    return best;
  }
  const std::vector<std::pair<json, json>>& pairs() const {
    return pairs_;
  }

private:
  std::vector<std::pair<json, json>> pairs_;
};

struct phase_name {
  const char* key;
  const char* title;
};
constexpr phase_name phases[] = {{"proposed_ns", "proposed"},         {"checked_ns", "checked"},
                                 {"prepare_sent_ns", "prepare sent"}, {"prepared_ns", "prepared"},
                                 {"commit_sent_ns", "commit sent"},   {"committed_ns", "committed"},
                                 {"executed_ns", "executed"}};

const json* find_block(const json& timeline, std::uint64_t sequence) {
  for (auto& b : timeline)
    if (b.value("sequence", std::uint64_t{0}) == sequence)
      return &b;
  return nullptr;
}

/// The latest block but a few that every replica passed through all phases: a usual one.
void trace_block(run_report& r, const std::vector<std::string>& timelines) {
  std::vector<json> all;
  for (auto& t : timelines)
    if (auto parsed = parse(t); parsed.is_array() && !parsed.empty())
      all.push_back(std::move(parsed));
  if (all.empty())
    return;
  for (auto candidate = all.front().rbegin(); candidate != all.front().rend(); ++candidate) {
    auto sequence = candidate->value("sequence", std::uint64_t{0});
    std::vector<const json*> rows;
    for (auto& t : all)
      if (auto* b = find_block(t, sequence); b && b->value("executed_ns", std::uint64_t{0}) > 0)
        rows.push_back(b);
    if (rows.size() != all.size())
      continue;
    auto start = ~std::uint64_t{0};
    for (auto* b : rows)
      start = std::min(start, b->value("proposed_ns", std::uint64_t{0}));
    r.block_way_sequence = sequence;
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (auto& p : phases)
        if (auto at = rows[i]->value(p.key, std::uint64_t{0}); at >= start)
          r.block_way.push_back(
              {static_cast<std::uint16_t>(i), p.title, static_cast<double>(at - start) / 1000});
    return;
  }
}

/// Of the replica that leads at the end: it proposes, and was not started again.
std::size_t last_primary(const load_sample& last) {
  for (std::size_t i = 0; i < last.status.size(); ++i)
    if (auto s = parse(last.status[i]);
        s.is_object() && number(s, "/primary") == static_cast<double>(i))
      return i;
  return 0;
}

percentiles block_intervals(const std::vector<std::string>& timelines, std::size_t of) {
  latency_histogram h;
  auto timeline = of < timelines.size() ? parse(timelines[of]) : json();
  for (std::size_t i = 1; i < timeline.size(); ++i) {
    auto from = timeline[i - 1].value("executed_ns", std::uint64_t{0});
    auto to = timeline[i].value("executed_ns", std::uint64_t{0});
    if (from > 0 && to >= from)
      h.add((to - from) / 1000);
  }
  return percentiles_of(h);
}

} // namespace

void fill_report(run_report& r, const load_result& run, const load_options& options) {
  growth grown{run.first, run.last};
  auto seconds = std::max(run.duration_s, 1e-9);
  r.cores = std::thread::hardware_concurrency();
  r.duration_s = run.duration_s;
  r.presigned = options.presigned > 0;
  r.rate = options.rate;
  r.orders = run.counts->orders;
  r.finality = run.counts->finality;
  r.orders_per_second = static_cast<double>(r.orders) / seconds;
  auto requests = std::max(1.0, grown.sum("/requests"));
  auto executed = grown.most("/requests");
  r.trades = static_cast<std::uint64_t>(grown.most("/trades"));
  r.blocks = static_cast<std::uint64_t>(grown.most("/blocks"));
  r.orders_per_signature = executed / std::max(1.0, grown.most("/submissions"));
  r.block_ms = block_intervals(run.timeline, last_primary(run.last));
  r.messages_per_block
      = grown.sum("/traffic/peers/messages_out") / std::max(1.0, grown.most("/blocks"));
  r.signatures_verified_per_second
      = (grown.sum("/signatures/submissions") + grown.sum("/signatures/votes")) / seconds;
  r.syncs_per_second = grown.sum("/syncs") / seconds;
  r.bytes_sent_per_order
      = (grown.sum("/traffic/peers/bytes_out") + grown.sum("/traffic/clients/bytes_out"))
        / std::max(1.0, executed);
  for (auto& [before, after] : grown.pairs()) {
    r.rss_mb_max = std::max(r.rss_mb_max, number(after, "/rss_bytes") / 1e6);
    if (after.contains("cpu_us"))
      for (auto& [component, used] : after["cpu_us"].items())
        r.cpu_us_per_order[component]
            += (used.get<double>() - number(before, ("/cpu_us/" + component).c_str()))
               / (requests / static_cast<double>(grown.pairs().size()));
  }
  // The primary's phases: it is the one that waits for the others.
  auto primary = last_primary(run.last);
  auto said = primary < run.last.status.size() ? parse(run.last.status[primary]) : json();
  auto phases_of_primary = said.is_object() ? said.value("phases", json::object()) : json::object();
  for (auto& [name, p] : phases_of_primary.items())
    r.phase_ms[name] = {p.value("p50_us", 0.0) / 1000, p.value("p99_us", 0.0) / 1000, 0};
  trace_block(r, run.timeline);
}

sample to_sample(const load_sample& now, const load_sample* before) {
  sample s;
  s.at_s = now.at_s;
  auto orders_before = before ? before->counts->orders : 0;
  auto at_before = before ? before->at_s : 0;
  s.orders_per_second = static_cast<double>(now.counts->orders - orders_before)
                        / std::max(now.at_s - at_before, 1e-3);
  for (auto& l : now.book.bids)
    s.bid_lots += l.quantity.value();
  for (auto& l : now.book.asks)
    s.ask_lots += l.quantity.value();
  s.best_bid = now.book.bids.empty() ? 0 : now.book.bids.front().price.value();
  s.best_ask = now.book.asks.empty() ? 0 : now.book.asks.front().price.value();
  return s;
}

bool same_state(const std::vector<std::string>& statuses, std::string& detail) {
  auto name_of = [](const json& state) {
    if (!state.is_object())
      return std::string{"nothing"};
    return fmt::format("block {}, {:.16}", state.value("sequence", std::uint64_t{0}),
                       state.value("digest", std::string{"-"}));
  };
  json first;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    auto status = parse(statuses[i]);
    if (!status.is_object() || !status.contains("state")) {
      detail = fmt::format("replica {} gave no state", i);
      return false;
    }
    const auto& state = status["state"];
    if (i == 0)
      first = state;
    else if (state != first) {
      detail
          = fmt::format("replica 0 is at {}, replica {} at {}", name_of(first), i, name_of(state));
      return false;
    }
  }
  detail = name_of(first);
  return !statuses.empty();
}

} // namespace bourse::bench
