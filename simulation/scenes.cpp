#include "simulation/scenes.hpp"

namespace bourse::simulation {

plan busy_plan(std::uint64_t seed) {
  auto p = draw_plan(seed);
  auto& c = p.cluster;
  c.replicas = 4;
  p.timers_percent.assign(c.replicas, 0);
  c.genesis.checkpoint_interval = 4;
  c.genesis.window = 8;
  c.node.retain_blocks = 16;
  c.node.transfer_after_blocks = 16;
  c.network.loss_percent = 3;
  c.network.most_delay_us = c.network.least_delay_us + 3000;
  p.load = {.placements = 150, .requests_each = 4, .questions = 40};
  p.load_ms = p.faulty_ms = p.least_ms = 7000;
  p.byzantine.clear();
  p.lies.clear();
  p.hostile_client_ms = 0;
  p.faults = {{fault_kind::cut_off, 800, 1000, 3, 0, 0},
              {fault_kind::cut_off, 2000, 700, 0, 0, 0},
              {fault_kind::crash, 2900, 1700, 2, 0, 0},
              {fault_kind::lights_out, 4800, 100, 0, 0, 0},
              {fault_kind::cut_off, 5200, 700, 1, 0, 0}};
  return p;
}

} // namespace bourse::simulation
