// Is a proposed block acceptable, and are its bodies here? Checks wait until the last body is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "actors/payloads.hpp"
#include "config/genesis.hpp"

namespace bourse::actors {

/// Pure. Bounded by the window, outside of which consensus asks about nothing, and by how far
/// final blocks may be ahead of execution.
class proposal_checks {
public:
  struct verdict {
    statement what;
    bool fresh = false;   ///< as it was asked
    full_block_ptr block; ///< null: unacceptable
    error why;            ///< then
  };
  /// Bodies that did not come by themselves.
  struct missing {
    statement what;
    std::vector<digest> bodies;
  };
  using lookup = std::function<submission_ptr(const digest&)>;

  /// `genesis` outlives it. `grace_ns`: how long bodies may come from clients before others are
  /// asked. Blocks that are final already get none.
  proposal_checks(const config::genesis& genesis, std::uint64_t grace_ns)
      : genesis_(genesis), grace_ns_(grace_ns) {}

  /// `find` knows the bodies that are here; `wall_ms` is what a first proposal's time must be near.
  void begin(std::uint64_t now_ns, std::uint64_t wall_ms, const consensus::proposal_check& check,
             const lookup& find);
  /// A verified body came. False if no check waits for it.
  bool arrived(const submission_ptr& body);
  bool wants(const digest& body) const {
    return waiting_.contains(body);
  }

  /// A check that waits for it.
  std::optional<statement> wanted_by(const digest& body) const {
    auto it = waiting_.find(body);
    return it == waiting_.end() ? std::nullopt : std::optional{it->second};
  }

  std::vector<verdict> take_verdicts() {
    return std::exchange(verdicts_, {});
  }
  /// Checks whose grace ended, each once.
  std::vector<missing> take_overdue(std::uint64_t now_ns);
  /// When the next one's grace ends.
  std::optional<std::uint64_t> deadline() const;

  /// Executed up to there: drops what nobody asks about any more. `time` is of that block.
  void executed(sequence_number up_to, block_time time);
  /// A view begins: what earlier ones proposed and is not executed may never be, and its times bind
  /// nobody, also if it is found acceptable later.
  void renew(view_number view, sequence_number executed) {
    view_ = view;
    times_.erase(times_.upper_bound(executed), times_.end());
  }
  std::size_t open() const {
    return open_.size();
  }

private:
  struct entry {
    statement what;
    shared_bytes encoded;
    block content;
    std::vector<submission_ptr> bodies;
    std::size_t missing = 0;
    std::uint64_t ask_at_ns = 0;
    bool asked = false;
    bool fresh = false;
  };

  expected<block> decode(const consensus::proposal_check& check, std::uint64_t wall_ms) const;
  bool in_order(sequence_number n, block_time time) const;
  void decide(const entry& e);

  const config::genesis& genesis_;
  std::uint64_t grace_ns_;
  std::map<statement, entry> open_;
  std::multimap<digest, statement> waiting_; ///< by missing body
  view_number view_;
  /// Of the last executed block, and of what is acceptable above it in this view.
  std::map<sequence_number, block_time> times_;
  std::vector<verdict> verdicts_;
};

} // namespace bourse::actors
