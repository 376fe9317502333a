#include "simulation/cluster.hpp"

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
    : world_(options.seed),
      genesis_(std::move(options.genesis)),
      node_options_(options.node),
      network_(options.network) {
  init_crypto();
  genesis_.size = cluster_size{options.replicas};
  genesis_.market.cluster = hash("a cluster of tests");
  for (std::size_t i = 0; i < options.replicas; ++i)
    genesis_.replicas.push_back({replica_key(i).identity(), {}, {}});
  for (std::size_t i = 0; i < genesis_.market.clients.size(); ++i)
    genesis_.market.clients[i].key = client_key(i).identity();
  nodes_.resize(options.replicas);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].disk = std::make_unique<storage::memory_disk>();
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

expected<void> cluster::start(std::size_t i) {
  auto& n = nodes_[i];
  auto life = ++n.life;
  node_setup setup{genesis_, replica_id{static_cast<std::uint16_t>(i)}, replica_key(i),
                   node_options_, nullptr};
  node_seams seams;
  seams.deterministic = true;
  seams.store = storage::open_memory_store(*n.disk);
  seams.wall_clock_ms = [this, i] {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(world_.wall_ms())
                                      + nodes_[i].skew_ms);
  };
  seams.spawn_peers = [this, i, life](caf::actor_system& system) -> expected<peers_actor> {
    return spawn_memory_peers(
        system, [this, i, life](std::optional<replica_id> to, channel c, const shared_bytes& m) {
          for (std::size_t other = 0; other < nodes_.size(); ++other)
            if (to ? to->value() == other : other != i)
              from_peer(i, life, other, c, m);
        });
  };
  seams.database_mark = 1000 * (i + 1) + life;
  auto handles = spawn_node(world_.system(), std::move(setup), std::move(seams));
  if (!handles)
    return tl::unexpected(handles.error());
  n.handles = std::move(*handles);
  keep(i, life);
  return {};
}

/// What actors/keeper does for a node that has fetched a state.
void cluster::keep(std::size_t i, std::uint64_t life) {
  auto supervisor = nodes_[i].handles->supervisor;
  nodes_[i].keeper
      = world_.system().spawn([this, i, life, supervisor,
                               context = nodes_[i].handles->context](caf::event_based_actor* self) {
          self->monitor(supervisor);
          self->set_down_handler([=, this](caf::down_msg&) {
            if (context->begins_anew)
              world_.after(0, [=, this] {
                if (nodes_[i].life != life)
                  return;
                nodes_[i].handles.reset();
                ++nodes_[i].renewals;
                auto started = start(i);
                BOURSE_ASSERT(started.has_value());
              });
            self->quit();
          });
          return caf::behavior{[](int) {
          }};
        });
}

std::vector<caf::actor> cluster::give_up(std::size_t i, std::size_t keep) {
  auto& n = nodes_[i];
  ++n.life;
  n.disk->crash_keeping(keep);
  std::vector<caf::actor> victims{n.keeper, caf::actor_cast<caf::actor>(n.handles->supervisor)};
  n.keeper = nullptr;
  for (const auto& c : n.handles->children)
    victims.push_back(c.handle);
  n.handles.reset();
  return victims;
}

void cluster::crash(std::size_t i, std::size_t keep) {
  world_.kill(give_up(i, keep));
}

void cluster::die(std::size_t i, std::size_t keep) {
  world_.after(0, [this, victims = give_up(i, keep)] { world_.kill(victims); });
}

void cluster::cut(std::size_t a, std::size_t b, bool on) {
  for (auto pair : {std::pair{a, b}, std::pair{b, a}}) {
    if (on)
      cuts_.insert(pair);
    else
      cuts_.erase(pair);
  }
}

std::uint64_t cluster::delay() {
  auto spread = network_.most_delay_us - network_.least_delay_us + 1;
  return (network_.least_delay_us + world_.random().below(spread)) * us;
}

bool cluster::lost() {
  return world_.random().below(100) < network_.loss_percent;
}

void cluster::from_peer(std::size_t from, std::uint64_t life, std::size_t to, channel c,
                        const shared_bytes& message) {
  if (nodes_[from].life != life)
    return;
  ++nodes_[from].sent[c];
  if (listener_)
    listener_(from, c, *message);
  if (cuts_.contains({from, to}) || lost())
    return;
  if (censor_ && !censor_(from, to, c, *message))
    return;
  auto copies = world_.random().below(100) < network_.duplicate_percent ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy)
    world_.after(delay(), [this, from, to, c, message, to_life = nodes_[to].life] {
      auto& n = nodes_[to];
      if (!n.handles || n.life != to_life)
        return;
      world_.trace(world_.now());
      world_.trace(*message);
      bytes frame;
      append_message(frame, c, *message);
      inject(to, replica_id{static_cast<std::uint16_t>(from)}, std::move(frame));
    });
}

void cluster::inject(std::size_t to, replica_id from, bytes frame) {
  auto shared = std::make_shared<const bytes>(std::move(frame));
  const auto& routes = *nodes_[to].handles->routes;
  caf::anon_send(routes.replica, frame_atom::value, from, shared);
  caf::anon_send(routes.mempool, frame_atom::value, from, shared);
  caf::anon_send(routes.view_change, frame_atom::value, from, shared);
  caf::anon_send(routes.transfer, frame_atom::value, from, shared);
}

std::uint64_t cluster::sent(std::size_t i, channel c) const {
  auto it = nodes_[i].sent.find(c);
  return it == nodes_[i].sent.end() ? 0 : it->second;
}

// -- clients
// -----------------------------------------------------------------------------------------

session_id cluster::connect(std::size_t i, plain_client& client) {
  auto session = session_id{next_session_++};
  auto life = nodes_[i].life;
  auto link = spawn_memory_link(
      world_.system(), [this, i, life, session, &client](const shared_bytes& m) {
        if (nodes_[i].life != life)
          return;
        world_.after(m ? delay() : 0, [&client, i, session, m] { client.receive(i, session, m); });
      });
  caf::anon_send(nodes_[i].handles->routes->gateway, linked_atom::value, session, client.id(),
                 link);
  return session;
}

void cluster::disconnect(std::size_t i, session_id session) {
  if (up(i))
    caf::anon_send(nodes_[i].handles->routes->gateway, unlinked_atom::value, session);
}

void cluster::from_client(std::size_t i, session_id session, bytes message) {
  world_.after(delay(), [this, i, session, message = std::move(message), life = nodes_[i].life] {
    if (!up(i) || nodes_[i].life != life)
      return;
    world_.trace(message);
    bytes frame;
    append_message(frame, channel::client, message);
    inject(i, session, std::move(frame));
  });
}

void cluster::inject(std::size_t i, session_id session, bytes frame) {
  caf::anon_send(nodes_[i].handles->routes->gateway, frame_atom::value, session,
                 std::make_shared<const bytes>(std::move(frame)));
}

// -- what they say
// -----------------------------------------------------------------------------------

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
