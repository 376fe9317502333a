#include "simulation/log_check.hpp"

#include "messages/block.hpp"

namespace bourse::simulation {

log_check::log_check(std::size_t nodes, digest cluster, violations& out)
    : cluster_(cluster), out_(out), executed_(nodes) {}

void log_check::started(std::size_t i, sequence_number executed) {
  executed_[i] = executed.value();
  if (executed.value() > log_.size())
    out_.add("agreement", "replica {} begins after block {}, and the log ends at {}", i,
             executed.value(), log_.size());
}

bool log_check::executing(std::size_t i, const consensus::execution& e) {
  auto n = e.sequence.value();
  if (n != executed_[i] + 1)
    out_.add("prefix", "replica {} executes block {} after {}", i, n, executed_[i]);
  executed_[i] = n;
  if (hash(*e.block) != e.digest)
    out_.add("validity", "replica {}: block {} is not what its digest says", i, n);
  if (n == 0 || n > log_.size() + 1)
    return false;
  if (n == log_.size() + 1) {
    const auto& before = log_.empty() ? cluster_ : log_.back().chain;
    log_.push_back({e.digest, chain_next(before, e.digest)});
    if (log_.back().chain != e.chain)
      out_.add("prefix", "replica {}: the chain at block {} does not continue the log", i, n);
    return true;
  }
  const auto& known = log_[n - 1];
  if (known.block != e.digest)
    out_.add("agreement", "replica {} executes another block {} than the others", i, n);
  else if (known.chain != e.chain)
    out_.add("prefix", "replica {}: the chain at block {} is another one", i, n);
  return false;
}

} // namespace bourse::simulation
