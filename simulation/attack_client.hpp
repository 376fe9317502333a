// The colluding clients: what they send when their replicas see prey.
#pragma once

#include <cstdint>
#include <vector>

#include "simulation/attack.hpp"
#include "simulation/attack_orders.hpp"

namespace bourse::simulation {

/// Something to be sent, after a while.
struct attack_wish {
  std::uint64_t delay_us = 0;
  client_id by;
  stream_id stream;
  std::vector<request> what;
  attack_part part = attack_part::none;
  std::size_t victim = SIZE_MAX;
};

class colluding_client {
public:
  explicit colluding_client(const attack& a) : attack_(a) {}

  /// The first of the colluding replicas sees an order.
  std::vector<attack_wish> saw(const attack_order& o, std::size_t index);
  /// Prey has executed. `lots` is what the client has more than at first.
  std::vector<attack_wish> executed(const attack_order& o, std::size_t index, std::int64_t lots);

private:
  place order(side s, std::int64_t limit, std::int64_t lots);
  void flood(std::vector<attack_wish>& out);

  const attack& attack_;
  std::uint64_t names_ = 0;
};

} // namespace bourse::simulation
