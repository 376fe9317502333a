// PBFT as a small abstract machine (Castro and Liskov, OSDI 1999, sections 4.2 to 4.4): sets of
// messages and what a correct replica may say, given them. It does nothing by itself; it is shown
// the steps of a real replica and refuses the first that the specification does not allow. Written
// from the paper and docs/PROTOCOL.md, apart from consensus/: what both have wrong alike it cannot
// find, anything else it can.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "conformance/knowledge.hpp"
#include "conformance/step.hpp"

namespace bourse::conformance {

/// Not checked, since a trace does not hold it: blocks' contents and their bodies, the state behind
/// a checkpoint's digest, when a silent replica may speak, and signatures unless a verifier is
/// given. Below the low watermark the log is forgotten (C&L 4.3): votes that were made before it
/// moved may leave after, so there a vote must only not contradict an earlier one.
class spec_replica {
public:
  explicit spec_replica(const identity& who, verifier verify = {});

  /// Nothing if the step is allowed; after a refusal the machine is of no more use.
  std::optional<refusal> take(const event& e);

  /// What it has executed, in all its lives.
  const std::map<sequence_number, digest>& executed() const {
    return executed_;
  }

private:
  std::optional<refusal> on(const started& e);
  std::optional<refusal> on(const received& e);
  std::optional<refusal> on(const said& e);
  std::optional<refusal> on(const executing& e);
  std::optional<refusal> on(const spoke& e);

  std::optional<refusal> says(const pre_prepare& m);
  std::optional<refusal> says(const prepare& m);
  std::optional<refusal> says(const commit& m);
  std::optional<refusal> says(const checkpoint& m);
  std::optional<refusal> says(const wish& m);
  std::optional<refusal> says(const view_change& m);
  std::optional<refusal> says(const new_view& m);
  std::optional<refusal> says(const committed_block& m);
  std::optional<refusal> says(const progress& m);
  template <class Question>
  std::optional<refusal> says(const Question&) { // asking binds nobody
    return std::nullopt;
  }

  std::optional<refusal> votes(phase p, const statement& what);
  /// What a vote rests on: it may be made by who knows this.
  std::optional<refusal> grounds(phase p, const statement& what);
  std::optional<refusal> changes_view(const view_change_content& c);
  std::optional<refusal> disk_keeps_promises(const started& e);

  std::optional<digest> said_of(phase p, view_number v, sequence_number n) const;

  identity who_;
  verifier verify_;
  knowledge known_;
  bool running_ = false;
  bool first_life_ = true;
  bool silent_ = false;
  /// It votes in no lower view ever after.
  view_number view_;
  view_number wished_; ///< in this life
  sequence_number last_;
  digest chain_;
  /// One statement per view, sequence number and phase, for ever.
  std::map<std::pair<view_number, sequence_number>, std::array<std::optional<digest>, 3>> votes_;
  std::map<sequence_number, view_number> committed_in_; ///< highest view of an own commit
  std::optional<view_number> voted_in_;                 ///< highest view of an own vote
  std::map<view_number, digest> own_new_views_;         ///< by their bodies
  std::map<sequence_number, digest> own_checkpoints_;
  std::map<sequence_number, digest> executed_;
};

} // namespace bourse::conformance
