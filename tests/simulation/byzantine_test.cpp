// Whole simulated clusters in which up to f replicas lie: each lie is told, and does no harm. With
// one liar more the same lies break the cluster, and the checkers see it.
#define CAF_SUITE byzantine
#include "tests/suite.hpp"

#include <set>
#include <sstream>

#include "simulation/scenes.hpp"
#include "simulation/simulation.hpp"
#include "simulation/story.hpp"
#include "tests/simulation/outcomes.hpp"

using namespace bourse::simulation;

namespace {

std::uint64_t told(const outcome& o, lie_kind k) {
  return o.lies[static_cast<std::size_t>(k)];
}

lie always(lie_kind kind, std::uint16_t node) {
  lie l{kind, node, 500, 100, 0};
  switch (kind) {
    case lie_kind::silence_to_some:
      l.amount = 0b1100;
      break;
    case lie_kind::silence_to_clients:
      l.amount = ~0u;
      break;
    case lie_kind::withheld_kind:
      l.amount = 2; // commits
      break;
    case lie_kind::delays:
      l.amount = 500;
      break;
    case lie_kind::slow_proposals:
      l.amount = 350;
      break;
    case lie_kind::slow_new_views:
      l.amount = 450;
      break;
    case lie_kind::slow_state:
      l.amount = 2000;
      break;
    case lie_kind::slow_bodies:
      l.amount = 145;
      break;
    case lie_kind::wrong_bodies:
      l.amount = 1;
      break;
    default:
      break;
  }
  return l;
}

plan with(lie_kind kind, std::uint64_t seed) {
  auto p = busy_plan(seed);
  auto liar = static_cast<std::uint16_t>(seed % 2);
  p.byzantine = {liar};
  p.lies = {always(kind, liar)};
  return p;
}

} // namespace

CAF_TEST(every lie is told and does no harm) {
  for (std::size_t k = 0; k < lie_kinds; ++k) {
    auto kind = static_cast<lie_kind>(k);
    std::uint64_t times = 0;
    for (std::uint64_t seed = 1; seed <= 8 && (times == 0 || seed <= 2); ++seed) {
      auto o = run(with(kind, seed));
      times += told(o, kind);
      if (!o.violations.empty())
        CAF_ERROR(to_string(kind) << ", seed " << seed << ": " << all_of(o));
    }
    if (times == 0)
      CAF_ERROR(to_string(kind) << " was never told");
  }
  CAF_CHECK_EQUAL(to_string(lie_kind::garbage), "garbage");
}

CAF_TEST(lies are noticed) {
  struct expectation {
    lie_kind kind;
    const char* counter;
  };
  for (auto [kind, counter] : {expectation{lie_kind::two_proposals, "equivocations"},
                               {lie_kind::bad_blocks, "rejected_proposals"},
                               {lie_kind::invented_votes, "outside_watermarks"},
                               {lie_kind::other_slots, "wrong_view"},
                               {lie_kind::others_votes, "bad_senders"},
                               {lie_kind::forged_blocks, "bad_certificates"},
                               {lie_kind::forged_view_changes, "bad_view_changes"},
                               {lie_kind::forged_new_views, "bad_new_views"},
                               {lie_kind::relays, "bad_senders"},
                               {lie_kind::garbage, "malformed"}}) {
    std::uint64_t times = 0;
    for (std::uint64_t seed = 1; seed <= 24 && times == 0; ++seed) {
      auto p = with(kind, seed);
      if (seed % 4 < 2) // a node that starts again has counted nothing
        p.faults.clear();
      times += run(p).refused[counter];
    }
    if (times == 0)
      CAF_ERROR(to_string(kind) << " is never counted as " << counter);
  }
  // And without a liar they are not.
  auto o = run(busy_plan(1));
  CAF_CHECK_EQUAL(all_of(o), "");
  for (const auto* counter : {"equivocations", "rejected_proposals", "bad_certificates",
                              "bad_view_changes", "bad_new_views", "state_lies_total", "malformed"})
    CAF_CHECK_EQUAL(o.refused[counter], 0u);
}

CAF_TEST(two liars among four break agreement and are found) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= 60 && found == 0; ++seed) {
    auto p = busy_plan(seed);
    p.faults.clear();
    p.byzantine = {0, 1};
    for (std::uint16_t i : {0, 1})
      p.lies.insert(p.lies.end(),
                    {always(lie_kind::two_proposals, i), always(lie_kind::votes_for_all, i)});
    for (const auto& v : run(p).violations)
      found += v.rule == "agreement" ? 1 : 0;
  }
  CAF_CHECK(found > 0);
}

CAF_TEST(two liars among four deceive clients and are found) {
  struct expectation {
    lie_kind kind;
    const char* what; ///< a violation has these words
  };
  for (auto [kind, what] : {expectation{lie_kind::false_reports, "believes another report"},
                            {lie_kind::invented_reports, "believes"},
                            {lie_kind::false_welcomes, "placements have no answer"},
                            {lie_kind::false_answers, "another answer"},
                            {lie_kind::false_answers, "believes other trades"},
                            {lie_kind::false_answers, "a receipt of another report"}}) {
    std::uint64_t found = 0;
    std::string seen;
    for (std::uint64_t seed = 1; seed <= 20 && found == 0; ++seed) {
      auto p = busy_plan(seed);
      p.faults.clear();
      p.byzantine = {0, 1};
      p.lies = {always(kind, 0), always(kind, 1)};
      auto o = run(p);
      seen += all_of(o);
      for (const auto& v : o.violations)
        found += (v.rule + ": " + v.what).find(what) != std::string::npos ? 1 : 0;
    }
    if (found == 0)
      CAF_ERROR(to_string(kind) << ": nobody is found to believe '" << what << "', but " << seen);
  }
}

CAF_TEST(a run with liars can be repeated to the byte) {
  std::uint64_t liars = 0;
  for (std::uint64_t seed = 1; liars < 2; ++seed) {
    auto p = draw_plan(seed);
    if (p.byzantine.empty())
      continue;
    ++liars;
    std::ostringstream first, second;
    story s1{first}, s2{second};
    auto o = run(p, &s1);
    CAF_CHECK_EQUAL(o.trace, run(p, &s2).trace);
    CAF_CHECK(first.str() == second.str());
    CAF_CHECK_EQUAL(o.trace, run(p).trace);
  }
}

CAF_TEST(a hostile client harms nobody) {
  std::uint64_t sent = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    auto p = busy_plan(seed);
    p.hostile_client_ms = 20;
    auto o = run(p);
    sent += o.hostile_submissions;
    refused += o.refused["clients"];
    CAF_CHECK_EQUAL(all_of(o), "");
  }
  CAF_CHECK(sent > 0);
  CAF_CHECK(refused > 0);
}

CAF_TEST(plans hold no more liars and lost disks than f) {
  std::uint64_t with_liars = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    auto p = draw_plan(seed);
    auto f = (p.cluster.replicas - 1u) / 3;
    std::set<std::uint16_t> bad(p.byzantine.begin(), p.byzantine.end());
    for (const auto& each : p.faults)
      if (each.kind == fault_kind::wiped_disk)
        bad.insert(each.node);
    if (bad.size() > f)
      CAF_ERROR("seed " << seed << ": " << bad.size() << " of " << p.cluster.replicas);
    for (const auto& l : p.lies)
      if (!bad.contains(l.node))
        CAF_ERROR("seed " << seed << ": an honest replica lies");
    with_liars += p.byzantine.empty() ? 0 : 1;
  }
  CAF_CHECK(with_liars > 800);
  CAF_CHECK(with_liars < 1200);
}
