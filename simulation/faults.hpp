// Carries out what a plan says will go wrong, and heals it again.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "simulation/cluster.hpp"
#include "simulation/load.hpp"
#include "simulation/oracle.hpp"
#include "simulation/plan.hpp"

namespace bourse::simulation {

class faults {
public:
  /// Told what happens, for the story.
  using teller = std::function<void(const std::string& what)>;

  /// All outlive it. Posts everything to the cluster's world.
  faults(cluster& c, const plan& p, load& clients, oracle& watch, teller tell);

  /// Nothing goes wrong from now on; whoever is down comes back.
  void heal();

  const std::array<std::uint64_t, fault_kinds>& happened() const {
    return happened_;
  }

private:
  void begin(const fault& f);
  void end(const fault& f);
  void crash(std::size_t i, std::size_t keep);
  void crash_in_write(const fault& f);
  void back(std::size_t i);
  void cut_off(std::size_t i, bool on);
  void split(const fault& f, bool on);
  void stall_disk(const fault& f, std::uint64_t until_ns);
  void network(const fault& f, bool on);
  void suspect(const fault& f, std::uint64_t until_ns);
  std::string describe(const fault& f) const;

  cluster& cluster_;
  const plan& plan_;
  load& clients_;
  oracle& watch_;
  teller tell_;
  random_source random_;
  bool healed_ = false;
  std::vector<std::uint32_t> down_; ///< by node: faults that keep it so
  std::array<std::uint64_t, fault_kinds> happened_{};
};

} // namespace bourse::simulation
