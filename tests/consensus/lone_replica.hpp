// One core under test, and words for what others say to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consensus/replica_core.hpp"
#include "tests/consensus/stand_in.hpp"

namespace bourse::test {

/// Time stands still unless a test moves it. Effects pile up in `all` until it takes them.
class lone_replica {
public:
  static constexpr std::uint64_t ms = 1'000'000;

  explicit lone_replica(std::uint16_t self, std::uint16_t n = 4, std::uint64_t view_now = 0);
  /// With its own options and what its disk knew.
  lone_replica(const consensus::options& o, consensus::recovered_state from);

  static consensus::options defaults(std::uint16_t self, std::uint16_t n = 4);
  static consensus::recovered_state fresh(std::uint64_t view_now = 0, std::uint16_t n = 4);

  // -- what others say ----------------------------------------------------------------------------

  static statement about(std::uint64_t n, std::string_view block, std::uint64_t v = 0);
  static pre_prepare propose(const statement& what, std::string_view block, std::uint16_t by);
  static prepare prepared_by(std::uint16_t by, const statement& what);
  static commit committed_by(std::uint16_t by, const statement& what);
  static checkpoint checkpoint_by(std::uint16_t by, std::uint64_t n, std::string_view state);
  /// A certificate of the replicas 0 to 2f, or of `by`.
  committed_block proven(std::uint64_t n, std::string_view block,
                         std::vector<std::uint16_t> by = {}) const;

  // -- events -------------------------------------------------------------------------------------

  void hear(std::uint16_t from, const peer_message& m);
  void tick_after(std::uint64_t milliseconds);
  /// Everything that was to be persisted is durable.
  void persist();
  /// All open checks are answered.
  void answer_checks(bool acceptable = true);
  void answer(const statement& what, bool acceptable);
  bool offer(std::uint64_t n, std::string_view block);
  void execute();
  void checkpointed(std::uint64_t n, std::string_view state);

  /// The pre-prepare of `block`, accepted, its prepare durable.
  statement accept(std::uint64_t n, std::string_view block);
  /// ... and prepared: 2f prepares, the commit durable.
  statement prepare_fully(std::uint64_t n, std::string_view block);
  /// ... and final.
  statement commit_fully(std::uint64_t n, std::string_view block);

  // -- what it wants done -------------------------------------------------------------------------

  /// Messages of one kind that were sent since the last `forget`.
  template <class M>
  std::vector<M> said() const {
    std::vector<M> out;
    for (const auto* list : {&all.now, &all.after_persist})
      for (const auto& s : *list)
        if (auto* m = std::get_if<M>(&s.what))
          out.push_back(*m);
    return out;
  }
  template <class M>
  std::vector<M> said_now() const {
    std::vector<M> out;
    for (const auto& s : all.now)
      if (auto* m = std::get_if<M>(&s.what))
        out.push_back(*m);
    return out;
  }
  template <class R>
  std::vector<R> recorded() const {
    std::vector<R> out;
    for (const auto& r : all.persist)
      if (auto* x = std::get_if<R>(&r))
        out.push_back(*x);
    return out;
  }
  std::optional<consensus::vote_record> recorded_vote(consensus::vote_kind kind) const;
  /// Drops what was said; checks and executions that wait for an answer stay.
  void forget();

  const consensus::core_counters& counters() const {
    return core->counters();
  }
  cluster_size size() const {
    return opts.size;
  }
  std::uint16_t primary() const {
    return opts.size.primary_of(core->view()).value();
  }
  /// A backup other than the one under test.
  std::vector<std::uint16_t> other_backups() const;

  consensus::options opts;
  std::uint64_t now = 1000 * ms;
  std::unique_ptr<stand_in> auth;
  std::unique_ptr<consensus::replica_core> core;
  consensus::effects all;

  /// Takes what the core wants done, after events that came to it directly.
  void drain();

private:
  std::uint64_t ticket_ = 0;
  std::size_t checks_answered_ = 0;
  std::size_t executions_done_ = 0;
};

} // namespace bourse::test
