#include "conformance/spec_cluster.hpp"

namespace bourse::conformance {

std::optional<refusal> spec_cluster::take(replica_id who, const event& e) {
  return std::visit([&](const auto& what) { return on(who, what); }, e);
}

std::optional<refusal> spec_cluster::on(replica_id, const executing& e) {
  auto [known, first] = blocks_.try_emplace(e.sequence, entry{e.digest, e.chain});
  if (known->second.digest != e.digest)
    return refusal{"no two replicas execute different blocks at one sequence number",
                   "C&L 4.5.1, PROTOCOL 7"};
  if (known->second.chain != e.chain)
    return refusal{"all replicas have the same chain", "PROTOCOL 6"};
  return std::nullopt;
}

std::optional<refusal> spec_cluster::on(replica_id who, const said& e) {
  if (const auto* c = std::get_if<commit>(&e.what)) {
    auto [known, first] = commits_.try_emplace({c->what.view, c->what.sequence}, c->what.digest);
    if (known->second != c->what.digest)
      return refusal{"no two replicas commit to different blocks in one view and sequence number",
                     "C&L 4.2, PROTOCOL 7"};
  } else if (const auto* k = std::get_if<checkpoint>(&e.what); k && k->by.replica == who) {
    auto [known, first] = states_.try_emplace(k->what.sequence, k->what.state);
    if (known->second != k->what.state)
      return refusal{"all replicas have the same state at one sequence number",
                     "C&L 4.3, PROTOCOL 8"};
  }
  return std::nullopt;
}

} // namespace bourse::conformance
