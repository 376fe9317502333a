// A whole cluster in one world: nodes of the real actors over disks, links and clients in memory,
// with delays and loss from the seed, and nodes that crash and come back.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "actors/node.hpp"
#include "actors/restart_policy.hpp"
#include "messages/batch.hpp"
#include "simulation/fan_out.hpp"
#include "simulation/world.hpp"
#include "storage/memory_store.hpp"

namespace bourse::simulation {

using namespace actors;

class plain_client;

struct network_options {
  std::uint32_t loss_percent = 0;
  std::uint32_t duplicate_percent = 0;
  std::uint64_t least_delay_us = 50;
  std::uint64_t most_delay_us = 500;
  /// So many take up to `tail_us` longer.
  std::uint32_t tail_percent = 0;
  std::uint64_t tail_us = 0;
  /// Messages of one sender to one receiver do not overtake each other.
  bool in_order = false;
  /// Replicas notice that a link is gone, because its other end died or the two were cut off.
  bool links_break = false;
};

struct cluster_options {
  std::uint64_t seed = 1;
  std::uint16_t replicas = 4;
  network_options network;
  node_options node;
  /// Before replicas and keys are filled in.
  config::genesis genesis;
  /// These replicas run twice, with one key and a disk each (Bano et al., "Twins", 2020): nodes
  /// `replicas` and up.
  std::vector<replica_id> twins;
  /// Nodes are not started: whoever wants to hear their first words starts them.
  bool asleep = false;
};

/// One client's connection to a node's gateway.
struct client_line {
  std::size_t node = 0;
  session_id session;
  client_id client;
  /// What is then on its way to the client, so much longer than the way takes, and past any censor.
  std::function<void(const shared_bytes& message, std::uint64_t delay_us)> post;
};

/// The sample market, and short intervals so that tests see checkpoints.
config::genesis test_genesis();
/// Of replica or client `index`.
key_pair replica_key(std::size_t index);
key_pair client_key(std::size_t index);

class cluster {
public:
  explicit cluster(cluster_options options);
  ~cluster();
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  world& universe() {
    return world_;
  }
  const config::genesis& genesis() const {
    return genesis_;
  }
  /// Of nodes: replicas, and the second ones of twins.
  std::size_t size() const {
    return nodes_.size();
  }
  replica_id identity(std::size_t i) const {
    return nodes_[i].identity;
  }
  /// The node that a client finds at that replica's address: of twins, half of the clients find the
  /// second one.
  std::size_t found_at(replica_id r, client_id who) const;
  /// Another node has its identity.
  bool has_twin(std::size_t i) const;

  // -- nodes -------------------------------------------------------------------------------------

