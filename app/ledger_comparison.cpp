#include "app/ledger_comparison.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "storage/audit.hpp"
#include "storage/records.hpp"
#include "storage/rocks_store.hpp"

namespace bourse::app {

using namespace messages;

namespace {

storage::audit_genesis audit_genesis_of(const config::genesis& g) {
  storage::audit_genesis out{g.size, {}, g.market};
  for (auto& r : g.replicas)
    out.replicas.push_back(r.key);
  return out;
}

std::vector<amount> genesis_supply(const market::rules& r) {
  std::vector<amount> supply(r.assets.size());
  for (auto& a : r.accounts)
    for (std::size_t i = 0; i < a.balances.size(); ++i)
      supply[i] = amount{supply[i].value() + a.balances[i].value()};
  return supply;
}

/// The first block at which two ledgers differ; nothing if one is a beginning of the other.
expected<std::optional<sequence_number>> first_difference(const storage::reader& one,
                                                          const storage::reader& other,
                                                          sequence_number last) {
  constexpr std::size_t at_once = 256;
  for (auto n = sequence_number{1}; n <= last;) {
    auto a = storage::load_blocks(one, n, at_once, 1 << 26);
    auto b = storage::load_blocks(other, n, at_once, 1 << 26);
    if (!a || !b)
      return tl::unexpected(a ? b.error() : a.error());
    auto both = std::min(a->size(), b->size());
    if (both == 0)
      return n;
    for (std::size_t i = 0; i < both; ++i, n = n.next())
      if (*(*a)[i].block != *(*b)[i].block)
        return n;
  }
  return std::nullopt;
}

} // namespace

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
    auto report = storage::verify_ledger(**store, audit_genesis_of(g));
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
    auto difference = first_difference(*stores[0], *stores[i], shortest);
    bool same = difference && !*difference;
    find(fmt::format("log of replica 0 and {}", i), same,
         same         ? fmt::format("equal to block {}", shortest.value())
         : difference ? fmt::format("DIFFER at block {}", (*difference)->value())
                      : to_string(difference.error()));
  }
  return all;
}

} // namespace bourse::app
