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
#include "messages/batch.hpp"
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
};

struct cluster_options {
  std::uint64_t seed = 1;
  std::uint16_t replicas = 4;
  network_options network;
  node_options node;
  /// Before replicas and keys are filled in.
  config::genesis genesis;
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
  std::size_t size() const {
    return nodes_.size();
  }

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
  /// Messages between the two are lost from now on, or no more.
  void cut(std::size_t a, std::size_t b, bool on = true);
  network_options& network() {
    return network_;
  }
  /// A frame out of a peer's link.
  void inject(std::size_t to, replica_id from, bytes frame);
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
  /// Clocks of blocks may differ.
  void set_skew_ms(std::size_t i, std::int64_t ms) {
    nodes_[i].skew_ms = ms;
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

private:
  struct node_state {
    std::unique_ptr<storage::memory_disk> disk;
    std::optional<node_handles> handles;
    std::uint64_t life = 0; ///< how often it was started: what an earlier life sent is lost
    std::int64_t skew_ms = 0;
    std::uint64_t renewals = 0;
    caf::actor keeper; ///< starts it again if it has fetched a state
    std::map<channel, std::uint64_t> sent;
  };

  void keep(std::size_t i, std::uint64_t life);
  std::uint64_t delay();
  bool lost();
  /// All its actors, which are no longer the node's.
  std::vector<caf::actor> give_up(std::size_t i, std::size_t keep);

  world world_;
  config::genesis genesis_;
  node_options node_options_;
  network_options network_;
  std::vector<node_state> nodes_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::uint64_t next_session_ = 1;
  listener listener_;
  censor censor_;
};

} // namespace bourse::simulation
