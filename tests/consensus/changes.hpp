// Certificates and VIEW-CHANGEs of stand-ins, as tests of view changes need them.
#pragma once

#include <initializer_list>
#include <map>
#include <string_view>
#include <vector>

#include "tests/consensus/new_views.hpp"

namespace bourse::test {

/// Of the view's primary and the first 2f others.
inline prepared_certificate prepared(std::uint64_t n, std::string_view block, std::uint64_t v = 0,
                                     std::uint16_t replicas = 4) {
  cluster_size size{replicas};
  prepared_certificate c;
  c.what = {view(v), seq(n), hash(block)};
  auto primary = size.primary_of(c.what.view);
  auto payload = signed_bytes(c.what);
  c.pre_prepare = stand_in{primary}.sign(purpose::pre_prepare, payload);
  for (auto by : size.everyone())
    if (by != primary && c.prepares.size() + 1 < size.quorum())
      c.prepares.push_back({by, stand_in{by}.sign(purpose::prepare, payload)});
  return c;
}

/// Of the first 2f+1 replicas.
inline stable_checkpoint stable_at(std::uint64_t n, std::string_view state = "state",
                                   std::uint16_t replicas = 4) {
  cluster_size size{replicas};
  stable_checkpoint c;
  c.what = {seq(n), hash(state)};
  for (auto by : size.everyone())
    if (c.proof.size() < size.quorum())
      c.proof.push_back({by, stand_in{by}.sign(purpose::checkpoint, signed_bytes(c.what))});
  return c;
}

inline view_change_content change_to(std::uint64_t v,
                                     std::vector<prepared_certificate> prepared = {},
                                     stable_checkpoint stable = {}) {
  return {view(v), std::move(stable), std::move(prepared)};
}

inline view_change signed_change(const view_change_content& c, std::uint16_t by) {
  return sign_change(c, by, stand_in{replica(by)});
}

/// The NEW-VIEW with these bytes, signed by `by`.
inline new_view signed_new_view(const new_view_content& c, std::uint16_t by) {
  new_view m;
  m.body = encode(c);
  m.by = {replica(by), stand_in{replica(by)}.sign(purpose::new_view, hash(m.body).view())};
  return m;
}

inline digest null_digest(std::uint64_t n) {
  return hash(encode(null_block(cluster_id(), seq(n))));
}

/// Of the first 2f+1 replicas, all with `contents` or with those of them by replica.
inline new_view new_view_from(std::uint16_t n, const std::vector<view_change_content>& contents) {
  std::vector<stand_in> all;
  for (std::uint16_t i = 0; i < n; ++i)
    all.emplace_back(replica(i));
  return new_view_of(
      n, contents, [&](std::uint16_t i) -> const auto& { return all[i]; });
}

} // namespace bourse::test
