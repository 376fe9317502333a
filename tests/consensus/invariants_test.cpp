// Each invariant is broken by hand, in a picture of a replica in the middle of its work, and must
// say so by its name. That they hold in every run is what the test cluster asks after every event.
#define CAF_SUITE invariants
#include "tests/suite.hpp"

#include <algorithm>
#include <deque>
#include <functional>

#include "consensus/invariants.hpp"
#include "tests/consensus/lone_replica.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

/// Of a backup in view 0: block 1 is final and executed, 2 is prepared and its commit said, 3 is
/// accepted and its prepare said. All may be changed.
struct scene {
  lone_replica r{2};
  core_picture p;
  std::deque<slot> slots;
  stable_checkpoint stable;
  std::map<sequence_number, checkpoint> own;
  std::map<sequence_number, committed_block> held;
  std::set<sequence_number> grants;

  scene() {
    r.commit_fully(1, "one");
    r.execute();
    r.prepare_fully(2, "two");
    r.accept(3, "three");
    p = r.core->picture();
    for (auto& [n, s] : p.slots)
      s = &slots.emplace_back(*s);
    stable = *p.stable;
    own = *p.own_checkpoints;
    held = *p.held;
    grants = *p.grants;
    p.stable = &stable;
    p.own_checkpoints = &own;
    p.held = &held;
    p.grants = &grants;
  }
  slot& at(std::uint64_t n) {
    return slots[n - 1];
  }
  /// The certificate that a quorum would make of the statement.
  prepared_certificate prepared(const statement& what) const {
    auto c = *slots[1].prepared;
    c.what = what;
    return c;
  }
};

struct view_scene {
  manager_picture p;
  view_scene() {
    p.size = {4};
    p.self = replica(2);
    p.entered = view(2);
    p.begun = false;
    p.wishes = {view(2), view(2), view(2), view(1)};
    p.wish_said = view(2);
    p.own_change = replica(2);
    p.changes = {{replica(1), view(2)}, {replica(2), view(2)}};
    p.early = {{replica(3), view(5)}};
  }
};

/// The same replica's disk: what scene's votes rest on.
struct disk_scene : scene {
  recovered_state d;
  disk_scene() {
    for (auto n : {2u, 3u}) {
      d.proposals.push_back(*at(n).proposal);
      d.votes.push_back({vote_kind::prepare, at(n).proposal->what});
    }
    d.prepared.push_back(*at(2).prepared);
    d.votes.push_back({vote_kind::commit, at(2).proposal->what});
  }
};

bool names(const std::vector<std::string>& found, const std::string& invariant) {
  return std::ranges::any_of(
      found, [&](const auto& f) { return f == invariant || f.starts_with(invariant + ":"); });
}

template <class Scene>
struct fracture {
  const char* invariant;
  std::function<void(Scene&)> make;
};

template <class Scene, class Find>
void each_bites(const std::vector<fracture<Scene>>& all, Find find) {
  for (const auto& f : all) {
    Scene s;
    CAF_REQUIRE(find(s).empty());
    f.make(s);
    auto found = find(s);
    CAF_MESSAGE(f.invariant << ": " << (found.empty() ? "nothing found" : found.front()));
    CAF_CHECK(names(found, f.invariant));
  }
}

const digest other = hash("something else");

