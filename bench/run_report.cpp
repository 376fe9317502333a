#include "bench/run_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bourse::bench {

namespace {

nlohmann::json to_object(const percentiles& p) {
  nlohmann::json out = {{"p50", p.p50}, {"p99", p.p99}};
  if (p.max > 0)
    out["max"] = p.max;
  return out;
}

std::string row(const std::string& name, const std::string& value) {
  return fmt::format("  {:<34} {}\n", name, value);
}

std::string row(const std::string& name, const percentiles& p) {
  auto text = fmt::format("p50 {:.2f}  p99 {:.2f}", p.p50, p.p99);
  if (p.max > 0)
    text += fmt::format("  max {:.2f}", p.max);
  return row(name, text);
}

double checked_by_each(const run_report& r) {
  return r.signatures_verified_per_second / std::max<double>(r.replicas, 1);
}

} // namespace

percentiles percentiles_of(const latency_histogram& h) {
  return {h.percentile_ms(0.5), h.percentile_ms(0.99), h.max_ms()};
}

std::string to_json(const run_report& r) {
  nlohmann::json phases = nlohmann::json::object();
  for (auto& [name, p] : r.phase_ms)
    phases[name] = to_object(p);
  nlohmann::json checks = nlohmann::json::object();
  for (auto& [what, how] : r.checks)
    checks[what] = how;
  nlohmann::json failures = nlohmann::json::array();
  for (auto& f : r.failures)
    failures.push_back({{"replica", f.replica},
                        {"at_s", f.at_s},
                        {"back_at_s", f.back_at_s},
                        {"view", f.view},
                        {"stall_ms", f.stall_ms},
                        {"view_change_ms", f.view_change_ms},
                        {"why", f.why},
                        {"catch_up_ms", f.catch_up_ms},
                        {"fetched_blocks", f.fetched_blocks}});
  nlohmann::json out = {
      {"title", r.title},
      {"command", r.command},
      {"filesystem", r.filesystem},
      {"counts", r.counts},
      {"replicas", r.replicas},
      {"cores", r.cores},
      {"duration_s", r.duration_s},
      {"presigned", r.presigned},
      {"rate", r.rate},
      {"orders", r.orders},
      {"trades", r.trades},
      {"blocks", r.blocks},
      {"orders_per_second", r.orders_per_second},
      {"orders_per_signature", r.orders_per_signature},
      {"finality_ms", to_object(percentiles_of(r.finality))},
      {"block_ms", to_object(r.block_ms)},
      {"phase_ms", phases},
      {"messages_per_block", r.messages_per_block},
      {"signatures_verified_per_second", r.signatures_verified_per_second},
      {"signatures_verified_per_second_each", checked_by_each(r)},
      {"verify_limit_per_second", r.verify_limit_per_second},
      {"syncs_per_second", r.syncs_per_second},
      {"bytes_sent_per_order", r.bytes_sent_per_order},
      {"rss_mb_max", r.rss_mb_max},
      {"cpu_us_per_order", r.cpu_us_per_order},
      {"failures", failures},
      {"checks", checks},
  };
  return out.dump(2);
}

std::string to_table(const run_report& r) {
  std::string out = r.title + "\n";
  out += row("replicas / cores", fmt::format("{} / {}", r.replicas, r.cores));
  out += row("data on", r.counts ? r.filesystem
                                 : r.filesystem + " - syncs cost nothing there: DOES NOT COUNT");
  out += row("orders executed", fmt::format("{} in {:.1f} s, {} blocks, {} trades", r.orders,
                                            r.duration_s, r.blocks, r.trades));
  out += row("orders per second",
             fmt::format("{:.0f}", r.orders_per_second)
                 + (r.rate > 0 ? fmt::format(" (asked for {:.0f})", r.rate) : ""));
  out += row("orders per signature", fmt::format("{:.1f}{}", r.orders_per_signature,
                                                 r.presigned ? ", signed before the run" : ""));
  out += row("finality, ms", percentiles_of(r.finality));
  out += row("between blocks, ms", r.block_ms);
  for (auto& [name, p] : r.phase_ms)
    out += row("phase " + name + ", ms", p);
  out += row("messages per block", fmt::format("{:.1f}", r.messages_per_block));
  out += row("signatures checked per second",
             fmt::format("{:.0f} by each replica; {:.0f} with nothing else to do",
                         checked_by_each(r), r.verify_limit_per_second));
  out += row("syncs per second", fmt::format("{:.0f} by all replicas", r.syncs_per_second));
  out += row("bytes sent per order", fmt::format("{:.0f} by all replicas", r.bytes_sent_per_order));
  out += row("largest replica, MB", fmt::format("{:.0f}", r.rss_mb_max));
  for (auto& [component, us] : r.cpu_us_per_order)
    out += row("CPU per order, " + component, fmt::format("{:.2f} us by all replicas", us));
  for (auto& [what, how] : r.checks)
    out += row(what, how);
  return out;
}

} // namespace bourse::bench
