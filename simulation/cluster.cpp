#include "simulation/cluster.hpp"

#include <algorithm>
#include <utility>

#include <caf/all.hpp>

#include "config/sample_market.hpp"
#include "messages/assert.hpp"
#include "simulation/memory_links.hpp"
#include "simulation/plain_client.hpp"

namespace bourse::simulation {

namespace {

key_pair key_from(std::uint8_t kind, std::size_t index) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = kind;
  seed[1] = static_cast<std::uint8_t>(index);
  seed[2] = static_cast<std::uint8_t>(index >> 8);
  return key_pair::from_seed(seed);
}

constexpr std::uint64_t us = 1000;

} // namespace

key_pair replica_key(std::size_t index) {
  return key_from(1, index);
}

key_pair client_key(std::size_t index) {
  return key_from(2, index);
}

config::genesis test_genesis() {
  config::genesis g;
  g.market = config::sample_market();
  g.window = 32;
  g.checkpoint_interval = 8;
  return g;
}

cluster::cluster(cluster_options options)
    : world_(options.seed), genesis_(std::move(options.genesis)), network_(options.network) {
  init_crypto();
  genesis_.size = cluster_size{options.replicas};
  genesis_.market.cluster = hash("a cluster of tests");
  for (std::size_t i = 0; i < options.replicas; ++i)
    genesis_.replicas.push_back({replica_key(i).identity(), {}, {}});
  for (std::size_t i = 0; i < genesis_.market.clients.size(); ++i)
    genesis_.market.clients[i].key = client_key(i).identity();
  nodes_.resize(options.replicas + options.twins.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].identity = i < options.replicas ? replica_id{static_cast<std::uint16_t>(i)}
                                              : options.twins[i - options.replicas];
    nodes_[i].options = options.node;
    nodes_[i].disk = std::make_unique<storage::memory_disk>();
  }
  for (std::size_t i = 0; i < nodes_.size() && !options.asleep; ++i) {
    auto started = start(i);
    BOURSE_ASSERT(started.has_value());
  }
}

cluster::~cluster() {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (up(i))
      crash(i);
  world_.run(0); // what links still have to say refers to the nodes' state
}

std::size_t cluster::found_at(replica_id r, client_id who) const {
  for (std::size_t i = genesis_.replicas.size(); i < nodes_.size(); ++i)
    if (nodes_[i].identity == r && who.value() % 2 == 1)
      return i;
  return r.value();
}

bool cluster::has_twin(std::size_t i) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const node_state& n) {
    return &n != &nodes_[i] && n.identity == nodes_[i].identity;
  });
}

expected<void> cluster::start(std::size_t i) {
  auto& n = nodes_[i];
  auto life = ++n.life;
  n.failure_expected = false;
  node_setup setup{genesis_, n.identity, replica_key(n.identity.value()), n.options, nullptr};
  node_seams seams;
  seams.deterministic = true;
  seams.store = storage::open_memory_store(*n.disk);
  seams.wall_clock_ms = [this, i] {
    auto elapsed_ms = static_cast<std::int64_t>(world_.now() / 1'000'000);
    return world_.wall_ms()
           + static_cast<std::uint64_t>(nodes_[i].skew_ms
                                        + elapsed_ms * nodes_[i].drift_ppm / 1'000'000);
  };
  seams.spawn_peers = [this, i, life](caf::actor_system& system) -> expected<peers_actor> {
    return spawn_memory_peers(
        system, [this, i, life](std::optional<replica_id> to, channel c, const shared_bytes& m) {
          for (std::size_t other = 0; other < nodes_.size(); ++other)
            if (to ? *to == nodes_[other].identity : nodes_[other].identity != nodes_[i].identity)
              from_peer(i, life, other, c, m);
        });
  };
  seams.observer = n.watched_by;
  seams.database_mark = 1000 * (i + 1) + life;
  auto handles = spawn_node(world_.system(), std::move(setup), std::move(seams));
  if (!handles)
    return tl::unexpected(handles.error());
  n.handles = std::move(*handles);
  n.linked.clear();
  keep(i, life);
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    look_at_links(other);
  return {};
}

/// What actors/keeper does for a node whose supervisor has ended.
void cluster::keep(std::size_t i, std::uint64_t life) {
  auto supervisor = nodes_[i].handles->supervisor;
  nodes_[i].keeper
      = world_.system().spawn([this, i, life, supervisor,
                               context = nodes_[i].handles->context](caf::event_based_actor* self) {
          self->monitor(supervisor);
          self->set_down_handler([=, this](caf::down_msg&) {
            world_.after(0, [=, this] { ended(i, life, context); });
            self->quit();
          });
          return caf::behavior{[](int) {
          }};
        });
}

