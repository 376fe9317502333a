#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/system_config.hpp"
#include "app/context.hpp"
#include "app/network_status.hpp"
#include "app/replay_reference.hpp"
#include "app/replay_run.hpp"
#include "app/verbs.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct replay_verb {
  target_options target;
  replay_options run;
  std::string speed = "max";
  std::string csv;
};

/// What is printed at the end; the checks decide the exit code.
struct replay_summary {
  replay_outcome outcome;
  flow_counters counters;
  feed_agreement feed;
  std::string difference; ///< to the single book; empty: none
  bool same_state = false;
  std::string state;
  std::string volume; ///< of all trades
  std::string asset;  ///< that it is of
};

nlohmann::json to_json(const replay_summary& s) {
  nlohmann::json rejected = nlohmann::json::object();
  for (auto& [why, count] : s.outcome.record.rejected())
    rejected[std::string(to_string(why))] = count;
  auto& finality = s.outcome.finality;
  return {{"rows", s.counters.rows},
          {"orders", s.counters.creates},
          {"cancels", s.counters.cancels},
          {"seconds", s.outcome.seconds},
          {"trades", s.outcome.record.trades().size()},
          {"volume", s.volume},
          {"volume_asset", s.asset},
          {"rejected", rejected},
          {"finality_ms",
           {{"p50", finality.percentile_ms(0.5)},
            {"p99", finality.percentile_ms(0.99)},
            {"max", finality.max_ms()}}},
          {"equal_to_single_book", s.difference.empty()},
          {"difference", s.difference},
          {"states_equal", s.same_state},
          {"feed_orders", s.feed.orders},
          {"feed_equal", s.feed.equal}};
}

/// "1 trade", "205 trades"
std::string counted(std::uint64_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

void print(const replay_summary& s, const output& out) {
  auto instructions = s.counters.creates + s.counters.cancels;
  out.line(fmt::format("{} rows: {} orders and {} cancels executed in {:.1f} s ({:.0f}/s)",
                       s.counters.rows, s.counters.creates, s.counters.cancels, s.outcome.seconds,
                       static_cast<double>(instructions) / s.outcome.seconds));
  out.line(fmt::format("{} of {} {} together", counted(s.outcome.record.trades().size(), "trade"),
                       s.volume, s.asset));
  for (auto& [why, count] : s.outcome.record.rejected())
    out.line(why == reason::unknown_order
                 ? counted(count, "cancel") + " of orders that were gone, or never there"
                 : fmt::format("{} rejected: {}", counted(count, "instruction"), to_string(why)));
  out.line(fmt::format("finality p50 {:.1f} ms, p99 {:.1f} ms",
                       s.outcome.finality.percentile_ms(0.5),
                       s.outcome.finality.percentile_ms(0.99)));
  out.line("against a single book: "
           + (s.difference.empty() ? std::string("every trade, volume and fill is equal")
                                   : "DIFFERS: " + s.difference));
  out.line(fmt::format("states of all replicas: {}{}",
                       s.same_state ? "equal at " : "DIFFER: ", s.state));
  out.line(fmt::format("against the feed: the fills of {} of {} orders agree ({:.2f} %)",
                       s.feed.equal, s.feed.orders,
                       s.feed.orders ? 100.0 * static_cast<double>(s.feed.equal)
                                           / static_cast<double>(s.feed.orders)
                                     : 0));
}

expected<double> parse_speed(const std::string& text) {
  if (text == "max")
    return 0.0;
  char* end = nullptr;
  auto factor = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || std::string(end) != "x" || !(factor > 0))
    return fail(errc::malformed, "--speed " + text + ": give max, or a factor such as 1x or 60x");
  return factor;
}

expected<replay_summary> replay(const replay_verb& o, load_target& target, const output& out) {
  auto& rules = target.genesis().market;
  auto roles = find_replay_roles(rules, o.run.instrument);
  if (!roles)
    return tl::unexpected(roles.error());
  auto& instrument = rules.instruments[roles->instrument.value()];
  auto yardstick = order_flow::open(o.run.file, instrument);
  if (!yardstick)
    return tl::unexpected(yardstick.error());
  auto reference = run_reference(*yardstick, rules, *roles);
  if (!reference)
    return tl::unexpected(reference.error());

  auto flow = order_flow::open(o.run.file, instrument);
  if (!flow)
    return tl::unexpected(flow.error());
  actors::system_config config;
  caf::actor_system system{config};
  if (target.temporary() == nullptr) {
    auto empty = book_is_empty(system, target, roles->client, roles->instrument);
    if (!empty)
      return tl::unexpected(empty.error());
    if (!*empty)
      return fail(errc::config_invalid,
                  fmt::format("the book of {} in {} is not empty, and the single book that a "
                              "replay is compared with begins empty: use a fresh network",
                              instrument.name, target.folder().string()));
  }
  std::uint64_t shown = 0;
  auto outcome = run_replay(system, target, *flow, *roles, o.run, [&](const replay_progress& p) {
    if (out.terminal() && !out.json && p.answered >= shown + 1000) {
      shown = p.answered;
      out.err() << fmt::format("\r{} of {} executed ", p.answered, reference->instructions())
                << std::flush;
    }
  });
  if (out.terminal() && !out.json)
    out.err() << '\n';
  if (!outcome)
    return tl::unexpected(outcome.error());
  if (!o.csv.empty()) {
    std::ofstream csv(o.csv);
    outcome->record.write_csv(csv, instrument);
    if (!csv)
      return fail(errc::io_failed, o.csv + ": can't be written");
  }
  replay_summary s;
  s.feed = compare_with_feed(outcome->record, *flow);
  s.counters = flow->counters();
  s.difference = difference(outcome->record, *reference);
  s.outcome = std::move(*outcome);
  s.same_state = same_states(system, target, roles->client, s.state);
  s.volume = config::format_units(s.outcome.record.volume_lots() * instrument.lot_units,
                                  rules.assets[instrument.base.value()].decimals);
  s.asset = rules.assets[instrument.base.value()].name;
  return s;
}

exit_code run_verb(replay_verb o, const output& out) {
  auto speed = parse_speed(o.speed);
  if (!speed)
    return out.refuse(speed.error().detail);
  o.run.speed = *speed;
  // Before any node is started.
  if (auto file = line_reader::open(o.run.file); !file)
    return out.fail(file.error());
  if (!o.csv.empty())
    if (auto ok = check_writable(o.csv); !ok)
      return out.fail(ok.error());
  auto target = load_target::open(o.target);
  if (!target)
    return out.fail(target.error());
  auto summary = replay(o, **target, out);
  if (!summary)
    return out.fail(summary.error());
  if (out.json)
    out.print(to_json(*summary));
  else
    print(*summary, out);
  if ((*target)->kept() && !out.json)
    out.line("Data: " + (*target)->folder().string());
  return summary->difference.empty() && summary->same_state ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_replay(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "replay",
                        "Send recorded order flow through a network and compare the outcome with a "
                        "single book and with the feed",
                        "bourse replay flow.csv.xz --speed max --csv fills.csv");
  auto o = std::make_shared<replay_verb>();
  verb->add_option("FILE", o->run.file, "Recorded events, .csv or .csv.xz")->required();
  add_target_options(*verb, o->target);
  verb->add_option("--speed", o->speed, "max, or a factor: 1x, 60x")->capture_default_str();
  verb->add_option("--instrument", o->run.instrument, "Which book")->capture_default_str();
  verb->add_option("--csv", o->csv,
                   "Write id,side,price,qty,filled, an order a row, in the units of the file");
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_verb(*o, context.out);
    };
  });
}

} // namespace bourse::app
