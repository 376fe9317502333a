#define CAF_SUITE trading
#include "config/keys.hpp"
#include "config/sample_market.hpp"
#include "tests/suite.hpp"

#include "tests/system/trading.hpp"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include <caf/all.hpp>

#include "tests/system/program_run.hpp"

namespace bourse::tests {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t placements_in_flight = 8;

/// Answers each placement with the next one.
class pump {
public:
  pump(const config::genesis& g, std::size_t orders, actors::client_actor client)
      : accounts_(g.market.clients.front().accounts), orders_(orders), client_(std::move(client)) {}

  /// Sells by one account and buys by another, one for one, at one price.
  void place_next(caf::event_based_actor* self) {
    std::vector<request> all;
    for (std::size_t i = 0; i < orders_; ++i) {
      place p;
      p.account = accounts_[i % 2];
      p.client_order = client_order_id{++name_};
      p.side = i % 2 == 0 ? side::sell : side::buy;
      p.price = price{23'600};
      p.quantity = quantity{1000};
      all.emplace_back(p);
    }
    self->send(client_, actors::place_atom::value, stream_id{0}, actors::requests(std::move(all)));
  }

private:
  std::vector<account_id> accounts_;
  std::size_t orders_;
  actors::client_actor client_;
  std::uint64_t name_ = 0;
};

} // namespace

std::unique_ptr<app::temporary_network> start_network(app::network_options o) {
  o.net.market = config::sample_market();
  if (o.program.empty())
    o.program = BOURSE_PROGRAM;
  auto network = app::temporary_network::start(std::move(o));
  if (!network)
    CAF_FAIL(to_string(network.error()));
  return std::move(*network);
}

key_pair client_key(const app::temporary_network& network, const std::string& name) {
  auto key = config::load_key(network.folder() / "clients" / (name + ".key"));
  if (!key)
    CAF_FAIL(to_string(key.error()));
  return std::move(*key);
}

/// Shared with the pump, which may outlive its owner by a message.
struct trading::score {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t executed = 0;
  std::uint64_t failed = 0;
  std::vector<client_order_id> confirmed;

  void add(const actors::placed& p) {
    {
      std::scoped_lock guard{mutex};
      ++(p.problem ? failed : executed);
      for (auto& r : p.reports)
        if (r.kind == report_kind::accepted)
          confirmed.push_back(r.client_order);
    }
    changed.notify_all();
  }
};

std::uint64_t trading::executed() const {
  std::scoped_lock guard{score_->mutex};
  return score_->executed;
}

std::uint64_t trading::failed() const {
  std::scoped_lock guard{score_->mutex};
  return score_->failed;
}

std::vector<client_order_id> trading::confirmed() const {
  std::scoped_lock guard{score_->mutex};
  return score_->confirmed;
}

trading::trading(const app::temporary_network& network, std::size_t orders_per_placement)
    : score_(std::make_shared<score>()) {
  actors::client_options o;
  o.genesis = network.genesis();
  o.key = std::make_shared<const key_pair>(client_key(network, "maker"));
  auto attached = actors::attach(system_, std::move(o));
  CAF_REQUIRE(attached);
  client_ = *attached;
  auto state = std::make_shared<pump>(network.genesis(), orders_per_placement, client_);
  pump_ = system_.spawn([state, score = score_](caf::event_based_actor* self) {
    for (std::size_t i = 0; i < placements_in_flight; ++i)
      state->place_next(self);
    return caf::behavior{[=](const actors::placed_ptr& placed) {
      score->add(*placed);
      state->place_next(self);
    }};
  });
}

void trading::stop() {
  if (pump_)
    caf::anon_send_exit(pump_, caf::exit_reason::kill);
  pump_ = nullptr;
}

trading::~trading() {
  stop();
  caf::anon_send(client_, actors::shut_atom::value);
  client_ = nullptr;
}

bool trading::goes_on(std::uint64_t placements, std::chrono::milliseconds within) {
  std::unique_lock guard{score_->mutex};
  auto wanted = score_->executed + placements;
  return score_->changed.wait_for(guard, within, [&] {
    return score_->executed >= wanted || score_->failed > 0;
  }) && score_->failed == 0;
}

bool trading::until(const std::function<bool()>& condition, std::chrono::milliseconds within) {
  auto deadline = std::chrono::steady_clock::now() + within;
  while (!condition())
    if (std::chrono::steady_clock::now() >= deadline || !goes_on(10))
      return false;
  return true;
}

nlohmann::json status_of(const app::temporary_network& network) {
  return run({"status", "--net", network.folder().string(), "--digest", "--json"})
      .json()["replicas"];
}

bool takes_part(const nlohmann::json& replica_status) {
  return replica_status.contains("executed") && !replica_status.contains("silent");
}

bool comes_back_without_disk(app::temporary_network& network, trading& busy, std::size_t who) {
  network.node(who).kill();
  std::filesystem::remove_all(network.data(who));
  if (!network.start_nodes())
    return false;
  return busy.until(
      [&] {
        auto all = status_of(network);
        return all.size() == network.size() && takes_part(all[who]);
      },
      60s);
}

bool all_agree(const app::temporary_network& network, std::chrono::milliseconds within) {
  auto agree = [&] {
    auto all = status_of(network);
    auto others = network.size() - 1;
    return std::ranges::all_of(all, [&](auto& s) {
      return !s.contains("error") && s["state"] == all[0]["state"] && s["peers"] == others;
    });
  };
  // Each look is a process that asks all replicas and is waited for.
  auto deadline = std::chrono::steady_clock::now() + within;
  while (!agree())
    if (std::chrono::steady_clock::now() >= deadline)
      return false;
  return true;
}

} // namespace bourse::tests
