// What all parts of one core share.
#pragma once

#include "consensus/options.hpp"
#include "consensus/outbox.hpp"
#include "consensus/signatures.hpp"

namespace bourse::consensus {

struct context {
  context(const options& o, const authenticator& auth, view_number v, bool says_nothing)
      : opts(o), view(v), installed(v.value() == 0), silent(says_nothing), signer(auth, counters) {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  const options opts;
  view_number view;
  /// A view above 0 begins with its NEW-VIEW: before, nothing is proposed or voted for in it.
  bool installed;
  /// Makes no votes, proposals and checkpoints, not even for its own count.
  bool silent;
  core_counters counters;
  signatures signer;
  outbox out;

  replica_id primary() const {
    return opts.size.primary_of(view);
  }
  bool is_primary() const {
    return primary() == opts.self;
  }
};

} // namespace bourse::consensus
