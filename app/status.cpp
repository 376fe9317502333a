#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/leadership_text.hpp"
#include "app/trader.hpp"
#include "app/verbs.hpp"

namespace bourse::app {

using namespace messages;

namespace {

constexpr std::chrono::milliseconds stall_time{500};

struct status_options {
  trader_options trader;
  bool digest = false;
};

/// What a replica says of itself; it may say anything.
nlohmann::json parse(const actors::replica_answer& a) {
  nlohmann::json out{{"replica", a.replica.value()}};
  if (a.problem) {
    out["error"] = to_string(*a.problem);
    return out;
  }
  auto said = nlohmann::json::parse(a.body, nullptr, false);
  if (!said.is_object()) {
    out["error"] = "malformed: not JSON";
    return out;
  }
  said["replica"] = a.replica.value();
  return said;
}

std::string number(const nlohmann::json& status, const char* key) {
  auto found = status.find(key);
  return found != status.end() && found->is_number_integer() ? grouped(found->get<std::int64_t>())
                                                             : "-";
}

std::int64_t waiting_at(const nlohmann::json& status) {
  auto at = "/parts/mempool/ready_requests"_json_pointer;
  return status.contains(at) && status[at].is_number_integer() ? status[at].get<std::int64_t>() : 0;
}

void print_table(const nlohmann::json& all, bool digest, const output& out) {
  table t;
  t.column("REPLICA").column("STATE").column("VIEW", align::right);
  t.column("PRIMARY", align::right).column("BLOCK", align::right);
  t.column("WAITING", align::right);
  t.column("CLIENTS", align::right).column("PEERS", align::right).column("MB", align::right);
  if (digest)
    t.column("DIGEST");
  for (const auto& s : all) {
    bool up = !s.contains("error");
    std::vector<std::string> cells{
        s["replica"].dump(),  up ? "up" : "no answer", number(s, "view"),
        number(s, "primary"), number(s, "executed"),   up ? grouped(waiting_at(s)) : "-",
        number(s, "clients"), number(s, "peers"),      "-"};
    if (auto rss = s.find("rss_bytes"); rss != s.end() && rss->is_number())
      cells.back() = fixed(rss->get<double>() / 1e6, 0);
    if (digest) {
      auto state = s.value("/state/digest"_json_pointer, std::string{"-"});
      cells.push_back(fmt::format("{:.16} at {}", state,
                                  s.value("/state/sequence"_json_pointer, std::uint64_t{0})));
    }
    t.row(std::move(cells));
  }
  out.print(t);
}

nlohmann::json ask_status(trader& who, bool digest) {
  actors::question q;
  q.kind = query_kind::status;
  q.subject = digest ? 1 : 0;
  q.how = actors::trust::each;
  auto all = nlohmann::json::array();
  for (const auto& a : who.ask_all(q))
    all.push_back(parse(a));
  return all;
}

std::int64_t most_waiting(const nlohmann::json& all) {
  std::int64_t most = 0;
  for (const auto& s : all)
    most = std::max(most, waiting_at(s));
  return most;
}

std::int64_t newest_block(const nlohmann::json& all) {
  std::int64_t newest = 0;
  for (const auto& s : all)
    if (auto at = s.find("executed"); at != s.end() && at->is_number_integer())
      newest = std::max(newest, at->get<std::int64_t>());
  return newest;
}

exit_code show_status(const status_options& o, const output& out) {
  auto who = trader::attach(o.trader);
  if (!who)
    return out.fail(who.error());
  auto all = ask_status(**who, o.digest);
  // Requests wait for a moment in every exchange; they should not wait while no block comes.
  bool stalled = false;
  if (most_waiting(all) > 0) {
    std::this_thread::sleep_for(stall_time);
    auto before = std::exchange(all, ask_status(**who, o.digest));
    stalled = most_waiting(all) > 0 && newest_block(all) == newest_block(before);
  }
  auto size = (*who)->genesis().size;
  if (out.json) {
    auto leader = add_leadership(all, size);
    out.print(nlohmann::json{{"replicas", all}, {"leader", leader}, {"stalled", stalled}});
  } else {
    print_table(all, o.digest, out);
    for (const auto& line : leadership_lines(all, size))
      out.line(line);
    if (stalled)
      out.line(fmt::format("NOTHING IS EXECUTED: {} requests wait, and no block came for {} ms.",
                           grouped(most_waiting(all)), stall_time.count()));
  }
  auto up = static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](auto& s) { return !s.contains("error"); }));
  auto needed = (*who)->genesis().size.weak_quorum();
  if (up >= needed)
    return exit_code::ok;
  out.err() << fmt::format("bourse: {} of {} replicas answered; it takes {} to know anything\n", up,
                           (*who)->genesis().size.n, needed);
  return exit_code::unreachable;
}

} // namespace

void add_status(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "status", "Show how each replica says that it is",
                        "bourse status --net net");
  auto o = std::make_shared<status_options>();
  verb->add_flag("--digest", o->digest, "Also the digest of the whole state, to compare");
  add_trader_options(*verb, o->trader);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return show_status(*o, context.out);
    };
  });
}

} // namespace bourse::app
