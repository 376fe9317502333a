// A lone replica from view to view.
#pragma once

#include <utility>
#include <vector>

#include "messages/assert.hpp"
#include "tests/consensus/changes.hpp"
#include "tests/consensus/lone_replica.hpp"

namespace bourse::test {

inline statement about(std::uint64_t n, std::string_view block, std::uint64_t v = 0) {
  return lone_replica::about(n, block, v);
}

/// The NEW-VIEW of `v` that follows if one replica of the quorum says `changed`, the others
/// nothing.
inline consensus::installation begin(std::uint64_t v,
                                     std::vector<prepared_certificate> changed = {},
                                     stable_checkpoint stable = {}) {
  std::vector<view_change_content> contents(4, change_to(v));
  contents[1] = change_to(v, std::move(changed), std::move(stable));
  auto i = consensus::read_new_view(new_view_from(4, contents), cluster_id());
  BOURSE_ASSERT(i);
  return *i;
}

inline view_change_content leave(lone_replica& r, std::uint64_t v) {
  r.core->leave(r.now, view(v));
  r.drain();
  BOURSE_ASSERT(r.all.departed);
  auto c = *std::exchange(r.all.departed, std::nullopt);
  r.persist();
  return c;
}

inline void install(lone_replica& r, const consensus::installation& i) {
  auto installed = r.core->install(r.now, i);
  BOURSE_ASSERT(installed);
  r.drain();
}

/// Leaves for the view and begins it, all durable.
inline void change_view(lone_replica& r, const consensus::installation& i) {
  leave(r, i.view.value());
  install(r, i);
  r.persist();
}

inline pre_prepare proposal(std::uint64_t n, std::string_view block, std::uint64_t v) {
  return lone_replica::propose(about(n, block, v), block, static_cast<std::uint16_t>(v % 4));
}

} // namespace bourse::test
