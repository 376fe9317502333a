// Chains of signed reports for tests of the fair order.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/stamped.hpp"
#include "messages/crypto.hpp"
#include "messages/stamps.hpp"

namespace bourse::fairness {

inline digest chains_cluster() {
  return hash("fair");
}

/// Where every chain begins.
inline chain_position chain_start() {
  return {report_index{0}, chains_cluster(), stamp_time{0}};
}

inline stamp stamp_at(const stamped& what, std::uint64_t time) {
  return {what.about, what.body, stamp_time{time}};
}

/// The report of that replica that follows on `last`.
inline report_ptr report_after(std::uint16_t replica, const chain_position& last,
                               std::uint64_t boundary, std::vector<stamp> stamps = {}) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = static_cast<std::uint8_t>(replica + 1);
  static const auto key = key_pair::from_seed(seed); // nobody checks whose it is
  return sign_report({replica_id{replica}, last.index.next(), last.digest, stamp_time{boundary},
                      std::move(stamps)},
                     key, chains_cluster());
}

inline report_ptr report_after(const report_ptr& last, std::uint64_t boundary,
                               std::vector<stamp> stamps = {}) {
  return report_after(last->content.replica.value(), position_of(*last), boundary,
                      std::move(stamps));
}

/// `links` reports after `last`, with a boundary every 10.
inline std::vector<report_ptr> chain_after(std::uint16_t replica, chain_position last,
                                           std::size_t links) {
  std::vector<report_ptr> out;
  for (; links > 0; --links) {
    out.push_back(report_after(replica, last, last.boundary.value() + 10));
    last = position_of(*out.back());
  }
  return out;
}

inline chain_head name_of(const report_ptr& r) {
  return {r->content.replica, r->content.index, r->digest};
}

} // namespace bourse::fairness
