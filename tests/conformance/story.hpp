// Traces made by hand: replica 2 of four, in words short enough to read.
#pragma once

#include <string>

#include "conformance/spec_replica.hpp"
#include "tests/consensus/new_views.hpp"

namespace bourse::test {

using namespace bourse::conformance;

inline constexpr std::uint16_t hero = 2;

inline conformance::identity hero_identity() {
  return {cluster_id(), {4}, replica(hero), 8, 4};
}

inline const stand_in& key_of(std::uint16_t r) {
  static const std::vector<stand_in> all{stand_in{replica(0)}, stand_in{replica(1)},
                                         stand_in{replica(2)}, stand_in{replica(3)}};
  return all[r];
}

inline bool verify_stand_in(replica_id by, purpose why, byte_view payload, const signature& s) {
  return key_of(0).verify(by, why, payload, s);
}

inline replica_signature by(std::uint16_t r, purpose why, byte_view payload) {
  return {replica(r), key_of(r).sign(why, payload)};
}
inline statement about(std::uint64_t n, std::string_view block, std::uint64_t v = 0) {
  return {view(v), seq(n), hash(block)};
}
inline pre_prepare proposes(const statement& what) {
  auto primary = static_cast<std::uint16_t>(what.view.value() % 4);
  return {what, key_of(primary).sign(purpose::pre_prepare, signed_bytes(what)), nullptr};
}
inline prepare prepares(std::uint16_t r, const statement& what) {
  return {what, by(r, purpose::prepare, signed_bytes(what))};
}
inline commit commits(std::uint16_t r, const statement& what) {
  return {what, by(r, purpose::commit, signed_bytes(what))};
}
inline checkpoint checkpoints(std::uint16_t r, std::uint64_t n, std::string_view state) {
  checkpoint_statement what{seq(n), hash(state)};
  return {what, by(r, purpose::checkpoint, signed_bytes(what))};
}
inline prepared_certificate certificate(const statement& what, std::vector<std::uint16_t> who) {
  prepared_certificate c{what, proposes(what).signature, {}};
  for (auto r : who)
    c.prepares.push_back(prepares(r, what).by);
  return c;
}
inline commit_certificate finality(const statement& what, std::vector<std::uint16_t> who) {
  commit_certificate c{what, {}};
  for (auto r : who)
    c.commits.push_back(commits(r, what).by);
  return c;
}
inline stable_checkpoint proof(std::uint64_t n, std::string_view state,
                               std::vector<std::uint16_t> who = {0, 1, 3}) {
  if (n == 0)
    return {};
  stable_checkpoint c{{seq(n), hash(state)}, {}};
  for (auto r : who)
    c.proof.push_back(checkpoints(r, n, state).by);
  return c;
}
inline view_change changes(std::uint16_t r, std::uint64_t v,
                           std::vector<prepared_certificate> prepared = {},
                           stable_checkpoint stable = {}) {
  return sign_change({view(v), std::move(stable), std::move(prepared)}, r, key_of(r));
}
/// Of its primary; `blocks` from above the highest checkpoint on.
inline new_view begins(std::uint64_t v, std::vector<view_change> from,
                       const std::vector<statement>& blocks) {
  auto primary = static_cast<std::uint16_t>(v % 4);
  new_view_content c{view(v), std::move(from), {}};
  for (const auto& what : blocks)
    c.pre_prepares.push_back(key_of(primary).sign(purpose::pre_prepare, signed_bytes(what)));
  new_view m;
  m.body = encode(c);
  m.by = by(primary, purpose::new_view, hash(m.body).view());
  return m;
}
/// What fills a number of which nothing was prepared.
inline statement nothing(std::uint64_t n, std::uint64_t v) {
  return {view(v), seq(n), hash(encode(null_block(cluster_id(), seq(n))))};
}

class story {
public:
  story() {
    started first;
    first.chain = cluster_id();
    take(first);
  }
  explicit story(const started& first) {
    take(first);
  }

  story& hears(std::uint16_t from, const peer_message& m) {
    return take(received{replica(from), m});
  }
  story& says(const peer_message& m) {
    return take(said{std::nullopt, m});
  }
  story& executes(std::uint64_t n, std::string_view block) {
    auto next = chain_next(chain_, hash(block));
    take(executing{seq(n), hash(block), next});
    chain_ = next;
    return *this;
  }
  story& restarts(started disk) {
    if (disk.executed.value() == 0)
      disk.chain = cluster_id();
    return take(disk);
  }
  story& take(const event& e) {
    if (!refused_.empty())
      late_ = true;
    else if (auto why = spec_.take(e))
      refused_ = why->rule;
    if (const auto* s = std::get_if<started>(&e))
      chain_ = s->chain;
    return *this;
  }

  // -- chapters -----------------------------------------------------------------------------------

  /// Proposed and prepared here.
  story& accepts(const statement& what) {
    hears(static_cast<std::uint16_t>(what.view.value() % 4), proposes(what));
    return says(prepares(hero, what));
  }
  story& commits_to(const statement& what) {
    accepts(what);
    for (auto r : {0, 1, 3})
      if (r != static_cast<int>(what.view.value() % 4))
        hears(static_cast<std::uint16_t>(r), prepares(static_cast<std::uint16_t>(r), what));
    return says(commits(hero, what));
  }
  story& finishes(std::uint64_t n, std::string_view block, std::uint64_t v = 0) {
    auto what = about(n, block, v);
    commits_to(what);
    hears(0, commits(0, what));
    hears(1, commits(1, what));
    return executes(n, block);
  }
  /// Everybody wishes for the view.
  story& wishes(std::uint64_t v) {
    hears(0, wish{view(v)});
    hears(1, wish{view(v)});
    hears(3, wish{view(v)});
    return says(wish{view(v)});
  }

  /// The rule that the last step broke. Empty: all was allowed; "early": a step before it was not.
  std::string refused() const {
    return late_ ? "early: " + refused_ : refused_;
  }

private:
  spec_replica spec_{hero_identity(), verify_stand_in};
  digest chain_;
  std::string refused_;
  bool late_ = false;
};

} // namespace bourse::test
