// One log: what honest replicas execute is the same at every sequence number, and in order.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "consensus/effects.hpp"
#include "messages/crypto.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

using namespace messages;

class log_check {
public:
  /// `out` outlives it.
  log_check(std::size_t nodes, digest cluster, violations& out);

  /// A node begins: what it executed is up to here.
  void started(std::size_t i, sequence_number executed);
  /// An honest node executes. True if it is the first to execute this block.
  bool executing(std::size_t i, const consensus::execution& e);

  std::uint64_t length() const {
    return log_.size();
  }
  std::uint64_t executed(std::size_t i) const {
    return executed_[i];
  }
  /// Up to and including block n.
  const digest& chain(std::uint64_t n) const {
    return n == 0 || n > log_.size() ? cluster_ : log_[n - 1].chain;
  }

private:
  struct entry {
    digest block;
    digest chain;
  };
  digest cluster_;
  violations& out_;
  std::vector<entry> log_; ///< from block 1 on
  std::vector<std::uint64_t> executed_;
};

} // namespace bourse::simulation
