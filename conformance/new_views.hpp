// What a NEW-VIEW must contain and what follows from it, computed from the paper's text alone and
// not by consensus/new_view: the two are to agree.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "conformance/step.hpp"
#include "messages/crypto.hpp"

namespace bourse::conformance {

/// Whether a replica signed the payload for that purpose. A specification without one believes
/// every signature: it then allows more, never less.
using verifier = std::function<bool(replica_id, purpose, byte_view payload, const signature&)>;

/// By the genesis file: its replicas' keys, by id.
verifier verifier_of(std::vector<public_key> keys, const digest& cluster);

/// 2f+1 signatures of different replicas, or so many others.
bool distinct_signers(const std::vector<replica_signature>& by, std::uint16_t count,
                      cluster_size size);

/// 2f+1 equal checkpoints; the state before the first block needs none (C&L 4.3).
bool proved(const stable_checkpoint& c, const identity& who, const verifier& verify);
/// A pre-prepare of the view's primary and 2f prepares of others (C&L 4.2).
bool proved(const prepared_certificate& c, const identity& who, const verifier& verify);
/// 2f+1 commits (C&L 4.2).
bool proved(const commit_certificate& c, const identity& who, const verifier& verify);

/// A valid VIEW-CHANGE's content (C&L 4.4), or nothing.
std::optional<view_change_content> valid_view_change(const view_change& m, const identity& who,
                                                     const verifier& verify);

/// O of the paper: what a NEW-VIEW proposes anew.
struct reproposals {
  stable_checkpoint stable; ///< min-s
  std::map<sequence_number, digest> blocks;
};
/// What follows from these VIEW-CHANGEs (C&L 4.4).
reproposals chosen_by(const std::vector<view_change_content>& changes, const identity& who);

/// What a valid NEW-VIEW proposes anew; nothing if it is not valid.
struct checked_new_view {
  view_number view;
  std::vector<view_change> changes;
  reproposals log;
};
std::optional<checked_new_view> valid_new_view(const new_view& m, const identity& who,
                                               const verifier& verify);

} // namespace bourse::conformance
