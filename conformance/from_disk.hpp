// What a replica begins with, as a step. A template, so that this folder need not know who
// recovers.
#pragma once

#include "conformance/step.hpp"

namespace bourse::conformance {

/// From consensus::recovered_state. Blocks are left out.
template <class Recovered>
started from_disk(const Recovered& disk) {
  started out;
  out.view = disk.view;
  out.new_view = disk.new_view;
  out.stable = disk.stable;
  out.executed = disk.executed;
  out.chain = disk.chain;
  out.silent = disk.silent;
  for (const auto& v : disk.votes)
    out.votes.push_back({static_cast<phase>(v.kind), v.what});
  for (const auto& p : disk.proposals)
    out.proposals.push_back(p.what);
  out.prepared = disk.prepared;
  for (const auto& b : disk.committed)
    out.committed.push_back(b.certificate);
  return out;
}

} // namespace bourse::conformance
