// The view change (Castro and Liskov 1999, section 4.4): when a replica wishes to leave a view,
// when it does, and how the next one begins. Pure: events in, effects out. The log is the replica
// core's: the manager tells it to leave a view and to install the next, and is told what it had
// prepared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "consensus/backoff.hpp"
#include "consensus/effects.hpp"
#include "consensus/new_view.hpp"
#include "consensus/primary_watch.hpp"
#include "consensus/remembering_authenticator.hpp"
#include "consensus/synchronizer.hpp"

namespace bourse::consensus {

struct view_options {
  options consensus;
  patience watch;
  /// For a NEW-VIEW, from the moment that 2f+1 have left the old view.
  std::uint32_t new_view_ms = 500;
  /// Patience doubles with each view without progress, up to this many times.
  std::uint32_t most_doublings = 5;
  /// Wishes are said again after this, and a VIEW-CHANGE that has no answer.
  std::uint32_t resend_ms = 200;
  /// It follows the others without a word until `speak`: see consensus/newcomer.hpp.
  bool silent = false;
};

/// To be carried out in this order.
struct view_effects {
  std::optional<view_number> leave;            ///< for the core; answered by on_left
  std::shared_ptr<const installation> install; ///< for the core; answered by on_begun
  std::vector<send> sends;
  std::vector<suspicion> suspected; ///< new ones, for the log

  bool empty() const {
    return !leave && !install && sends.empty() && suspected.empty();
  }
};

struct view_counters {
  std::uint64_t view_changes = 0;     ///< views that began here, but for the first
  std::uint64_t bad_view_changes = 0; ///< messages that were not valid
  std::uint64_t bad_new_views = 0;
  std::uint64_t bad_senders = 0;
  std::uint64_t signature_checks = 0;
  std::array<std::uint64_t, suspicions> suspected{};
};

struct manager_picture;

class view_manager {
public:
  /// `auth` outlives it. `current`: the stored NEW-VIEW, if it is that of `view`.
  view_manager(const view_options& o, const authenticator& auth, view_number view,
               std::optional<new_view> current);

  /// Of wish, view_change and new_view; others are ignored. `from` is who the link says it is.
  void on_message(std::uint64_t now_ns, replica_id from, const peer_message& m);
  /// The core has left the old view, and that is durable.
  void on_left(std::uint64_t now_ns, const view_change_content& c);
  /// The view has begun, and that is durable.
  void on_begun(std::uint64_t now_ns, view_number v);
  void on_work(std::uint64_t now_ns, const work_seen& w);
  void on_link(std::uint64_t now_ns, replica_id who, bool up);
  /// Cause that others have found.
  void suspect(std::uint64_t now_ns, suspicion why);
  /// Takes part from now on. The core departs anew if it is between two views.
  void speak(std::uint64_t now_ns);
  /// This replica is to lead no more: a part of it has failed, or it is about to end.
  void resign(std::uint64_t now_ns);
  /// Call at least every 20 ms.
  void on_tick(std::uint64_t now_ns);

  view_effects take_effects();

  view_number view() const {
    return sync_.entered();
  }
  bool in_view() const {
    return begun_;
  }
  const synchronizer& wishes() const {
    return sync_;
  }
  view_counters counters() const;
  /// Why this replica last wished to leave a view.
  std::optional<suspicion> last_suspicion() const {
    return last_suspicion_;
  }
  /// Replicas whose VIEW-CHANGE is here, while this one is to make the NEW-VIEW.
  std::vector<replica_id> changes_held() const;
  /// For consensus/invariants.hpp.
  manager_picture picture() const;

private:
  struct checked_change {
    view_change message;
    view_change_content content;
  };
  struct early_change {
    view_number view;
    view_change message;
  };

  void on(std::uint64_t now_ns, replica_id from, const wish& m);
  void on(std::uint64_t now_ns, replica_id from, const view_change& m);
  void on(std::uint64_t now_ns, replica_id from, const new_view& m);
  template <class Other>
  void on(std::uint64_t, replica_id, const Other&) {}

  /// Says a new wish, and enters a view that it is time for.
  void follow(std::uint64_t now_ns);
  void enter(std::uint64_t now_ns, view_number v);
  void collect(const view_change& m);
  void try_begin();
  void help(std::uint64_t now_ns, replica_id to);
  void say_change(bool everyone);
  void to_all(const peer_message& m);
  bool reaches_quorum() const;
  std::uint32_t factor() const;
  replica_id primary() const {
    return options_.consensus.size.primary_of(view());
  }
  bool is_primary() const {
    return primary() == options_.consensus.self;
  }

  view_options options_;
  remembering_authenticator auth_;
  synchronizer sync_;
  primary_watch watch_;
  bool begun_;
  std::optional<new_view> current_; ///< of the current view, or the last one that had one
  std::optional<view_number> current_view_;
  std::optional<view_change> own_;               ///< of the current view, once left
  std::map<replica_id, checked_change> changes_; ///< for the current view, where this is primary
  std::map<replica_id, early_change> early_;     ///< for views that this replica has not entered
  std::uint32_t failures_ = 0;                   ///< views entered since something was executed
  std::vector<bool> down_;                       ///< by replica: its link
  std::optional<view_number> handed_;        ///< to the core: at most one NEW-VIEW for each view
  std::optional<std::uint64_t> deadline_ns_; ///< for the NEW-VIEW
  backoff say_again_;
  std::uint64_t wish_said_ns_ = 0;
  view_number wish_said_;
  std::vector<std::uint64_t> helped_ns_;
  std::uint64_t ticked_ns_ = 0;
  std::optional<suspicion> last_suspicion_;
  view_counters counters_;
  view_effects effects_;
};

} // namespace bourse::consensus
