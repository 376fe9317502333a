// A whole cluster of cores in one thread and virtual time: seeded faults of network and disk, and
// an oracle that watches every honest replica. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "conformance/spec_cluster.hpp"
#include "conformance/spec_replica.hpp"
#include "consensus/replica_core.hpp"
#include "consensus/view_manager.hpp"
#include "tests/consensus/stand_in.hpp"

namespace bourse::test {

/// Every fault is named here; all are off by default.
struct cluster_options {
  std::uint16_t n = 4;
  std::uint64_t seed = 1;
  std::uint32_t loss_percent = 0;
  std::uint32_t duplicate_percent = 0;
  /// Messages take between these; more than one in flight overtake each other.
  std::uint32_t delay_us_min = 100;
  std::uint32_t delay_us_max = 500;
  std::uint32_t sync_us_min = 200;
  std::uint32_t sync_us_max = 1500;
  std::uint32_t check_us_max = 300;
  std::uint32_t execute_us_min = 0;
  std::uint32_t execute_us_max = 500;
  std::uint32_t window = 8;
  std::uint32_t checkpoint_interval = 4;
  std::uint32_t max_in_flight = 3;
  std::uint32_t retransmit_ms = 40;
  std::uint32_t progress_ms = 80;
  std::uint64_t view = 0;
  bool real_keys = false;
  /// With view-change managers; otherwise the view is `view` for ever.
  bool view_changes = false;
  std::uint32_t stall_ms = 100;
  std::uint32_t new_view_ms = 150;
  /// Each step of an honest replica is shown to the specification, and kept if there is a use.
  bool conformance = true;
  bool keep_traces = false;
};

/// What a replica's disk holds: records apply in order, unsynced ones may be lost in a crash.
class fake_disk {
public:
  struct own_checkpoint {
    sequence_number sequence;
    digest chain;
  };

  void apply(const consensus::record& r);
  consensus::recovered_state recover() const;
  bool has_vote(consensus::vote_kind kind, const statement& what) const;
  /// The stored NEW-VIEW names this.
  bool renewed(const statement& what) const;

  view_number view;
  std::optional<messages::new_view> new_view;
  stable_checkpoint stable;
  own_checkpoint checkpoint;
  /// By sequence number and view.
  std::map<std::tuple<std::uint64_t, std::uint64_t>, pre_prepare> proposals;
  std::map<std::tuple<std::uint64_t, std::uint64_t, consensus::vote_kind>, statement> votes;
  std::map<std::uint64_t, prepared_certificate> prepared;
  std::map<std::uint64_t, committed_block> blocks;
  std::vector<equivocation> evidence;
};

class cluster {
public:
  explicit cluster(const cluster_options& o);
  ~cluster();

  // -- driving ------------------------------------------------------------------------------------

  void run_for(std::uint64_t milliseconds) {
    run_for_us(milliseconds * 1000);
  }
  void run_for_us(std::uint64_t microseconds);
  /// True if `done` came true within so much virtual time.
  bool run_until(const std::function<bool()>& done, std::uint64_t milliseconds);
  /// The primary may propose up to here.
  void load(std::uint64_t blocks);

  /// The process is gone: unsynced writes are lost, but for a random prefix.
  void crash(std::uint16_t i);
  void crash_losing_unsynced(std::uint16_t i);
  void restart(std::uint16_t i);
  bool up(std::uint16_t i) const;
  void cut(std::uint16_t from, std::uint16_t to);
  void isolate(std::uint16_t i);
  /// All links of this replica work again.
  void reconnect(std::uint16_t i);
  /// All links work, nothing is lost from here on.
  void heal();
  void set_loss(std::uint32_t percent);

  /// Messages of these replicas go through `tamper`, and the oracle does not watch them.
  void make_byzantine(std::uint16_t i);
  std::function<std::vector<peer_message>(std::uint16_t from, std::uint16_t to,
                                          const peer_message& m)>
      tamper;
  /// Sees every message before the network does; false: it is lost.
  std::function<bool(std::uint16_t from, std::uint16_t to, const peer_message& m)> filter;
  /// Whether a replica finds a block acceptable.
  std::function<bool(std::uint16_t at, const statement& what)> acceptable;
  void inject(std::uint16_t from, std::uint16_t to, const peer_message& m);

