#include "conformance/new_views.hpp"

#include <algorithm>
#include <set>

namespace bourse::conformance {

namespace {

bool all_signed(const std::vector<replica_signature>& by, purpose why, byte_view payload,
                const verifier& verify) {
  return !verify || std::ranges::all_of(by, [&](const auto& s) {
    return verify(s.replica, why, payload, s.signature);
  });
}

/// Of the body's digest (PROTOCOL 2).
bool signed_body(const bytes& body, const replica_signature& by, purpose why,
                 const verifier& verify) {
  return !verify || verify(by.replica, why, hash(body).view(), by.signature);
}

} // namespace

verifier verifier_of(std::vector<public_key> keys, const digest& cluster) {
  return [keys = std::move(keys), cluster](replica_id by, purpose why, byte_view payload,
                                           const signature& s) {
    return by.value() < keys.size() && verify(keys[by.value()], why, cluster, payload, s);
  };
}

bool distinct_signers(const std::vector<replica_signature>& by, std::uint16_t count,
                      cluster_size size) {
  std::set<replica_id> who;
  for (const auto& s : by)
    if (s.replica.value() >= size.n || !who.insert(s.replica).second)
      return false;
  return who.size() == count;
}

bool proved(const stable_checkpoint& c, const identity& who, const verifier& verify) {
  if (c.what.sequence.value() == 0)
    return c.proof.empty();
  return c.what.sequence.value() % who.checkpoint_interval == 0
         && distinct_signers(c.proof, who.size.quorum(), who.size)
         && all_signed(c.proof, purpose::checkpoint, signed_bytes(c.what), verify);
}

bool proved(const prepared_certificate& c, const identity& who, const verifier& verify) {
  auto primary = who.size.primary_of(c.what.view);
  auto backups = static_cast<std::uint16_t>(who.size.quorum() - 1);
  auto signed_text = signed_bytes(c.what);
  return distinct_signers(c.prepares, backups, who.size)
         && std::ranges::none_of(c.prepares, [&](const auto& s) { return s.replica == primary; })
         && (!verify || verify(primary, purpose::pre_prepare, signed_text, c.pre_prepare))
         && all_signed(c.prepares, purpose::prepare, signed_text, verify);
}

bool proved(const commit_certificate& c, const identity& who, const verifier& verify) {
  return distinct_signers(c.commits, who.size.quorum(), who.size)
         && all_signed(c.commits, purpose::commit, signed_bytes(c.what), verify);
}

std::optional<view_change_content> valid_view_change(const view_change& m, const identity& who,
                                                     const verifier& verify) {
  auto c = decode_view_change_content(m.body, {});
  if (!c || c->view.value() == 0 || m.by.replica.value() >= who.size.n
      || !signed_body(m.body, m.by, purpose::view_change, verify)
      || !proved(c->stable, who, verify))
    return std::nullopt;
  auto low = c->stable.what.sequence;
  auto last = low;
  for (const auto& p : c->prepared) {
    auto n = p.what.sequence;
    if (n <= last || n.value() - low.value() > who.window || p.what.view >= c->view
        || !proved(p, who, verify))
      return std::nullopt;
    last = n;
  }
  return *c;
}

reproposals chosen_by(const std::vector<view_change_content>& changes, const identity& who) {
  // "min-s [is] the sequence number of the latest stable checkpoint in V and max-s the highest
  // sequence number in a prepare message in V."
  reproposals out;
  sequence_number max_s;
  for (const auto& c : changes) {
    if (c.stable.what.sequence >= out.stable.what.sequence)
      out.stable = c.stable;
    for (const auto& p : c.prepared)
      max_s = std::max(max_s, p.what.sequence);
  }
  // "(1) there is at least one set in the P component of some view-change message in V with
  // sequence number n, or (2) there is no such set": the one of the highest view, or null.
  for (auto n = out.stable.what.sequence; n < max_s;) {
    n = n.next();
    const statement* highest = nullptr;
    for (const auto& c : changes)
      for (const auto& p : c.prepared)
        if (p.what.sequence == n && (!highest || p.what.view > highest->view))
          highest = &p.what;
    out.blocks[n] = highest ? highest->digest : hash(encode(null_block(who.cluster, n)));
  }
  return out;
}

std::optional<checked_new_view> valid_new_view(const new_view& m, const identity& who,
                                               const verifier& verify) {
  auto c = decode_new_view_content(m.body, {});
  if (!c || c->view.value() == 0 || m.by.replica != who.size.primary_of(c->view)
      || c->changes.size() != who.size.quorum()
      || !signed_body(m.body, m.by, purpose::new_view, verify))
    return std::nullopt;
  std::vector<view_change_content> contents;
  std::set<replica_id> from;
  sequence_number least{~std::uint64_t{0}};
  for (const auto& change : c->changes) {
    auto content = valid_view_change(change, who, verify);
    if (!content || content->view != c->view || !from.insert(change.by.replica).second)
      return std::nullopt;
    least = std::min(least, content->stable.what.sequence);
    contents.push_back(std::move(*content));
  }
  checked_new_view out{c->view, c->changes, chosen_by(contents, who)};
  // PROTOCOL 10, a new database: no two stable checkpoints more than a window apart.
  if (out.log.stable.what.sequence.value() - least.value() > who.window
      || c->pre_prepares.size() != out.log.blocks.size())
    return std::nullopt;
  auto sig = c->pre_prepares.begin();
  for (const auto& [n, d] : out.log.blocks)
    if (verify
        && !verify(m.by.replica, purpose::pre_prepare, signed_bytes(statement{c->view, n, d}),
                   *sig++))
      return std::nullopt;
  return out;
}

} // namespace bourse::conformance
