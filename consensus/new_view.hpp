// What VIEW-CHANGE and NEW-VIEW mean: when they are valid, and what a set of VIEW-CHANGEs makes of
// the log (Castro and Liskov 1999, section 4.4).
#pragma once

#include <vector>

#include "consensus/authenticator.hpp"
#include "consensus/options.hpp"
#include "messages/consensus.hpp"

namespace bourse::consensus {

/// What the log of a new view begins with. Every replica computes the same from the same set.
struct log_plan {
  /// The highest of the set: min-s of the paper.
  stable_checkpoint stable;
  /// Of the new view, for every number above `stable` up to the highest prepared one (max-s): what
  /// was prepared there in the highest view, or the null block.
  std::vector<statement> slots;
};

/// Precondition: each of `changes` is valid.
log_plan plan_log(view_number view, const std::vector<view_change_content>& changes,
                  const digest& cluster);

/// Which VIEW-CHANGEs a NEW-VIEW can rest on, given the stable checkpoint of each: indices of
/// `size.quorum()` of them, ascending, no two more than `window` apart, the newest such; none if
/// there are not so many. Of a replica that lost its disk there may be two VIEW-CHANGEs to one
/// view, and the former self's promise was forgotten by the later one: this rule makes it
/// worthless once the later one speaks (PROTOCOL, "A new database").
std::vector<std::size_t> coherent_quorum(const std::vector<sequence_number>& stable,
                                         cluster_size size, std::uint32_t window);

/// A NEW-VIEW and what follows from it: what a replica core is handed to begin the view.
struct installation {
  view_number view;
  new_view message;
  log_plan plan;
  std::vector<signature> pre_prepares; ///< of the primary, one for each of plan.slots
};

/// Decodes and computes the plan, and checks nothing: for a message that was checked before it was
/// stored. Errors: those of decoding, and malformed if the parts do not fit.
expected<installation> read_new_view(const new_view& m, const digest& cluster);

/// All of these hold or the message is worth nothing, whatever else in it is good:
/// it is signed by its sender; the stable checkpoint is proved; certificates are valid, ascending,
/// inside the window above the checkpoint, and of views below the new one.
/// Errors: malformed, bad_signature.
expected<view_change_content> check_view_change(const view_change& m, const options& o,
                                                const authenticator& auth);

/// It is signed by the primary of its view; its VIEW-CHANGEs are 2f+1 valid ones of distinct
/// replicas for that view, none more than a window behind another; the pre-prepares are those of
/// the plan, neither more nor fewer. Errors: malformed, bad_signature.
expected<installation> check_new_view(const new_view& m, const options& o,
                                      const authenticator& auth);

/// The primary's: signs the plan and the message. `changes` are 2f+1 valid ones of distinct
/// replicas, ascending and coherent, with their decoded contents in the same order.
installation make_new_view(view_number view, std::vector<view_change> changes,
                           const std::vector<view_change_content>& contents, const options& o,
                           const authenticator& auth);

} // namespace bourse::consensus