const std::vector<fracture<scene>> core_fractures{
    {"low_watermark_is_the_stable_checkpoint",
     [](scene& s) {
       s.p.low = seq(4);
     }},
    {"high_watermark_is_a_window_above",
     [](scene& s) {
       s.p.high = s.p.high.next();
     }},
    {"log_lies_between_the_watermarks",
     [](scene& s) {
       s.p.slots[0].first = seq(1000);
     }},
    {"log_lies_between_the_watermarks",
     [](scene& s) {
       s.at(2).sequence = seq(3);
     }},
    {"proposal_is_of_this_view_and_judged",
     [](scene& s) {
       s.at(3).verdict = verdict::none;
     }},
    {"proposal_is_of_this_view_and_judged",
     [](scene& s) {
       s.at(3).proposal->what.view = view(1);
     }},
    {"renewed_slot_takes_only_what_the_new_view_names",
     [](scene& s) {
       s.at(3).renewed = {{view(0), seq(3), other}, {}};
     }},
    {"prepared_slot_has_its_certificate",
     [](scene& s) {
       s.at(2).prepared->prepares.pop_back();
     }},
    {"prepared_slot_has_its_certificate",
     [](scene& s) {
       auto& by = s.at(2).prepared->prepares;
       by[1] = by[0];
     }},
    {"prepared_slot_has_its_certificate",
     [](scene& s) {
       s.at(2).prepared->prepares[0].replica = replica(0);
     }},
    {"prepared_slot_has_its_certificate",
     [](scene& s) {
       s.at(2).prepared->what.view = view(1);
     }},
    {"final_slot_has_its_certificate",
     [](scene& s) {
       s.at(1).final->certificate.commits.pop_back();
     }},
    {"final_slot_has_its_certificate",
     [](scene& s) {
       s.at(1).final->certificate.what.sequence = seq(2);
     }},
    {"final_and_prepared_agree",
     [](scene& s) {
       s.at(1).prepared->what.digest = other;
     }},
    {"primary_prepares_nothing",
     [](scene& s) {
       s.at(3).prepares.add(replica(0), other, {});
     }},
    {"each_votes_as_what_it_is",
     [](scene& s) {
       s.at(3).own(vote_kind::pre_prepare) = s.at(3).own(vote_kind::prepare);
     }},
    {"one_digest_is_voted_for_in_a_slot",
     [](scene& s) {
       s.at(2).own(vote_kind::commit).digest = other;
     }},
    {"one_digest_is_voted_for_in_a_slot",
     [](scene& s) {
       s.at(3).proposal->what.digest = other;
     }},
    {"prepare_stands_on_an_acceptable_proposal",
     [](scene& s) {
       s.at(3).verdict = verdict::rejected;
     }},
    {"commit_stands_on_a_prepared_certificate",
     [](scene& s) {
       s.at(2).prepared.reset();
     }},
    {"own_vote_counts_only_once_durable",
     [](scene& s) {
       s.at(3).own(vote_kind::prepare).state = own_vote::durability::pending;
     }},
    {"nothing_is_voted_for_between_views",
     [](scene& s) {
       s.p.installed = false;
     }},
    {"a_silent_replica_votes_for_nothing",
     [](scene& s) {
       s.p.silent = true;
     }},
    {"only_the_primary_may_propose",
     [](scene& s) {
       s.grants.insert(seq(4));
     }},
    {"executed_is_committed",
     [](scene& s) {
       s.p.executed = s.p.delivered.next();
     }},
    {"what_is_final_and_next_is_handed_over",
     [](scene& s) {
       s.at(2).final = s.at(1).final;
     }},
    {"what_is_final_and_next_is_handed_over",
     [](scene& s) {
       s.held.emplace(seq(2), *s.at(1).final);
     }},
    {"stable_checkpoint_has_its_proof",
     [](scene& s) {
       s.stable.proof.resize(2);
     }},
    {"stable_checkpoint_has_its_proof",
     [](scene& s) {
       s.stable.what.sequence = s.p.low = seq(1);
     }},
    {"own_checkpoint_is_of_an_executed_state",
     [](scene& s) {
       s.own[seq(4)] = {{seq(4), other}, {replica(2), {}}};
     }},
    {"memory_of_the_core_is_bounded",
     [](scene& s) {
       s.p.most_checkpoints = 1000;
     }},
    {"memory_of_the_core_is_bounded",
     [](scene& s) {
       s.p.most_forwarded = 5;
     }},
    {"memory_of_the_core_is_bounded",
     [](scene& s) {
       s.p.times = 1025;
     }},
    {"memory_of_the_core_is_bounded",
     [](scene& s) {
       s.at(3).kept.resize(slot::most_kept + 1);
     }},
    {"memory_of_the_core_is_bounded",
     [](scene& s) {
       s.at(3).helped_ns.resize(5);
     }},
    {"memory_of_the_core_is_bounded",
     [](scene& s) {
       s.p.delivered = seq(500);
     }},
};

