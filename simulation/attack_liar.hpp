// The chains of reports that a colluding replica makes up.
#pragma once

#include <cstdint>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/report_store.hpp"
#include "simulation/attack.hpp"
#include "simulation/attack_orders.hpp"

namespace bourse::simulation {

/// A report as a replica holds it once its signature, which nobody checks here, is checked.
report_ptr attack_report(stamp_report content);

/// Whatever it says is within the rules of a chain: what is not would be ignored.
class attack_liar {
public:
  attack_liar(replica_id self, attack_stamps how, const fairness::chain_position& head);

  /// An order is here.
  void saw(std::size_t index, stamp_time now) {
    seen_.push_back({index, now});
  }
  /// What it reports now, on each of its branches.
  std::vector<report_ptr> report(const attack_orders& orders, stamp_time now);
  /// The log has this head of it. Branches that it is not on begin anew from there.
  void committed(const fairness::chain_position& head);
  /// The newest report of each branch, as far as there is any beyond the log's head.
  std::vector<chain_head> tips() const;

private:
  struct sight {
    std::size_t order;
    stamp_time at;
  };
  struct link {
    fairness::chain_position at;
    std::vector<std::size_t> orders; ///< stamped there
  };
  struct branch {
    attack_stamps how;
    std::vector<link> links; ///< the log's head, then reports after it
  };

  std::vector<sight> unsaid(const branch& b, const attack_orders& orders) const;
  report_ptr report_on(branch& b, const attack_orders& orders, stamp_time now);

  replica_id self_;
  std::vector<branch> branches_;
  std::vector<std::size_t> committed_; ///< orders that its stamps in the log are about
  std::vector<sight> seen_;
};

} // namespace bourse::simulation
