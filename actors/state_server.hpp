// The states that a node hands out to replicas that are far behind.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "actors/payloads.hpp"

namespace bourse::actors {

/// Keeps the newest few states, and others as long as somebody fetches them. A state counts once
/// it is proved. Not an actor, since it waits for nobody; it reads what it hands out from
/// snapshots, so it throws if the disk can't be read.
class state_server {
public:
  /// States that are kept though nobody fetches them, and at most.
  static constexpr std::size_t kept = 2;
  static constexpr std::size_t most_kept = 4;
  static constexpr std::uint64_t in_use_ms = 10'000;
  static constexpr std::uint64_t fresh_ms = 1'000;
  static constexpr std::size_t answer_bytes = 1024 * 1024;

  /// The own checkpoint of a snapshot, and the state that its log begins with.
  void add(const snapshot_ptr& from, std::uint64_t now_ms);
  void on_stable(const stable_checkpoint& proof);
  /// Proved ones above that, the newest last, two at most. The first time each takes a walk over
  /// all pages.
  std::vector<state_offer> offers(sequence_number above, std::uint64_t now_ms);
  /// True without a walk.
  bool has_any(sequence_number above) const;
  /// Who asks for what is not here may be given the state as of now, of which the ledger takes a
  /// snapshot. True once in `fresh_ms`, whoever asks, so that nobody keeps it busy with that.
  bool may_take_fresh(std::uint64_t now_ms);

  state_nodes answer(const fetch_state_nodes& what, std::uint64_t now_ms);
  /// As many whole pages as fit, and at least so many that nobody thinks some were held back.
  state_pages answer(const fetch_state_pages& what, std::uint64_t now_ms);

private:
  struct given {
    snapshot_ptr from;
    storage::stored_checkpoint of;
    bool base = false; ///< where its pages are
    std::optional<stable_checkpoint> proof;
    std::optional<state_tree> tree;
    digest root;
    std::uint64_t used_ms = 0;
  };

  given* find(sequence_number n);
  void keep(given g);
  static void build(given& g);

  std::vector<given> given_; ///< ascending
  std::optional<std::uint64_t> fresh_at_ms_;
};

} // namespace bourse::actors
