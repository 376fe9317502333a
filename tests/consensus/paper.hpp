// What the tests of the paper's sentences share.
#pragma once

#include "tests/consensus/lone_replica.hpp"

namespace bourse::test {

using namespace bourse::consensus;

inline constexpr std::uint16_t primary_id = 0;
inline constexpr std::uint16_t backup_id = 2;

/// What a backup sends because of a pre-prepare.
inline std::size_t prepares_after(lone_replica& r, const pre_prepare& m) {
  r.hear(r.primary(), m);
  r.answer_checks();
  r.persist();
  return r.said<prepare>().size();
}

/// Makes `r` commit and execute the blocks from..to.
inline void run_blocks(lone_replica& r, std::uint64_t from, std::uint64_t to) {
  for (auto n = from; n <= to; ++n) {
    r.commit_fully(n, "block " + std::to_string(n));
    r.execute();
  }
}

} // namespace bourse::test
