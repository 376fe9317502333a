// PBFT's messages as domain types (Castro and Liskov, OSDI 1999, sections 4.2 to 4.4), and what
// replicas ask each other for. Signed statements have a fixed binary layout, see `statement`.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "messages/block.hpp"
#include "messages/bytes.hpp"
#include "messages/crypto.hpp"
#include "messages/error.hpp"
#include "messages/request.hpp"
#include "messages/stamps.hpp"
#include "messages/state_tree.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

/// What a pre-prepare, prepare or commit says. All voters of one slot sign the same bytes, so a
/// certificate is one statement and many signatures.
struct statement {
  view_number view;
  sequence_number sequence;
  messages::digest digest; ///< of the block

  friend auto operator<=>(const statement&, const statement&) = default;
};

/// What a checkpoint says: the state after executing `sequence`.
struct checkpoint_statement {
  sequence_number sequence;
  messages::digest state; ///< hash(sequence || chain || Merkle root of the state pages)

  friend auto operator<=>(const checkpoint_statement&, const checkpoint_statement&) = default;
};

/// What a replica says of a block's results. f+1 of these prove them.
struct results_statement {
  sequence_number sequence;
  messages::digest block;
  messages::digest results; ///< root of the Merkle tree over the block's reports

  friend auto operator<=>(const results_statement&, const results_statement&) = default;
};

/// The bytes that are signed, behind purpose and cluster id: 8-byte little-endian numbers and raw
/// digests, in the order of the members.
bytes signed_bytes(const statement& s);
bytes signed_bytes(const checkpoint_statement& s);
bytes signed_bytes(const results_statement& s);

struct replica_signature {
  replica_id replica;
  messages::signature signature;

  friend bool operator==(const replica_signature&, const replica_signature&) = default;
};

/// The primary's proposal. `block` is not covered by the signature directly: its hash is.
struct pre_prepare {
  statement what;
  messages::signature signature; ///< of the view's primary, purpose::pre_prepare
  shared_bytes block;            ///< encoded block; hash(*block) == what.digest

  /// Compares what `block` points to.
  friend bool operator==(const pre_prepare& a, const pre_prepare& b);
};

struct prepare {
  statement what;
  replica_signature by; ///< purpose::prepare; never the primary: its pre-prepare stands for it

  friend bool operator==(const prepare&, const prepare&) = default;
};

struct commit {
  statement what;
  replica_signature by; ///< purpose::commit

  friend bool operator==(const commit&, const commit&) = default;
};

/// 2f+1 of the replicas prepared `what`: the primary by its pre-prepare, others by prepares.
struct prepared_certificate {
  statement what;
  messages::signature pre_prepare;
  std::vector<replica_signature> prepares; ///< 2f, distinct, without the primary

  friend bool operator==(const prepared_certificate&, const prepared_certificate&) = default;
};

/// 2f+1 commits: the block is final.
struct commit_certificate {
  statement what;
  std::vector<replica_signature> commits; ///< 2f+1, distinct

  friend bool operator==(const commit_certificate&, const commit_certificate&) = default;
};

struct checkpoint {
  checkpoint_statement what;
  replica_signature by; ///< purpose::checkpoint

  friend bool operator==(const checkpoint&, const checkpoint&) = default;
};

/// 2f+1 equal checkpoints: everything up to it may be forgotten by consensus.
struct stable_checkpoint {
  checkpoint_statement what;
  std::vector<replica_signature> proof; ///< 2f+1, distinct; empty only for the genesis (sequence 0)

  friend bool operator==(const stable_checkpoint&, const stable_checkpoint&) = default;
};

/// "I wish to be in this view, or a higher one." Counts only over its sender's own link and is
/// never passed on, so it needs no signature. Said again as long as it is true.
struct wish {
  view_number view;

  friend bool operator==(const wish&, const wish&) = default;
};

/// What a VIEW-CHANGE says (C&L 4.4): where its sender's log begins, and everything above it that
/// was prepared there in an earlier view, the newest certificate for each sequence number.
struct view_change_content {
  view_number view; ///< the new one
  stable_checkpoint stable;
  std::vector<prepared_certificate> prepared; ///< ascending sequence numbers

  friend bool operator==(const view_change_content&, const view_change_content&) = default;
};

/// The signature covers hash(body), so the bytes are kept and never encoded again.
struct view_change {
  bytes body;           ///< encoded view_change_content
  replica_signature by; ///< purpose::view_change

  friend bool operator==(const view_change&, const view_change&) = default;
};

/// What a NEW-VIEW says (C&L 4.4): why the view may begin, and the primary's pre-prepares for what
/// follows from that. Whoever receives it computes what they are about.
struct new_view_content {
  view_number view;
  std::vector<view_change> changes; ///< 2f+1, of distinct replicas, ascending
  /// By sequence number, ascending from the highest stable checkpoint of `changes` on.
  std::vector<signature> pre_prepares;

  friend bool operator==(const new_view_content&, const new_view_content&) = default;
};

struct new_view {
  bytes body;           ///< encoded new_view_content
  replica_signature by; ///< of the view's primary, purpose::new_view, over hash(body)

  friend bool operator==(const new_view&, const new_view&) = default;
};

/// "Here is where I stand": sent when idle and when stuck, so that peers see what I lack.
struct progress {
  view_number view;
  sequence_number stable;
  sequence_number executed;

  friend bool operator==(const progress&, const progress&) = default;
};

/// Asks for committed blocks `from` to `to`, both included. The answer may be shorter.
struct fetch_blocks {
  sequence_number from;
  sequence_number to;

  friend bool operator==(const fetch_blocks&, const fetch_blocks&) = default;
};

