#include "simulation/spec_check.hpp"

namespace bourse::simulation {

spec_check::spec_check(const cluster& c, violations& out)
    : cluster_(c), out_(out), refused_(c.size()) {
  const auto& g = c.genesis();
  auto verify = conformance::verifier_of(keys_of(g), g.cluster());
  for (std::size_t i = 0; i < c.size(); ++i)
    replicas_.emplace_back(
        conformance::identity{g.cluster(), g.size, c.identity(i), g.window, g.checkpoint_interval},
        verify);
}

void spec_check::took(std::size_t node, const conformance::event& step) {
  if (refused_[node])
    return;
  ++steps_;
  auto why = replicas_[node].take(step);
  if (!why)
    why = together_.take(cluster_.identity(node), step);
  if (!why)
    return;
  refused_[node] = true;
  out_.add("specification", "replica {} {}: {} ({})", node, conformance::in_words(step), why->rule,
           why->source);
}

} // namespace bourse::simulation
