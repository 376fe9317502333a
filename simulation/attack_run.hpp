// One attack on one flow of orders, under one rule of order: from a seed, in virtual time.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "simulation/attack.hpp"
#include "simulation/attack_check.hpp"
#include "simulation/attack_log.hpp"

namespace bourse::simulation {

enum class attack_rule : std::uint8_t {
  fair, ///< blocks name heads, and F orders
  plain ///< the primary orders
};

/// Replicas 0 to f-1 collude, 0 leads at first.
struct attack_case {
  const attack* what = nullptr;
  cluster_size size;
  std::uint64_t seed = 1; ///< of the flow, the network and what is random in the attack
  attack_rule rule = attack_rule::fair;
  order_function_maker order = true_order;
};

struct attack_result {
  std::uint64_t orders = 0;
  std::uint64_t blocks = 0;
  std::uint64_t view_changes = 0; ///< others suspected a primary
  std::uint64_t preyed = 0;       ///< victims that an order meant for that executed in front of
  std::uint64_t victims = 0;
  attack_pairs pairs;
  std::uint64_t censored = 0;
  /// Ticks, times lots: what the colluding clients have in the end, at the middle of the book, more
  /// than at first, and what victims paid beyond the middle of the book at first.
  std::int64_t profit = 0;
  std::int64_t victims_paid = 0;
  /// Over what executed, in order.
  std::uint64_t trace = 0;
};

attack_result run_attack(const attack_case& c);

nlohmann::json to_json(const attack_result& r);

} // namespace bourse::simulation