/// A final block with its proof. Bodies travel apart, see fetch_bodies.
struct committed_block {
  commit_certificate certificate;
  shared_bytes block;

  /// Compares what `block` points to.
  friend bool operator==(const committed_block& a, const committed_block& b);
};

/// Asks for the pre-prepare of a slot whose votes were seen without it.
struct fetch_proposal {
  statement what;

  friend bool operator==(const fetch_proposal&, const fetch_proposal&) = default;
};

/// Asks for bodies that a block names. `sequence` lets the other side find them in storage.
struct fetch_bodies {
  sequence_number sequence;
  std::vector<digest> digests;

  friend bool operator==(const fetch_bodies&, const fetch_bodies&) = default;
};

struct bodies {
  std::vector<signed_submission> submissions;

  friend bool operator==(const bodies&, const bodies&) = default;
};

// -- fetching a state (see consensus/state_fetch.hpp) ---------------------------------------------

/// Asks for offers of a state above `above`.
struct fetch_state {
  sequence_number above;

  friend bool operator==(const fetch_state&, const fetch_state&) = default;
};

/// A state that its sender can hand out. 2f+1 replicas signed hash(sequence || chain || pages), so
/// all of it is proved.
struct state_offer {
  stable_checkpoint stable;
  digest chain; ///< of the log up to there
  digest pages; ///< root of the tree over the pages

  friend bool operator==(const state_offer&, const state_offer&) = default;
};

/// Asks what the children of these places are in the state at `target`.
struct fetch_state_nodes {
  std::uint64_t id = 0; ///< comes back in the answer
  sequence_number target;
  std::vector<tree_path> paths; ///< inner nodes

  friend bool operator==(const fetch_state_nodes&, const fetch_state_nodes&) = default;
};

struct state_node {
  tree_path path;
  std::vector<tree_child> children; ///< ascending

  friend bool operator==(const state_node&, const state_node&) = default;
};

/// Those that were asked for, or the first of them. None: the state is not handed out any more.
struct state_nodes {
  std::uint64_t id = 0;
  std::vector<state_node> nodes;

  friend bool operator==(const state_nodes&, const state_nodes&) = default;
};

/// Asks for pages of the state at `target`.
struct fetch_state_pages {
  std::uint64_t id = 0;
  sequence_number target;
  std::vector<std::uint64_t> keys;

  friend bool operator==(const fetch_state_pages&, const fetch_state_pages&) = default;
};

struct state_page {
  std::uint64_t key = 0;
  bytes content;

  friend bool operator==(const state_page&, const state_page&) = default;
};

/// Like state_nodes.
struct state_pages {
  std::uint64_t id = 0;
  std::vector<state_page> pages;

  friend bool operator==(const state_pages&, const state_pages&) = default;
};

/// "What you ask for is gone: my log begins here."
struct pruned {
  sequence_number first;

  friend bool operator==(const pruned&, const pruned&) = default;
};

/// "This is my stable checkpoint, and I take part, or not yet." See consensus/newcomer.hpp.
struct standing {
  stable_checkpoint stable;
  /// Drawn at random when the sender's database was made; 0: it takes part.
  std::uint64_t silent = 0;
  /// Of the receiver: the newcomer that the sender began a new cluster with; 0: it did not.
  std::uint64_t founded_with = 0;
  bool wants_answer = false;

  friend bool operator==(const standing&, const standing&) = default;
};

using peer_message
    = std::variant<pre_prepare, prepare, commit, checkpoint, progress, fetch_blocks,
                   committed_block, fetch_proposal, fetch_bodies, bodies, wish, view_change,
                   new_view, fetch_state, state_offer, fetch_state_nodes, state_nodes,
                   fetch_state_pages, state_pages, pruned, standing, stamp_reports, fetch_reports>;

/// Two different proposals that one primary signed for one view and sequence number.
struct equivocation {
  statement first;
  messages::signature first_signature;
  statement second;
  messages::signature second_signature;

  friend bool operator==(const equivocation&, const equivocation&) = default;
};

struct peer_limits {
  std::uint32_t max_message_bytes = 4 * 1024 * 1024;
  std::uint16_t max_replicas = 1024; ///< bound of any list of signatures
  std::uint32_t max_digests = 65536;
  std::uint32_t max_prepared = 64;     ///< certificates in a VIEW-CHANGE: the widest window
  std::uint32_t max_state_parts = 256; ///< nodes or pages in one question or answer
  std::uint32_t max_reports = 4096;    ///< in one message
};

bytes encode(const peer_message& m);
/// Errors: malformed, too_large. A valid decode says nothing about signatures.
expected<peer_message> decode_peer_message(byte_view encoded, const peer_limits& limits);

/// The bytes that are signed and carried. Decoding errors: malformed, too_large.
bytes encode(const view_change_content& c);
bytes encode(const new_view_content& c);
expected<view_change_content> decode_view_change_content(byte_view encoded,
                                                         const peer_limits& limits);
expected<new_view_content> decode_new_view_content(byte_view encoded, const peer_limits& limits);

/// Stored forms; each decodes exactly what it encoded, or says corrupt.
bytes encode(const prepared_certificate& c);
bytes encode(const commit_certificate& c);
bytes encode(const stable_checkpoint& c);
bytes encode(const equivocation& e);
bytes encode(const new_view& v);
expected<prepared_certificate> decode_prepared_certificate(byte_view encoded);
expected<commit_certificate> decode_commit_certificate(byte_view encoded);
expected<stable_checkpoint> decode_stable_checkpoint(byte_view encoded);
expected<equivocation> decode_equivocation(byte_view encoded);
expected<new_view> decode_new_view(byte_view encoded);

} // namespace bourse::messages
