// One honest replica, core and view manager, whose every event is somebody's choice; and an oracle
// beside it that ends the program when the replica breaks a promise. Much like tests/consensus/
// cluster.hpp and its oracle, and apart from them on purpose: a second opinion.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "consensus/replica_core.hpp"
#include "consensus/view_manager.hpp"
#include "tests/consensus/cluster.hpp"
#include "tests/consensus/stand_in.hpp"

namespace bourse::fuzz {

using namespace bourse::messages;

struct node_settings {
  std::uint16_t self = 0;
  std::uint16_t n = 4;
  std::uint32_t window = 4;
  std::uint32_t checkpoint_interval = 2;
  std::uint32_t max_in_flight = 2;
  std::uint64_t view = 0;
  /// A new database: it says nothing until `speak`.
  bool silent = false;
  /// More than f others lie: what rests on quorums is not asked for.
  bool outnumbered = false;
};

/// The state after block `n` of a log with this chain, as honest replicas have it.
digest state_after(sequence_number n, const digest& chain);

class honest_node {
public:
  /// Told of what the replica says, once that is found good, and of what it executes.
  struct listener {
    std::function<void(const consensus::send&)> said;
    std::function<void(sequence_number, const digest&)> final;
  };

  honest_node(const node_settings& s, listener to);

  // -- events; each does nothing if there is nothing to do ---------------------------------------

  void hear(std::uint16_t from, const peer_message& m);
  void pass(std::uint64_t milliseconds);
  /// The oldest of what is being written becomes durable.
  void persist();
  /// Answers one of the open checks.
  void answer(std::size_t which, bool acceptable);
  /// Answers the oldest grant with a block of this name.
  void propose(std::string_view name);
  void execute();
  /// The pages of the oldest open checkpoint become durable.
  void take_checkpoint();
  void suspect(consensus::suspicion why);
  void resign();
  void speak();
  void link(std::uint16_t to, bool up);
  /// The process ends and starts again; of what is not durable the first `kept` writes are.
  void restart(std::size_t kept);
  /// Everything that is due gets done, with the best of outcomes.
  void work();

  // -- looking -----------------------------------------------------------------------------------

  const consensus::replica_core& core() const {
    return *core_;
  }
  const consensus::view_manager& views() const {
    return *views_;
  }
  const node_settings& settings() const {
    return settings_;
  }
  std::size_t unsynced() const {
    return unsynced_.size();
  }
  std::size_t open_checks() const {
    return checks_.size();
  }
  bool has_grant() const {
    return !grants_.empty();
  }
  bool idle() const {
    return unsynced_.empty() && checks_.empty() && executions_.empty() && checkpoints_.empty();
  }
  std::uint64_t now_ns() const {
    return now_ns_;
  }

private:
  struct batch {
    std::uint64_t ticket = 0;
    std::vector<consensus::record> records;
    std::vector<consensus::send> after;
    std::optional<view_change_content> departed;
    std::optional<view_number> begun;
  };
  using vote_key = std::tuple<consensus::vote_kind, std::uint64_t, std::uint64_t>;

  void start();
  consensus::options core_options() const;
  void drain();
  void carry_out(consensus::effects e);
  void follow_up(const batch& b);
  void drain_views();
  void say(const consensus::send& s);
  void serve(const consensus::serve& s);
  void check_vote(consensus::vote_kind kind, const statement& what);
  void check_change(const view_change& m) const;
  void check_new_view(const new_view& m) const;
  void check_checkpoint(const checkpoint& m) const;
  void check_invariants() const;
  void expect_none(const std::vector<std::string>& broken) const;

  node_settings settings_;
  listener to_;
  test::stand_in auth_;
  test::fake_disk disk_;
  std::unique_ptr<consensus::replica_core> core_;
  std::unique_ptr<consensus::view_manager> views_;
  std::uint64_t now_ns_ = 1'000'000'000;
  bool silent_;
  std::uint64_t persisted_ = 0;

  std::deque<batch> unsynced_;
  std::deque<consensus::proposal_check> checks_;
  std::deque<consensus::proposal_grant> grants_;
  std::deque<consensus::execution> executions_;
  std::deque<consensus::execution> checkpoints_;
  sequence_number executed_; ///< by this life
  digest chain_;

  // What was said and executed in all lives.
  std::map<vote_key, digest> said_;
  std::map<std::uint64_t, digest> log_;
};

} // namespace bourse::fuzz
