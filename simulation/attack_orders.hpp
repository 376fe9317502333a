// What was sent in a run under attack, and what became of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "messages/request.hpp"
#include "messages/stamps.hpp"
#include "simulation/attack_flow.hpp"

namespace bourse::simulation {

/// What a colluding client's order is for.
enum class attack_part : std::uint8_t { none, front, behind, other };

struct attack_order {
  submission_ptr body;
  std::uint64_t sent_us = 0;
  attack_part part = attack_part::none;
  std::size_t victim = SIZE_MAX; ///< that a front or behind is about
  /// By replica, 0: none. Those of colluding replicas count for nothing and are not here. Whom it
  /// reached when it had executed does not stamp it.
  std::vector<stamp_time> arrived, stamps;
  bool eligible = false;        ///< for the next block, as those say who make it
  std::size_t block = SIZE_MAX; ///< in which it executed
  std::size_t position = SIZE_MAX;

  bool executed() const {
    return block != SIZE_MAX;
  }
  bool colluding() const {
    return attack_members::collude(body->content.client);
  }
  /// Large, and somebody else's: worth an attack. Anyone who can read it sees that.
  const place* prey() const {
    const auto* p = std::get_if<place>(&body->content.requests.front());
    return p && !colluding() && p->quantity.value() >= victim_levels * level_lots ? p : nullptr;
  }
  submission_header about() const {
    return {body->content.client, body->content.stream, body->content.number};
  }
};

class attack_orders {
public:
  std::size_t add(attack_order o) {
    by_digest_[o.body->digest] = all_.size();
    all_.push_back(std::move(o));
    return all_.size() - 1;
  }
  attack_order& operator[](std::size_t i) {
    return all_[i];
  }
  const attack_order& operator[](std::size_t i) const {
    return all_[i];
  }
  std::size_t size() const {
    return all_.size();
  }
  std::size_t find(const digest& d) const {
    auto it = by_digest_.find(d);
    return it == by_digest_.end() ? SIZE_MAX : it->second;
  }
  const std::vector<attack_order>& all() const {
    return all_;
  }
  bool done() const {
    return std::ranges::all_of(all_, &attack_order::executed);
  }

private:
  std::vector<attack_order> all_;
  std::unordered_map<digest, std::size_t> by_digest_;
};

} // namespace bourse::simulation
