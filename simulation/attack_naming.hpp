// Which heads a colluding primary names, by what it foresees of them; and what an honest one would.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fairness/report_store.hpp"
#include "simulation/attack.hpp"
#include "simulation/attack_log.hpp"
#include "simulation/attack_orders.hpp"

namespace bourse::simulation {

/// What a block would do.
struct attack_outlook {
  std::vector<chain_head> heads;
  stamp_time time;       ///< T
  std::size_t due = 0;   ///< orders that it could execute
  std::size_t prey = 0;  ///< of these
  std::size_t unmet = 0; ///< of these, those that an order meant to be in front is too late for
  /// For the colluding clients: orders of theirs in front of their victims, less those behind.
  std::int64_t gain = 0;
};

class attack_naming {
public:
  /// All outlive it.
  attack_naming(cluster_size size, const fairness::report_store& store, const attack_orders& orders)
      : size_(size), store_(store), orders_(orders), stamps_(size.n) {}

  /// `tips`: for colluding replicas, by replica, the branches that there are.
  void look(const order_function& order, const std::vector<std::vector<chain_head>>& tips);

  /// Everything that is known, named at once.
  attack_outlook newest() const;
  /// Of all sets of 2f+1 chains the best; with `avoid` only without victims.
  std::optional<attack_outlook> best(bool avoid) const;

  /// These heads are about to be committed.
  void committed(const order_function& order, const std::vector<chain_head>& heads);

private:
  using stamp_list = std::vector<std::pair<std::size_t, stamp_time>>; ///< slot, time
  /// A head that could be named, and what the log would learn by it.
  struct choice {
    chain_head head;
    stamp_time boundary;
    stamp_list stamps;
  };
  /// What could be named of one replica: of each branch the newest and the one before.
  struct chain {
    stamp_time committed;
    std::vector<choice> branches, before;
  };

  std::optional<choice> choice_of(const fairness::chain_position& from, const chain_head& to) const;
  attack_outlook outlook(const std::vector<const choice*>& named) const;
  std::size_t slot_of(std::size_t order) const;
  void foresee(const std::vector<const choice*>& named, attack_outlook& out) const;

  cluster_size size_;
  const fairness::report_store& store_;
  const attack_orders& orders_;
  std::vector<std::vector<stamp_time>> stamps_; ///< in the log: by replica and order, 0: none
  std::vector<chain> chains_;
  std::vector<std::size_t> open_; ///< orders that have not executed, ascending: each has a slot
  std::vector<stamp_time> known_; ///< in the log: by slot and replica
};

} // namespace bourse::simulation
