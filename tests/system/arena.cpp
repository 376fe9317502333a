#define CAF_SUITE arena
#include "tests/suite.hpp"

#include "tests/system/arena.hpp"

#include <algorithm>
#include <csignal>
#include <map>

#include "app/ledger_comparison.hpp"
#include "storage/records.hpp"
#include "storage/rocks_store.hpp"

namespace bourse::tests {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t orders_per_placement = 16;
constexpr auto quiet_within = 30s;

/// How often each order of the client was taken into the market, by the ledger of a node that does
/// not run.
expected<std::map<client_order_id, int>> accepted_orders(const std::filesystem::path& data,
                                                         client_id client) {
  constexpr std::size_t blocks_at_once = 256;
  storage::rocks_options options;
  options.directory = data;
  options.read_only = true;
  auto store = storage::open_rocks_store(options);
  if (!store)
    return tl::unexpected{store.error()};
  std::map<client_order_id, int> out;
  for (report_number next{1};;) {
    auto found = storage::load_reports(**store, client, next, blocks_at_once);
    if (!found)
      return tl::unexpected{found.error()};
    if (found->empty())
      return out;
    for (auto& block : *found) {
      auto reports = decode_reports(block.reports.encoded, block.reports.count);
      if (!reports)
        return tl::unexpected{reports.error()};
      for (auto& r : *reports)
        out[r.client_order] += r.kind == report_kind::accepted;
      next = report_number{block.reports.first.value() + block.reports.count};
    }
  }
}

} // namespace

const char* to_string(fault f) {
  switch (f) {
    case fault::kill:
      return "killed";
    case fault::stop:
      return "stopped";
    case fault::cut:
      return "cut off";
  }
  return "?";
}

bool arena::has_wires() {
  static const auto reason = packet_network::why_not();
  if (!reason.empty())
    CAF_MESSAGE("SKIPPED what needs packets to be lost or links to be cut: " << reason);
  return reason.empty();
}

arena::arena(std::uint16_t replicas, std::uint64_t seed) {
  app::network_options o;
  o.net.replicas = replicas;
  if (has_wires()) {
    wires_ = std::make_unique<packet_network>(replicas + 1u, seed);
    for (std::size_t i = 0; i < replicas; ++i)
      o.net.hosts.push_back(packet_network::address(i));
    o.before_start = [this](std::size_t i) {
      wires_->enter(i);
    };
  }
  network_ = start_network(std::move(o));
  if (wires_)
    wires_->home();
  traders_ = std::make_unique<trading>(*network_, orders_per_placement);
  CAF_REQUIRE(traders_->goes_on(20));
}

arena::~arena() {
  traders_.reset();
  network_.reset();
}

std::size_t arena::primary() {
  std::map<std::uint64_t, std::size_t> views;
  for (auto& s : status_of(*network_))
    if (s.contains("view"))
      ++views[s["view"].get<std::uint64_t>()];
  CAF_REQUIRE(!views.empty());
  auto most = std::max_element(views.begin(), views.end(),
                               [](auto& a, auto& b) { return a.second < b.second; });
  return most->first % size();
}

void arena::strike(std::size_t replica, fault f) {
  switch (f) {
    case fault::kill:
      network_->node(replica).kill();
      return;
    case fault::stop:
      network_->node(replica).signal(SIGSTOP);
      return;
    case fault::cut:
      for (std::size_t other = 0; other < size(); ++other)
        if (other != replica)
          wires_->cut(replica, other);
      return;
  }
}

void arena::mend(std::size_t replica, fault f) {
  switch (f) {
    case fault::kill: {
      auto started = network_->start_nodes();
      if (wires_)
        wires_->home();
      if (!started)
        CAF_FAIL(to_string(started.error()));
      return;
    }
    case fault::stop:
      network_->node(replica).signal(SIGCONT);
      return;
    case fault::cut:
      for (std::size_t other = 0; other < size(); ++other)
        if (other != replica)
          wires_->cut(replica, other, false);
      return;
  }
}

void arena::check_confirmed(std::size_t replica, const std::vector<client_order_id>& names) {
  auto accepted = accepted_orders(network_->data(replica), client_id{0});
  if (!accepted)
    CAF_FAIL(to_string(accepted.error()));
  auto missing = std::count_if(names.begin(), names.end(),
                               [&](auto name) { return !accepted->contains(name); });
  auto doubled = std::count_if(accepted->begin(), accepted->end(),
                               [](auto& entry) { return entry.second > 1; });
  CAF_CHECK_EQUAL(missing, 0);
  CAF_CHECK_EQUAL(doubled, 0);
}

void arena::check_all() {
  traders_->stop();
  CAF_CHECK(all_agree(*network_, quiet_within));
  auto names = traders_->confirmed();
  CAF_CHECK_EQUAL(traders_->failed(), 0u);
  CAF_CHECK(!names.empty());
  network_->stop_nodes();
  auto all = app::compare_ledgers(*network_);
  for (auto& [what, how] : all.findings)
    if (!all.good)
      CAF_MESSAGE(what << ": " << how);
  CAF_CHECK(all.good);
  for (std::size_t i = 0; i < size(); ++i)
    check_confirmed(i, names);
}

} // namespace bourse::tests
