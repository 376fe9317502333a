#include "consensus/slot.hpp"

#include <algorithm>

namespace bourse::consensus {

void slot::leave_view() {
  if (proposal)
    keep(proposal->what.digest, proposal->block);
  proposal.reset();
  verdict = verdict::none;
  prepares = vote_set{prepares.size()};
  commits = vote_set{commits.size()};
  own_votes = {};
  renewed.reset();
  early.reset();
  equivocated = false;
  refused = false;
  resend.stop();
  ask_proposal.stop();
  asked = 0;
  times = {};
}

void slot::keep(const digest& d, shared_bytes block) {
  std::erase_if(kept, [&](const auto& k) { return k.first == d; });
  kept.emplace_back(d, std::move(block));
  if (kept.size() <= most_kept)
    return;
  kept.erase(std::ranges::find_if(
      kept, [&](const auto& k) { return !prepared || k.first != prepared->what.digest; }));
}

shared_bytes slot::find_block(const digest& d) const {
  if (final && final->certificate.what.digest == d)
    return final->block;
  if (proposal && proposal->what.digest == d)
    return proposal->block;
  for (const auto& [digest, block] : kept)
    if (digest == d)
      return block;
  return nullptr;
}

std::optional<digest> slot::bound() const {
  for (const auto& v : own_votes)
    if (v.made())
      return v.digest;
  return std::nullopt;
}

std::vector<replica_id> slot::supporters(const digest& d, cluster_size size) const {
  std::vector<replica_id> out;
  for (std::uint16_t i = 0; i < size.n; ++i)
    if (supports(replica_id{i}, d))
      out.push_back(replica_id{i});
  return out;
}

std::optional<digest> slot::supported(cluster_size size) const {
  for (auto kind : {vote_kind::commit, vote_kind::prepare}) {
    for (std::uint16_t i = 0; i < size.n; ++i) {
      replica_id who{i};
      if (!votes(kind).has(who))
        continue;
      const auto& d = votes(kind).named(who);
      if (supporters(d, size).size() >= size.weak_quorum())
        return d;
    }
  }
  return std::nullopt;
}

std::optional<digest> slot::known() const {
  if (final)
    return final->certificate.what.digest;
  if (proposal)
    return proposal->what.digest;
  return std::nullopt;
}

} // namespace bourse::consensus
