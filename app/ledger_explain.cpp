#include "app/ledger_explain.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/explained_order.hpp"
#include "app/ledger_place.hpp"
#include "app/order_name.hpp"
#include "app/progress_line.hpp"
#include "storage/base.hpp"
#include "storage/explain_order.hpp"

namespace bourse::app {

using namespace messages;

namespace {

/// Names of those that were found, each with its block: "taker/0/3 (block 7), taker/0/9 (block 9)".
std::string listed(const std::vector<storage::found_order>& found, const market::rules& rules) {
  std::string out;
  for (const auto& x : found)
    out += fmt::format("{}{} (block {})", out.empty() ? "" : ", ", submission_name(x.about, rules),
                       x.block.value());
  return out;
}

tl::unexpected<error> not_there(const std::string& order, const storage::reader& s) {
  auto first = storage::first_kept(s);
  auto last = storage::last_committed(s);
  if (!first || !last)
    return tl::unexpected{first ? last.error() : first.error()};
  if (*first == sequence_number{1})
    return fail(errc::not_found,
                fmt::format("there is no {} in blocks 1 to {}", order, last->value()));
  return fail(
      errc::pruned,
      fmt::format("there is no {} in blocks {} to {}, and older ones are gone here: ask the "
                  "ledger of a node that keeps more (retain_blocks), or an archive",
                  order, first->value(), last->value()));
}

/// The one that is meant. Errors: not_found, pruned, and those of find_orders.
expected<storage::found_order> find(const std::string& order, const storage::reader& s,
                                    const market::rules& rules) {
  auto name = read_order_name(order, rules);
  if (!name)
    return tl::unexpected{name.error()};
  auto found = storage::find_orders(s, *name, rules);
  if (!found)
    return tl::unexpected{found.error()};
  if (found->executed.size() == 1)
    return found->executed.front();
  if (!found->executed.empty())
    return fail(errc::not_found, fmt::format("there is more than one {}; name one of them: {}",
                                             order, listed(found->executed, rules)));
  if (!found->voided.empty())
    return fail(errc::not_found,
                fmt::format("{} is void: another body was executed under its number; see {}", order,
                            listed({found->voided.front()}, rules)));
  if (!found->pending.empty())
    return fail(errc::not_found,
                fmt::format("{} waits and has no place yet, as far as this ledger goes; try again "
                            "later, or another node's",
                            order));
  return not_there(order, s);
}

exit_code explain_in(const ledger_place& place, const config::genesis& g, const std::string& order,
                     const output& out) {
  auto store = open_ledger(place);
  if (!store)
    return out.fail(named(place, store.error()));
  if (auto ok = check_cluster(**store, g.market); !ok)
    return out.fail(named(place, ok.error()));
  auto found = find(order, **store, g.market);
  if (!found)
    return out.fail(named(place, found.error()));
  auto report = [&] {
    progress_line line{out};
    return storage::explain_order(**store, believed(g), *found,
                                  [&line](auto& progress) { line.draw(progress); });
  }();
  if (!report)
    return out.fail(named(place, report.error()));
  auto database = place.database.string();
  explained all{database, g, *found, *report};
  auto& problem = report->audit.problem;
  if (out.json)
    out.print(to_json(all));
  else if (!problem)
    print_for_people(all, out);
  else
    out.line(fmt::format("{} {}: {} has it in block {}, but block {} is bad: {}\n"
                         "  The ledger of another node may prove its place.",
                         out.paint(colour::red, "not verified"),
                         submission_name(found->about, g.market), database, found->block.value(),
                         problem->block.value(), problem->what));
  return problem ? exit_code::failed : exit_code::ok;
}

} // namespace

exit_code explain_order(const ledger_explain_options& o, const output& out) {
  auto place = find_ledger(o.directory, o.genesis);
  if (!place)
    return out.fail(place.error());
  auto g = load_genesis_of(*place);
  if (!g)
    return out.fail(g.error());
  return explain_in(*place, *g, o.order, out);
}

} // namespace bourse::app