const std::vector<fracture<view_scene>> manager_fractures{
    {"own_wish_follows_the_others",
     [](auto& s) {
       s.p.wishes[2] = view(1);
     }},
    {"own_wish_follows_the_others",
     [](auto& s) {
       s.p.wishes[0] = s.p.wishes[1] = view(7);
     }},
    {"own_wish_follows_the_others",
     [](auto& s) {
       s.p.wish_said = view(3);
     }},
    {"view_that_a_quorum_wishes_for_is_entered",
     [](auto& s) {
       s.p.wishes = {view(3), view(3), view(3), view(3)};
     }},
    {"view_that_has_begun_has_its_new_view",
     [](auto& s) {
       s.p.begun = true;
       s.p.current = view(1);
     }},
    {"view_that_has_begun_has_its_new_view",
     [](auto& s) {
       s.p.handed = view(1);
     }},
    {"view_changes_are_for_the_view_that_is_to_begin",
     [](auto& s) {
       s.p.changes[0].second = view(1);
     }},
    {"view_changes_are_for_the_view_that_is_to_begin",
     [](auto& s) {
       s.p.silent = true;
     }},
    {"view_changes_are_for_the_view_that_is_to_begin",
     [](auto& s) {
       s.p.begun = true;
       s.p.current = view(2);
     }},
    {"view_changes_are_for_the_view_that_is_to_begin",
     [](auto& s) {
       s.p.entered = view(1);
       for (auto& c : s.p.changes)
         c.second = view(1);
     }},
    {"memory_of_the_manager_is_bounded",
     [](auto& s) {
       s.p.wishes.push_back(view(0));
     }},
    {"memory_of_the_manager_is_bounded",
     [](auto& s) {
       s.p.early.resize(4, {replica(3), view(5)});
     }},
    {"memory_of_the_manager_is_bounded",
     [](auto& s) {
       s.p.early[0].first = replica(2);
     }},
};

} // namespace

CAF_TEST(every invariant of the core is seen when it is broken) {
  each_bites(core_fractures, [](scene& s) { return broken_invariants(s.p); });
}

CAF_TEST(every invariant of the manager is seen when it is broken) {
  each_bites(manager_fractures, [](view_scene& s) { return broken_invariants(s.p); });
}

CAF_TEST(a core that goes its own way is seen) {
  scene s;
  view_scene v;
  v.p.entered = view(0);
  v.p.begun = true;
  CAF_CHECK(broken_invariants(s.p, v.p).empty());
  v.p.begun = false;
  CAF_CHECK(names(broken_invariants(s.p, v.p), "core_follows_the_manager"));
  v.p.begun = true;
  s.p.installed = false;
  CAF_CHECK(names(broken_invariants(s.p, v.p), "core_follows_the_manager"));
  s.p.installed = true;
  s.p.view = view(1);
  CAF_CHECK(names(broken_invariants(s.p, v.p), "core_follows_the_manager"));
}

CAF_TEST(every invariant of the disk is seen when it is broken) {
  each_bites<disk_scene>(
      {
          {"disk_is_in_no_later_view",
           [](auto& s) {
             s.d.view = view(1);
           }},
          {"disk_is_in_no_later_view",
           [](auto& s) {
             s.d.stable.what.sequence = seq(4);
           }},
          {"durable_vote_is_on_the_disk",
           [](auto& s) {
             s.d.votes.pop_back();
           }},
          {"durable_vote_is_on_the_disk",
           [](auto& s) {
             s.d.votes[0].what.digest = other;
           }},
          {"durable_vote_has_its_grounds_on_the_disk",
           [](auto& s) {
             s.d.prepared.clear();
           }},
          {"durable_vote_has_its_grounds_on_the_disk",
           [](auto& s) {
             s.d.proposals.pop_back();
           }},
          {"memory_contradicts_no_durable_vote",
           [](auto& s) {
             s.d.votes[1].what.digest = other;
           }},
          {"memory_contradicts_no_durable_vote",
           [](auto& s) {
             s.at(3).own(vote_kind::prepare) = {};
           }},
      },
      [](disk_scene& s) { return broken_invariants(s.p, s.d); });
}
