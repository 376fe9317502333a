// Who watches a node's agreement from within: a test, the simulator, or whoever writes a trace.
#pragma once

#include <optional>

#include "consensus/effects.hpp"
#include "consensus/options.hpp"
#include "consensus/replica_core.hpp"
#include "consensus/view_manager.hpp"
#include "messages/consensus.hpp"
#include "messages/types.hpp"

namespace bourse::actors {

using namespace messages;

/// Hung into a node by node_seams::observer; null, the default, costs one test of a pointer an
/// event. It watches and has no say.
///
/// The replica and the view-change manager are two actors: in a node they may call from two threads
/// at the same time, so whoever keeps something needs a lock. Under the deterministic scheduler
/// there is one thread. What one of the two tells the other it says before it does so: a call that
/// rests on another comes after it.
class observer {
public:
  virtual ~observer() = default;

  /// What the node begins with, before any other call. A node that is started again says it again.
  virtual void started(const consensus::options&, const consensus::recovered_state&) {}
  /// Decoded, of the channels consensus and view, and not seen by the core or the manager yet.
  virtual void received(replica_id /*from*/, const peer_message&) {}
  /// It leaves now: what it rests on is durable. To all other replicas if `to` is empty. What other
  /// actors say, such as the ledger's answers to fetch_blocks, is not here.
  virtual void said(const std::optional<replica_id>& /*to*/, const peer_message&) {}
  /// A final block is handed to the clearing house: in order, without gaps in one life of the node.
  virtual void executing(const consensus::execution&) {}
  /// A replica that was silent takes part from now on, see consensus/newcomer.hpp. Said by each of
  /// the two actors before its first word.
  virtual void spoke() {}
  /// After an event was carried out.
  virtual void stepped(const consensus::replica_core&) {}
  virtual void stepped(const consensus::view_manager&) {}
};

} // namespace bourse::actors
