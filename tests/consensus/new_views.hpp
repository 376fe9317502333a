// NEW-VIEWs as a quorum of honest replicas would make them.
#pragma once

#include <functional>
#include <vector>

#include "consensus/new_view.hpp"
#include "tests/consensus/stand_in.hpp"

namespace bourse::test {

using authenticators = std::function<const consensus::authenticator&(std::uint16_t)>;

inline view_change sign_change(const view_change_content& c, std::uint16_t by,
                               const consensus::authenticator& auth) {
  view_change m;
  m.body = encode(c);
  m.by = {replica(by), auth.sign(purpose::view_change, hash(m.body).view())};
  return m;
}

/// Of replicas with these contents, by replica; a view of which somebody else than `contents`
/// speaks has none. The first 2f+1 count.
inline new_view new_view_of(std::uint16_t n, const std::vector<view_change_content>& contents,
                            const authenticators& auth) {
  consensus::options o;
  o.size = {n};
  o.cluster = cluster_id();
  auto v = contents.front().view;
  o.self = o.size.primary_of(v);
  std::vector<view_change> changes;
  std::vector<view_change_content> counted;
  for (std::uint16_t i = 0; i < o.size.quorum(); ++i) {
    changes.push_back(sign_change(contents[i], i, auth(i)));
    counted.push_back(contents[i]);
  }
  return make_new_view(v, std::move(changes), counted, o, auth(o.self.value())).message;
}

/// The view begins, and nothing came before it.
inline new_view first_new_view(std::uint16_t n, std::uint64_t v, const authenticators& auth) {
  view_change_content nothing;
  nothing.view = view(v);
  return new_view_of(n, std::vector<view_change_content>(n, nothing), auth);
}

inline new_view first_new_view(std::uint16_t n, std::uint64_t v) {
  std::vector<stand_in> all;
  for (std::uint16_t i = 0; i < n; ++i)
    all.emplace_back(replica(i));
  return first_new_view(
      n, v, [&](std::uint16_t i) -> const auto& { return all[i]; });
}

} // namespace bourse::test
