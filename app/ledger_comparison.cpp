#include "app/ledger_comparison.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/ledger_place.hpp"
#include "storage/base.hpp"
#include "storage/records.hpp"
#include "storage/rocks_store.hpp"

namespace bourse::app {

using namespace messages;

namespace {

std::vector<amount> genesis_supply(const market::rules& r) {
  std::vector<amount> supply(r.assets.size());
  for (auto& a : r.accounts)
    for (std::size_t i = 0; i < a.balances.size(); ++i)
      supply[i] = amount{supply[i].value() + a.balances[i].value()};
  return supply;
}

std::string text_of(const log_difference& found, sequence_number last) {
  if (found.block)
    return fmt::format("DIFFER at block {}", found.block->value());
  if (found.first > last)
    return "no block in common, since older ones are gone";
  if (found.first > sequence_number{1})
    return fmt::format("equal from block {} to {}", found.first.value(), last.value());
  return fmt::format("equal to block {}", last.value());
}

} // namespace

expected<log_difference> compare_logs(const storage::reader& one, const storage::reader& other,
                                      sequence_number last) {
  constexpr std::size_t at_once = 256;
  auto a_first = storage::first_kept(one);
  auto b_first = storage::first_kept(other);
  if (!a_first || !b_first)
    return tl::unexpected(a_first ? b_first.error() : a_first.error());
  log_difference out{std::max(*a_first, *b_first), std::nullopt};
  for (auto n = out.first; n <= last;) {
    auto a = storage::load_blocks(one, n, at_once, 1 << 26);
    auto b = storage::load_blocks(other, n, at_once, 1 << 26);
    if (!a || !b)
      return tl::unexpected(a ? b.error() : a.error());
    auto both = std::min(a->size(), b->size());
    if (both == 0)
      out.block = n;
    for (std::size_t i = 0; i < both && !out.block; ++i, n = n.next())
      if (*(*a)[i].block != *(*b)[i].block)
        out.block = n;
    if (out.block)
      break;
  }
  return out;
}

ledger_comparison compare_ledgers(const temporary_network& network) {
  ledger_comparison all;
  auto find = [&](std::string what, bool good, std::string how) {
    all.good = all.good && good;
    all.findings.emplace_back(std::move(what), std::move(how));
  };
  auto& g = network.genesis();
  auto supply = genesis_supply(g.market);
  std::vector<std::unique_ptr<storage::store>> stores;
  auto shortest = sequence_number{UINT64_MAX};
  for (std::size_t i = 0; i < network.size(); ++i) {
    auto name = fmt::format("ledger of replica {}", i);
    storage::rocks_options options;
    options.directory = network.data(i);
    options.read_only = true;
    auto store = storage::open_rocks_store(options);
    if (!store) {
      find(name, false, to_string(store.error()));
      return all;
    }
    auto report = storage::verify_ledger(**store, believed(g));
    if (!report || report->problem) {
      find(name, false,
           report
               ? fmt::format("block {}: {}", report->problem->block.value(), report->problem->what)
               : to_string(report.error()));
      return all;
    }
    all.requests = std::max(all.requests, report->requests);
    find(name, true,
         fmt::format("{} blocks, {} requests, {} trades, {} signatures: sound", report->blocks,
                     report->requests, report->trades, report->signatures));
    find(fmt::format("assets of replica {}", i), report->supply == supply,
         report->supply == supply ? "conserved" : "NOT CONSERVED");
    shortest = std::min(shortest, report->executed);
    stores.push_back(std::move(*store));
  }
  for (std::size_t i = 1; i < stores.size(); ++i) {
    auto found = compare_logs(*stores[0], *stores[i], shortest);
    find(fmt::format("log of replica 0 and {}", i), found && !found->block,
         found ? text_of(*found, shortest) : to_string(found.error()));
  }
  return all;
}

} // namespace bourse::app