  // -- looking ------------------------------------------------------------------------------------

  const consensus::replica_core& core(std::uint16_t i) const;
  const consensus::view_manager& views(std::uint16_t i) const;
  /// Calls for a view change at one replica.
  void suspect(std::uint16_t i, consensus::suspicion why);
  std::uint64_t now_ns() const {
    return now_ns_;
  }
  const fake_disk& disk(std::uint16_t i) const;
  const consensus::authenticator& auth(std::uint16_t i) const;
  std::uint64_t executed(std::uint16_t i) const;
  /// The block that honest replicas executed there, if one has.
  std::optional<digest> log(std::uint64_t n) const {
    auto i = log_.find(n);
    return i == log_.end() ? std::nullopt : std::optional{i->second};
  }
  /// The least that any honest replica has executed.
  std::uint64_t all_executed() const;
  /// What went wrong, each with the seed. Empty: all well.
  const std::vector<std::string>& violations() const {
    return violations_;
  }
  std::string describe() const;
  const std::vector<conformance::step>& trace(std::uint16_t i) const;
  conformance::identity identity(std::uint16_t i) const;
  std::mt19937_64& random() {
    return random_;
  }
  std::uint64_t messages_sent() const {
    return messages_sent_;
  }
  const cluster_options& options() const {
    return opts_;
  }
  /// Times and percentages may be changed as it runs.
  cluster_options& change_options() {
    return opts_;
  }

private:
  struct node;
  struct event {
    std::uint64_t at_ns;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const event& other) const {
      return std::tie(at_ns, order) > std::tie(other.at_ns, other.order);
    }
  };

  std::uint64_t pick(std::uint64_t least, std::uint64_t most);
  bool chance(std::uint32_t percent);
  void at(std::uint64_t delay_us, std::function<void()> what);
  /// Only if node `i` still runs without a restart since.
  void at_node(std::uint16_t i, std::uint64_t delay_us, std::function<void(node&)> what);
  bool step();

  void crash_keeping(node& n, std::size_t batches);
  void start(node& n);
  void start_views(node& n);
  template <class Tick>
  void every(node& n, std::uint64_t period_us, Tick tick);
  void drain(node& n);
  void carry_out(node& n, consensus::effects e);
  void drain_views(node& n);
  void write(node& n, consensus::effects& e);
  void sync(node& n, std::size_t batches);
  void schedule_sync(node& n);
  void post(std::uint16_t from, const consensus::send& s);
  void transmit(std::uint16_t from, std::uint16_t to, std::shared_ptr<const peer_message> m);
  void propose_granted(node& n);
  void run_executions(node& n);
  void executed_one(node& n, const consensus::execution& e);
  void serve(node& n, const consensus::serve& s);

  // -- the oracle ---------------------------------------------------------------------------------

  void violated(const std::string& what);
  void check_execution(const node& n, const consensus::execution& e);
  void check_said(const node& n, const peer_message& m);
  void check_invariants(const node& n);
  void check_durable(const node& n);
  /// A step that the specification does not allow is a violation.
  void observe(node& n, const conformance::event& e);

  cluster_options opts_;
  std::mt19937_64 random_;
  std::uint64_t now_ns_ = 1'000'000'000;
  std::uint64_t order_ = 0;
  std::uint64_t load_ = 0;
  std::uint64_t messages_sent_ = 0;
  std::uint64_t syncs_ = 0;
  std::priority_queue<event> events_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::set<std::pair<std::uint16_t, std::uint16_t>> cut_;

  std::map<std::uint64_t, digest> log_; ///< what the first to execute found
  std::map<std::tuple<std::uint16_t, consensus::vote_kind, std::uint64_t, std::uint64_t>, digest>
      said_;
  conformance::spec_cluster spec_;
  std::vector<std::string> violations_;
};

} // namespace bourse::test
