// One replica of the test cluster: the core, its disk, and what it has under way.
#pragma once

#include "tests/consensus/cluster.hpp"

namespace bourse::test {

struct cluster::node {
  std::uint16_t id;
  std::unique_ptr<consensus::authenticator> auth;
  std::unique_ptr<consensus::replica_core> core;  ///< null: down
  std::unique_ptr<consensus::view_manager> views; ///< null: down, or no view changes
  std::uint64_t life = 0;                         ///< counts starts and crashes
  bool byzantine = false;
  std::unique_ptr<conformance::spec_replica> spec;
  std::vector<conformance::step> trace;

  fake_disk disk;
  struct batch {
    std::uint64_t ticket;
    std::vector<consensus::record> records;
    std::vector<consensus::send> after;
    std::optional<view_change_content> departed;
    std::optional<view_number> begun;

    bool waited_for() const {
      return !after.empty() || departed || begun;
    }
  };
  std::deque<batch> unsynced;
  bool sync_under_way = false;

  std::deque<consensus::proposal_grant> grants;
  bool proposing = false;
  std::deque<consensus::execution> executions;
  bool executing = false;
  std::uint64_t delivered = 0; ///< by this life
  digest chain;
};

} // namespace bourse::test
