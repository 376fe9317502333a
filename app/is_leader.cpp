#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/leadership.hpp"
#include "app/trader.hpp"
#include "app/verbs.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct is_leader_options {
  trader_options trader;
  std::uint16_t replica = 0;
};

exit_code answer(const is_leader_options& o, const output& out) {
  auto identity = load_trader(o.trader);
  if (!identity)
    return out.fail(identity.error());
  auto size = identity->genesis.size;
  if (o.replica >= size.n)
    return out.fail({errc::not_found,
                     fmt::format("there are replicas 0 to {}, and no {}", size.n - 1, o.replica)});
  auto who = trader::attach(std::move(*identity), o.trader);
  if (!who)
    return out.fail(who.error());
  actors::question q;
  q.kind = query_kind::status;
  q.how = actors::trust::each;
  auto all = (*who)->ask_all(q);
  auto s = read_status(nlohmann::json::parse(all[o.replica].body, nullptr, false));
  if (all[o.replica].problem || !s.answered)
    return out.fail({errc::unreachable, fmt::format("replica {} does not answer", o.replica)});
  auto primary = size.primary_of(view_number{s.view}).value();
  bool leads = s.in_view && primary == o.replica;
  if (out.json)
    out.print(nlohmann::json{{"replica", o.replica},
                             {"leads", leads},
                             {"view", s.view},
                             {"in_view", s.in_view},
                             {"primary", primary}});
  else if (leads)
    out.line(fmt::format("Replica {} leads view {}.", o.replica, s.view));
  else
    out.line(fmt::format("Replica {} does not lead: {} view {}, which is that of replica {}.",
                         o.replica, s.in_view ? "it is in" : "it waits for", s.view, primary));
  return leads ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_is_leader(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "is-leader",
                        "Exit with 0 if a replica leads its view now, 1 if not, 3 if it can't be "
                        "reached",
                        "bourse is-leader --net net --replica 0");
  auto o = std::make_shared<is_leader_options>();
  verb->add_option("--replica", o->replica, "Which")->required();
  add_trader_options(*verb, o->trader);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return answer(*o, context.out);
    };
  });
}

} // namespace bourse::app