  bool up(std::size_t i) const {
    return nodes_[i].handles.has_value();
  }
  const node_handles& node(std::size_t i) const {
    return *nodes_[i].handles;
  }
  storage::memory_disk& disk(std::size_t i) {
    return *nodes_[i].disk;
  }
  /// What was not synced is lost, unless `keep` of the unsynced writes reached the disk.
  void crash(std::size_t i, std::size_t keep = 0);
  /// The same out of the middle of what the node does, such as a write: from now on nothing that it
  /// does has any effect, and it is down as soon as the world runs on.
  void die(std::size_t i, std::size_t keep = 0);
  /// Starts a node that is down from what its disk has. Errors: those of spawn_node.
  expected<void> start(std::size_t i);
  /// The disk is replaced by an empty one. The node is down.
  void wipe(std::size_t i) {
    nodes_[i].disk = std::make_unique<storage::memory_disk>();
  }
  /// How often the node began anew with a state that it had fetched.
  std::uint64_t renewals(std::size_t i) const {
    return nodes_[i].renewals;
  }
  /// Told when a part of a node has failed, by its name in the supervisor, and the node has ended.
  using failure_listener = std::function<void(std::size_t node, const std::string& part)>;
  void listen_to_failures(failure_listener l) {
    failure_listener_ = std::move(l);
  }
  /// One is about to be made: nobody is told of the next failure in this life of the node.
  void expect_failure(std::size_t i) {
    nodes_[i].failure_expected = true;
  }
  /// Begin a node anew some time after a part of it has failed, as actors/keeper does. With a
  /// failed ledger it stays down.
  void keep_nodes(bool on = true) {
    keeps_ = on;
  }
  /// All of the node's actors stand still for so long.
  void pause(std::size_t i, std::uint64_t for_ms);
  /// Only the ledger does: its disk is slow.
  void stall_disk(std::size_t i, std::uint64_t for_us);
  /// Messages between the two are lost from now on, or no more.
  void cut(std::size_t a, std::size_t b, bool on = true);
  /// Only those of `from` to `to`.
  void cut_one_way(std::size_t from, std::size_t to, bool on = true);
  /// Every message to and from it takes so much longer.
  void slow_down(std::size_t i, std::uint64_t us) {
    nodes_[i].slow_us = us;
  }
  network_options& network() {
    return network_;
  }
  /// A frame out of a peer's link.
  void inject(std::size_t to, replica_id from, bytes frame);
  /// A message on its way from node to node, as if `from` had sent it and no censor looked at it.
  void post(std::size_t from, std::size_t to, channel c, const shared_bytes& message,
            std::uint64_t delay_us = 0);
  /// Called with everything that a node sends to other replicas, lost or not.
  using listener = std::function<void(std::size_t from, channel c, byte_view message)>;
  void listen(listener l) {
    listener_ = std::move(l);
  }
  /// Asked whether what a node sends to another gets there. If not, inject() may put in its place
  /// what a liar would have sent.
  using censor
      = std::function<bool(std::size_t from, std::size_t to, channel c, byte_view message)>;
  void watch_links(censor w) {
    censor_ = std::move(w);
  }
  /// What the node sent to other replicas, by channel.
  std::uint64_t sent(std::size_t i, channel c) const;
  /// Clocks of blocks may differ, and drift by so many millionths.
  void set_skew_ms(std::size_t i, std::int64_t ms, std::int64_t drift_ppm = 0) {
    nodes_[i].skew_ms = ms;
    nodes_[i].drift_ppm = drift_ppm;
  }
  /// From the next start on.
  node_options& options_of(std::size_t i) {
    return nodes_[i].options;
  }
  /// What the network did to messages between replicas.
  struct traffic {
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;
  };
  const traffic& messages() const {
    return traffic_;
  }

  /// Hears all that the node does from within, in all its lives, until it is taken out.
  void observe(std::size_t i, observer* o) {
    nodes_[i].watched_by->add(o);
  }
  void stop_observing(std::size_t i, observer* o) {
    nodes_[i].watched_by->remove(o);
  }
  /// Called with every message between replicas as it arrives.
  /// Told every report of stamps that arrives anywhere.
  using stamps_listener = std::function<void(const signed_report&)>;
  void listen_to_stamps(stamps_listener l) {
    stamps_listener_ = std::move(l);
  }
  using arrival_listener = std::function<void(std::size_t from, std::size_t to, byte_view message)>;
  void listen_to_arrivals(arrival_listener l) {
    arrival_listener_ = std::move(l);
  }
  /// What clients send, and what replicas tell them.
  void listen_to_clients(std::function<void(byte_view message)> l) {
    client_listener_ = std::move(l);
  }
  void listen_to_gateways(std::function<void(std::size_t from, byte_view message)> l) {
    gateway_listener_ = std::move(l);
  }
  /// Called by whoever carries messages from a gateway to a client.
  void told_client(std::size_t from, byte_view message) {
    if (gateway_listener_)
      gateway_listener_(from, message);
  }
  /// Likewise; false if a censor keeps it from getting there.
  bool told_client(const client_line& line, byte_view message) {
    told_client(line.node, message);
    return !gateway_censor_ || gateway_censor_(line, message);
  }
  /// Asked whether what a gateway tells a client gets there. If not, the line's post() may put in
  /// its place what a liar would have told.
  using gateway_censor = std::function<bool(const client_line& line, byte_view message)>;
  void watch_gateways(gateway_censor w) {
    gateway_censor_ = std::move(w);
  }
  /// Called with what gateways told clients as it arrives there.
  void listen_to_told_clients(std::function<void(std::size_t from, byte_view message)> l) {
    told_listener_ = std::move(l);
  }
  void client_hears(std::size_t from, byte_view message) {
    if (told_listener_)
      told_listener_(from, message);
  }
  /// Called with what clients sent as it arrives at a node.
  using client_arrival_listener
      = std::function<void(std::size_t to, session_id session, byte_view message)>;
  void listen_to_client_arrivals(client_arrival_listener l) {
    client_arrival_listener_ = std::move(l);
  }

