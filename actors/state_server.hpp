// The states that a node hands out to replicas that are far behind.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/payloads.hpp"

namespace bourse::actors {

/// Keeps the newest few states and the base, and others as long as somebody fetches them. A state
/// counts once it is proved. Not an actor, since it waits for nobody; it reads what it hands out
/// from snapshots, so it throws if the disk can't be read.
class state_server {
public:
  /// States at multiples of the spacing that are kept though nobody fetches them; and at most, with
  /// bases that were replaced.
  static constexpr std::size_t kept = 2;
  static constexpr std::size_t most_kept = 4;
  static constexpr std::uint64_t in_use_ms = 10'000;
  static constexpr std::uint64_t fresh_ms = 1'000;
  static constexpr std::size_t answer_bytes = 1024 * 1024;
  /// Walks over fresh states take up to one part in so many of the time.
  static constexpr std::uint64_t walk_share = 20;
  /// A walk costs so much less than to send what it goes over.
  static constexpr std::uint64_t walk_discount = 8;

  /// All replicas hand out the states at multiples of `spacing`.
  explicit state_server(std::uint64_t spacing) : spacing_(spacing) {}

  /// The own checkpoint of a snapshot if it is at a multiple of the spacing, and the base.
  void add(const snapshot_ptr& from, std::uint64_t now_ms);
  /// The own checkpoint wherever it is, and the base. It takes the place of the fresh one before.
  void add_fresh(const snapshot_ptr& from, std::uint64_t now_ms);
  void on_stable(const stable_checkpoint& proof);
  /// Proved ones above that: the newest two, and the base, for that is where the log begins; the
  /// newest last. The first time each takes a walk over all pages.
  std::vector<state_offer> offers(sequence_number above, std::uint64_t now_ms);
  /// True without a walk.
  bool has_any(sequence_number above) const;
  /// Who asks for what is not here may be given the state as of now, of which the ledger takes a
  /// snapshot, if that can lie above. No more than once in `fresh_ms` and in `walk_share` times the
  /// last walk, and not while the fresh one before is fetched, so that nobody keeps this node busy,
  /// or takes from others what they fetch.
  bool may_take_fresh(sequence_number above, std::uint64_t now_ms);
  /// A walk took so long.
  void on_walk(std::uint64_t ms) {
    walk_ms_ = ms;
  }
  /// What all walks since the last call are to be charged as.
  std::size_t take_charge() {
    return static_cast<std::size_t>((std::exchange(walked_, 0) + walk_discount - 1)
                                    / walk_discount);
  }

  state_nodes answer(replica_id to, const fetch_state_nodes& what, std::uint64_t now_ms);
  /// As many whole pages as fit, and at least so many that nobody thinks some were held back.
  state_pages answer(replica_id to, const fetch_state_pages& what, std::uint64_t now_ms);

private:
  enum class kind : std::uint8_t { regular, fresh, base };
  struct given {
    snapshot_ptr from;
    storage::stored_checkpoint of;
    kind what = kind::regular;
    bool in_base = false; ///< where its pages are
    std::optional<stable_checkpoint> proof;
    std::optional<state_tree> tree;
    digest root;
    std::uint64_t offered_ms = 0; ///< 0: never
    std::uint64_t taken_ms = 0;
  };
  /// What a peer last asked about. It keeps this one from being dropped and no other.
  struct use {
    sequence_number of;
    std::uint64_t at_ms;
  };

  void add(const snapshot_ptr& from, std::uint64_t now_ms, bool fresh);
  void keep(given g);
  void drop_old(std::uint64_t now_ms);
  bool in_use(const given& g, std::uint64_t now_ms) const;
  given* find(replica_id by, sequence_number n, std::uint64_t now_ms);
  void build(given& g);

  std::uint64_t spacing_;
  std::vector<given> given_; ///< ascending
  std::map<replica_id, use> uses_;
  sequence_number stable_;
  std::optional<std::uint64_t> fresh_at_ms_;
  std::uint64_t walk_ms_ = 0;
  std::uint64_t walked_ = 0; ///< bytes
};

} // namespace bourse::actors
