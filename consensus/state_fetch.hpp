// Fetching the state of a stable checkpoint from replicas that are not trusted (Castro and Liskov,
// TOCS 20(4) 2002, section 5.3: state transfer over a tree of partitions).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "consensus/authenticator.hpp"
#include "consensus/effects.hpp"
#include "messages/state_tree.hpp"

namespace bourse::consensus {

struct state_fetch_options {
  replica_id self;
  cluster_size size;
  /// Offers are asked for again after this; so long is the wait for more than the first of them.
  std::uint32_t offer_ms = 500;
  /// An answer that takes longer is given up.
  std::uint32_t answer_ms = 3000;
  /// A peer whose answer was wrong or did not come is left alone for so long; doubles each time.
  std::uint32_t rest_ms = 1000;
  /// While fewer than f+1 offer the target, offers are asked for this often; after so long, which
  /// doubles each time, or when all of them rest, another state is turned to if there is one.
  std::uint32_t more_offers_ms = 3000;
  std::uint32_t few_sources_ms = 5000;
  /// In one question.
  std::size_t nodes_at_once = 32;
  std::size_t pages_at_once = 64;
  /// Bytes of pages that wait to be staged; beyond, nothing more is asked for.
  std::size_t most_unstaged = 16 * 1024 * 1024;
};

struct state_fetch_counters {
  std::uint64_t lies = 0;     ///< answers that were wrong
  std::uint64_t silences = 0; ///< answers that did not come
  std::uint64_t targets = 0;  ///< states that were begun with
  std::uint64_t nodes = 0;    ///< of the current target: seen ...
  std::uint64_t pages = 0;    ///< ... fetched ...
  std::uint64_t missing = 0;  ///< ... known and not here yet ...
  std::uint64_t bytes = 0;    ///< ... and their bytes
};

/// Pure. An offer is proved by 2f+1 signatures under the state's digest, every node of the tree by
/// its parent, every page by its leaf: a liar can cost its turn and nothing else. A target that
/// fewer than f+1 offer is left for one that f+1 do, or that somebody else does. One question to
/// each peer at a time. What is the same here already, from the own state or from an earlier try,
/// is not fetched again.
class state_fetch {
public:
  /// Who leaves out some of what it was asked for has sent at least so much. Otherwise a liar that
  /// is alone with a state could hand it out a page at a time.
  static constexpr std::size_t least_part_bytes = 512 * 1024;

  /// `auth` outlives it.
  state_fetch(const state_fetch_options& o, const authenticator& auth);

  /// Look for a state above this, and fetch it. Goes on with what is under way, if anything is.
  void begin(std::uint64_t now_ns, sequence_number above);
  void stop();
  /// `from` is who the link says it is.
  void on_message(std::uint64_t now_ns, replica_id from, const peer_message& m);
  /// Answers `chosen`: the tree over all pages that are here. Precondition: its root() was called.
  void on_local(std::uint64_t now_ns, state_tree here);
  /// So many bytes of `pages` are written.
  void on_staged(std::uint64_t now_ns, std::size_t bytes);
  /// Call every 100 ms or so.
  void on_tick(std::uint64_t now_ns);

  /// To be carried out in this order.
  struct effects {
    std::vector<send> sends;
    /// Begin with this state, answered by on_local. What was staged for another may stay.
    std::optional<state_offer> chosen;
    std::vector<tree_path> same;   ///< what is here below these is part of it
    std::vector<state_page> pages; ///< so is this
    std::optional<state_offer> done;

    bool empty() const {
      return sends.empty() && !chosen && same.empty() && pages.empty() && !done;
    }
  };
  effects take_effects() {
    return std::exchange(effects_, {});
  }

  enum class phase : std::uint8_t { idle, looking, surveying, fetching, done };
  phase where() const {
    return phase_;
  }
  /// Nothing before one was chosen.
  std::optional<sequence_number> target() const;
  /// Peers that offer the target.
  std::vector<replica_id> sources() const;
  const state_fetch_counters& counters() const {
    return counters_;
  }

private:
  struct question {
    std::uint64_t id = 0;
    std::uint64_t deadline_ns = 0;
    std::map<tree_path, digest> nodes;
    std::map<std::uint64_t, digest> pages;
  };
  struct peer {
    std::set<sequence_number> offers;
    std::optional<question> open;
    std::uint64_t rests_until_ns = 0;
    std::uint32_t failures = 0;
    bool answered = false; ///< made an offer since offers were asked for
  };

  void on(std::uint64_t now_ns, replica_id from, const state_offer& m);
  void on(std::uint64_t now_ns, replica_id from, const state_nodes& m);
  void on(std::uint64_t now_ns, replica_id from, const state_pages& m);
  template <class Other>
  void on(std::uint64_t, replica_id, const Other&) {}

  void look(std::uint64_t now_ns);
  void try_choose(std::uint64_t now_ns);
  void choose(sequence_number n);
  /// Fewer than f+1 offer the target, so perhaps no honest replica does.
  bool few_sources() const;
  void seek_better(std::uint64_t now_ns);
  bool offered(sequence_number n) const;
  bool proved(const state_offer& m) const;
  /// Meets what a known digest stands for.
  void expect(tree_path at, const digest& value);
  void ask(std::uint64_t now_ns);
  bool ask(std::uint64_t now_ns, replica_id whom, peer& p);
  /// The open question, if this answers it.
  question* answered(peer& p, std::uint64_t id);
  /// What an answer of this size leaves out was left out for its size.
  void close_partial(std::uint64_t now_ns, peer& p, std::size_t bytes);
  /// The answer was looked at: what is missing of it is asked for again.
  void close(std::uint64_t now_ns, peer& p, bool of_use);
  void rest(std::uint64_t now_ns, peer& p);
  void lied(std::uint64_t now_ns, replica_id who);
  void not_there(std::uint64_t now_ns, peer& p);
  void settle(std::uint64_t now_ns);

  state_fetch_options options_;
  const authenticator* auth_;
  phase phase_ = phase::idle;
  sequence_number above_;
  std::vector<peer> peers_;
  std::map<sequence_number, state_offer> proved_; ///< offers above `above_`
  std::optional<state_offer> target_;
  state_tree here_;
  std::vector<std::pair<tree_path, digest>> nodes_; ///< to ask for, the last first
  std::map<std::uint64_t, digest> pages_;           ///< to ask for
  std::size_t unstaged_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint64_t looked_ns_ = 0;
  std::optional<std::uint64_t> first_offer_ns_;
  std::optional<std::uint64_t> stuck_since_ns_; ///< nobody is left to ask
  std::uint64_t fetching_since_ns_ = 0;         ///< the current target
  std::uint32_t turns_ = 0;                     ///< from a target that few offered
  std::size_t turn_ = 0;
  state_fetch_counters counters_;
  effects effects_;
};

} // namespace bourse::consensus