  // -- what they say -----------------------------------------------------------------------------

  /// The supervisor's status. Runs the world until it is there; empty if it does not come.
  nlohmann::json status(std::size_t i, bool with_digest = false);
  std::uint64_t executed(std::size_t i) {
    return status(i)["executed"].get<std::uint64_t>();
  }
  /// Runs until all nodes that are up have executed the same, and nothing is pending; false if they
  /// do not within `ms`.
  bool settle(std::uint64_t ms);
  /// Settles, then says whether state digest and chain are the same everywhere.
  bool agree(std::uint64_t ms);

  // -- used by links and clients ------------------------------------------------------------------

  void from_peer(std::size_t from, std::uint64_t life, std::size_t to, channel c,
                 const shared_bytes& message);
  /// A new connection of `client` to node `i`, once the node is up. `events` outlives the cluster.
  session_id connect(std::size_t i, plain_client& client);
  void disconnect(std::size_t i, session_id session);
  /// A client's message on its way to the gateway.
  void from_client(std::size_t i, session_id session, bytes message);
  void inject(std::size_t i, session_id session, bytes frame);
  session_id new_session() {
    return session_id{next_session_++};
  }
  std::uint64_t client_delay_ns() {
    return delay_ns();
  }

private:
  struct node_state {
    replica_id identity;
    node_options options;
    std::unique_ptr<storage::memory_disk> disk;
    std::shared_ptr<fan_out> watched_by = std::make_shared<fan_out>();
    std::optional<node_handles> handles;
    std::uint64_t life = 0; ///< how often it was started: what an earlier life sent is lost
    std::int64_t skew_ms = 0;
    std::int64_t drift_ppm = 0;
    std::uint64_t slow_us = 0;
    std::uint64_t renewals = 0;
    bool failure_expected = false;
    restart_policy policy;
    caf::actor keeper; ///< starts it again if it has fetched a state, or has failed
    std::map<channel, std::uint64_t> sent;
    std::set<std::size_t> linked; ///< nodes whose links it believes to be up
  };

  void keep(std::size_t i, std::uint64_t life);
  void ended(std::size_t i, std::uint64_t life, const context_ptr& context);
  void begin_anew(std::size_t i, std::uint64_t life);
  /// All its actors, which are no longer the node's.
  std::vector<caf::actor> give_up(std::size_t i, std::size_t keep);
  std::vector<caf::actor> actors_of(std::size_t i) const;

  std::uint64_t delay_ns();
  bool reaches(std::size_t from, std::size_t to) const {
    return !cuts_.contains({from, to});
  }
  void transmit(std::size_t from, std::size_t to, channel c, const shared_bytes& message,
                std::uint64_t extra_us);
  void deliver(std::size_t from, std::size_t to, channel c, const shared_bytes& message);
  /// Tells a node that links came up or went down.
  void look_at_links(std::size_t i);

  world world_;
  config::genesis genesis_;
  network_options network_;
  std::vector<node_state> nodes_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> last_arrival_ns_;
  traffic traffic_;
  bool keeps_ = false;
  std::uint64_t next_session_ = 1;
  listener listener_;
  censor censor_;
  arrival_listener arrival_listener_;
  stamps_listener stamps_listener_;
  failure_listener failure_listener_;
  std::function<void(byte_view)> client_listener_;
  std::function<void(std::size_t, byte_view)> gateway_listener_;
  gateway_censor gateway_censor_;
  std::function<void(std::size_t, byte_view)> told_listener_;
  client_arrival_listener client_arrival_listener_;
};

} // namespace bourse::simulation