void cluster::ended(std::size_t i, std::uint64_t life, const context_ptr& context) {
  auto& n = nodes_[i];
  if (n.life != life)
    return;
  if (context->begins_anew) {
    ++n.renewals;
    n.handles.reset();
    return begin_anew(i, life);
  }
  if (!context->failed_child.empty() && !std::exchange(n.failure_expected, false)
      && failure_listener_)
    failure_listener_(i, context->failed_child);
  if (!keeps_)
    return;
  n.handles.reset();
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    look_at_links(other);
  if (context->failed_child.empty() || context->failed_child == "ledger")
    return;
  if (auto pause_ms = n.policy.failed(world_.now() / 1'000'000))
    world_.after(*pause_ms * 1000 * us, [this, i, life] { begin_anew(i, life); });
}

void cluster::begin_anew(std::size_t i, std::uint64_t life) {
  if (nodes_[i].life != life || up(i))
    return;
  auto started = start(i);
  // On a full disk it stays down, as when its ledger fails: whoever makes room starts it.
  BOURSE_ASSERT(started || started.error().code == errc::io_failed);
}

std::vector<caf::actor> cluster::actors_of(std::size_t i) const {
  const auto& n = nodes_[i];
  std::vector<caf::actor> all{n.keeper, caf::actor_cast<caf::actor>(n.handles->supervisor)};
  for (const auto& c : n.handles->children)
    all.push_back(c.handle);
  return all;
}

std::vector<caf::actor> cluster::give_up(std::size_t i, std::size_t keep) {
  auto& n = nodes_[i];
  ++n.life;
  n.disk->crash_keeping(keep);
  auto victims = actors_of(i);
  n.keeper = nullptr;
  n.handles.reset();
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    look_at_links(other);
  return victims;
}

void cluster::crash(std::size_t i, std::size_t keep) {
  world_.kill(give_up(i, keep));
}

void cluster::die(std::size_t i, std::size_t keep) {
  world_.after(0, [this, victims = give_up(i, keep)] { world_.kill(victims); });
}

void cluster::pause(std::size_t i, std::uint64_t for_ms) {
  if (up(i))
    world_.hold(actors_of(i), for_ms * 1000 * us);
}

void cluster::stall_disk(std::size_t i, std::uint64_t for_us) {
  if (up(i))
    world_.hold({caf::actor_cast<caf::actor>(nodes_[i].handles->routes->ledger)}, for_us * us);
}

// -- what they say -------------------------------------------------------------------------------

nlohmann::json cluster::status(std::size_t i, bool with_digest) {
  auto answer = std::make_shared<std::optional<std::string>>();
  auto supervisor = nodes_[i].handles->supervisor;
  auto asker = world_.system().spawn([=](caf::event_based_actor* self) {
    self->request(supervisor, caf::infinite, status_atom::value, with_digest)
        .then([answer](const std::string& json) { *answer = json; }, [](caf::error&) {});
  });
  world_.run(10'000, [&] { return answer->has_value(); });
  return *answer ? nlohmann::json::parse(**answer) : nlohmann::json::object();
}

bool cluster::settle(std::uint64_t ms) {
  auto settled = [&] {
    std::optional<std::uint64_t> executed;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!up(i))
        continue;
      auto s = status(i);
      const auto& pool = s["parts"]["mempool"];
      auto n = s["executed"].get<std::uint64_t>();
      if (executed.value_or(n) != n || s["committed"] != n || pool["pending"] != 0
          || pool["verifying"] != 0)
        return false;
      executed = n;
    }
    return true;
  };
  for (std::uint64_t waited = 0; waited <= ms; waited += 100) {
    if (settled())
      return true;
    world_.run(100);
  }
  return false;
}

bool cluster::agree(std::uint64_t ms) {
  if (!settle(ms))
    return false;
  std::optional<nlohmann::json> first;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!up(i))
      continue;
    auto s = status(i, true);
    auto state = nlohmann::json::array({s["executed"], s["chain"], s["state"]});
    if (!s["state"].is_object() || first.value_or(state) != state)
      return false;
    first = state;
  }
  return true;
}

} // namespace bourse::simulation
