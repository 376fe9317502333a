// Attacks on the order: with F nothing that honest stamps separate is turned round, whatever f
// replicas, the primary among them, and clients of theirs do; by the plain rule they do as they
// like, and earn by it. A weaker F is found out.
#define CAF_SUITE attacks
#include "tests/suite.hpp"

#include <cstdlib>
#include <memory>
#include <set>

#include <nlohmann/json.hpp>

#include "simulation/attack_run.hpp"
#include "simulation/naive_ranking.hpp"

using namespace bourse;
using namespace bourse::simulation;

namespace {

constexpr cluster_size sizes[] = {{4}, {7}};
constexpr std::uint64_t tries = 12;

std::uint64_t first_seed() {
  const auto* given = std::getenv("BOURSE_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 1;
}

const attack& named(std::string_view name) {
  const auto* a = find_attack(name);
  if (!a)
    CAF_FAIL("no attack " << name);
  return *a;
}

/// Sums over all tries.
attack_result run_all(const attack& a, cluster_size size, attack_rule rule,
                      const order_function_maker& order = true_order) {
  attack_result all;
  for (std::uint64_t i = 0; i < tries; ++i) {
    auto r = run_attack({&a, size, first_seed() + i, rule, order});
    all.view_changes += r.view_changes;
    all.victims += r.victims;
    all.preyed += r.preyed;
    all.pairs.separated += r.pairs.separated;
    all.pairs.flipped += r.pairs.flipped;
    all.pairs.overlapping += r.pairs.overlapping;
    all.pairs.overlapping_flipped += r.pairs.overlapping_flipped;
    all.censored += r.censored;
    all.profit += r.profit;
  }
  return all;
}

/// F with the f-th smallest stamp for a time, instead of the (f+1)-th: what f replicas say alone
/// counts.
class weak_order final : public order_function {
public:
  weak_order(const market::rules& rules, cluster_size size)
      : heads_(rules.cluster, size),
        ranking_(rules, cluster_size{static_cast<std::uint16_t>(size.n - 3)}) {}

  std::vector<digest> begin(std::span<const chain_head> heads,
                            const fairness::report_store& store) override {
    for (const auto& h : heads)
      for (const auto& r : store.path(heads_.of(h.replica), h).reports) {
        ranking_.add(h.replica, r->content.stamps);
        heads_.advance(h.replica, fairness::position_of(*r));
      }
    return ranking_.begin(heads_.time());
  }
  std::vector<submission_ptr> finish(std::span<const submission_ptr> bodies) override {
    return ranking_.finish(bodies);
  }
  const fairness::chain_heads& heads() const override {
    return heads_;
  }
  bool left_over() const override {
    return ranking_.left_over() > 0;
  }

private:
  fairness::chain_heads heads_;
  naive_ranking ranking_;
};

/// Orders by hand: of three honest replicas, each with a body of its own.
struct by_hand {
  market::rules rules = draw_attack_flow(1).rules;
  attack_orders orders;
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint64_t> numbers;

  std::size_t add(std::uint32_t client, std::uint8_t stream, std::vector<std::uint64_t> times,
                  time_in_force tif = time_in_force::good_till_cancel) {
    attack_order o;
    auto number = ++numbers[{client, stream}];
    o.body = attack_body(rules, {client_id{client}, stream_id{stream}, submission_number{number}},
                         {attack_place(client_id{client}, number, side::buy, 5, 1, tif)});
    for (auto t : times)
      o.stamps.emplace_back(t);
    o.arrived = o.stamps;
    return orders.add(std::move(o));
  }
  void execute(std::vector<std::size_t> in_order) {
    for (std::size_t i = 0; i < in_order.size(); ++i)
      orders[in_order[i]].block = orders[in_order[i]].position = i;
  }
};

} // namespace

CAF_TEST(no attack turns round what honest stamps separate) {
  CAF_MESSAGE("seeds from " << first_seed());
  std::set<std::string_view> names;
  for (const auto& a : all_attacks()) {
    CAF_CHECK(names.insert(a.name).second);
    for (auto size : sizes) {
      auto fair = run_all(a, size, attack_rule::fair);
      CAF_MESSAGE(a.name << ", " << size.n << ": " << fair.pairs.separated << " separated, "
                         << fair.preyed << " of " << fair.victims << " raced, profit "
                         << fair.profit);
      if (fair.pairs.flipped > 0 || fair.censored > 0)
        CAF_ERROR(a.name << ", " << size.n << " replicas: " << fair.pairs.flipped << " flips, "
                         << fair.censored << " censored");
      CAF_CHECK(fair.pairs.separated > 1000 * tries);
      CAF_CHECK(fair.pairs.overlapping > 0);
      CAF_CHECK_EQUAL(fair.victims, 2 * tries);
      // Only who names nothing is suspected, one colluding primary after the other.
      CAF_CHECK_EQUAL(fair.view_changes > 0, a.name == "drop");
    }
  }
}

CAF_TEST(who may order as it likes earns by it) {
  for (const auto& a : all_attacks())
    for (auto size : sizes) {
      auto plain = run_all(a, size, attack_rule::plain);
      auto is_attack = a.name != "none";
      auto flips = plain.pairs.flipped > 0, preys = plain.preyed > 0, earns = plain.profit > 0;
      if (flips != is_attack || preys != is_attack || earns != is_attack)
        CAF_ERROR(a.name << ", " << size.n << " replicas: " << plain.pairs.flipped << " flips, "
                         << plain.preyed << " preyed, profit " << plain.profit);
    }
  for (const auto* censors : {"drop", "delay", "stall"})
    CAF_CHECK(run_all(named(censors), {4}, attack_rule::plain).censored > 0);
}

CAF_TEST(who comes after the reports comes too late) {
  for (auto size : sizes) {
    auto fair = run_all(named("stall"), size, attack_rule::fair);
    CAF_CHECK_EQUAL(fair.preyed, 0u);
    // What others have meanwhile put where the victim took it may be had, by anybody.
    CAF_CHECK(20 * fair.profit < run_all(named("stall"), size, attack_rule::plain).profit);
  }
}

CAF_TEST(a race is won only while stamps overlap) {
  auto fair = run_all(named("every-set"), {7}, attack_rule::fair);
  CAF_CHECK(fair.preyed > 0);
  CAF_CHECK_EQUAL(fair.pairs.flipped, 0u);
  CAF_CHECK(fair.profit > 0);
}

CAF_TEST(a better lane goes ahead and that is no flip) {
  for (auto size : sizes) {
    auto fair = run_all(named("outbid"), size, attack_rule::fair);
    CAF_CHECK(2 * fair.preyed > fair.victims);
    CAF_CHECK_EQUAL(fair.pairs.flipped, 0u);
  }
}

CAF_TEST(the same seed tells the same) {
  std::set<std::uint64_t> traces;
  for (auto rule : {attack_rule::fair, attack_rule::plain})
    for (std::uint64_t seed : {7, 8}) {
      attack_case c{&named("sandwich"), {7}, seed, rule};
      auto one = run_attack(c);
      CAF_CHECK(to_json(one) == to_json(run_attack(c)));
      traces.insert(one.trace);
    }
  CAF_CHECK_EQUAL(traces.size(), 4u);
}

CAF_TEST(an F that believes f replicas is found out) {
  auto weak = [](const market::rules& rules, cluster_size size) {
    return std::unique_ptr<order_function>{std::make_unique<weak_order>(rules, size)};
  };
  for (auto size : sizes)
    for (const auto* name : {"stamp-zero", "every-set", "sandwich"}) {
      auto r = run_all(named(name), size, attack_rule::fair, weak);
      CAF_MESSAGE(name << ", " << size.n << ": " << r.pairs.flipped << " flips");
      CAF_CHECK(r.pairs.flipped > 0);
    }
}

CAF_TEST(pairs are told by stamps and lanes) {
  by_hand w;
  auto first = w.add(1, 0, {10, 12, 14});
  auto second = w.add(2, 0, {15, 16, 20});
  auto between = w.add(3, 0, {13, 15, 17});
  w.execute({first, between, second});
  auto pairs = count_pairs(w.orders, 3);
  CAF_CHECK_EQUAL(pairs.separated, 1u);
  CAF_CHECK_EQUAL(pairs.flipped, 0u);
  CAF_CHECK_EQUAL(pairs.overlapping, 2u);
  CAF_CHECK_EQUAL(pairs.overlapping_flipped, 0u);
  w.execute({between, second, first});
  pairs = count_pairs(w.orders, 3);
  CAF_CHECK_EQUAL(pairs.flipped, 1u);
  CAF_CHECK_EQUAL(pairs.overlapping_flipped, 1u);
}

CAF_TEST(a better lane may go ahead and what stands behind a worse one may not) {
  by_hand w;
  auto slow = w.add(1, 0, {10, 12, 14});
  auto maker = w.add(2, 0, {15, 16, 20}, time_in_force::post_only);
  w.execute({maker, slow});
  CAF_CHECK_EQUAL(count_pairs(w.orders, 3).separated, 0u);
  // Of a maker's order that waits for its own taker nothing is promised ...
  auto own = w.add(1, 0, {15, 15, 15}, time_in_force::post_only);
  auto late = w.add(3, 0, {21, 22, 23}, time_in_force::post_only);
  w.execute({maker, late, slow, own});
  auto pairs = count_pairs(w.orders, 3);
  CAF_CHECK_EQUAL(pairs.separated, 1u); // maker before late
  CAF_CHECK_EQUAL(pairs.flipped, 0u);
  // ... until that has executed.
  w.execute({maker, slow, late, own});
  pairs = count_pairs(w.orders, 3);
  CAF_CHECK_EQUAL(pairs.separated, 2u);
  CAF_CHECK_EQUAL(pairs.flipped, 1u);
}

CAF_TEST(whom it has not reached says nothing) {
  by_hand w;
  auto first = w.add(1, 0, {10, 12, 0});
  auto second = w.add(2, 0, {15, 16, 20});
  w.execute({second, first});
  CAF_CHECK_EQUAL(count_pairs(w.orders, 3).separated, 0u);
}

CAF_TEST(what is passed over without need is censored) {
  by_hand w;
  w.rules.blocks.max_requests = 2;
  auto one = w.add(1, 0, {10, 12, 14});
  w.add(2, 0, {10, 12, 15});
  censor_watch watch{w.orders, 3, w.rules.blocks, false};
  w.execute({one});
  w.orders[1].eligible = true;
  watch.executed(stamp_time{14}, 1); // the last honest stamp is above
  watch.executed(stamp_time{15}, 2); // full
  auto count = [&] {
    w.orders[1].position = w.orders[1].block = 5;
    auto n = watch.censored();
    w.orders[1].position = w.orders[1].block = SIZE_MAX;
    return n;
  };
  CAF_CHECK_EQUAL(count(), 0u);
  CAF_CHECK_EQUAL(watch.censored(), 1u); // it has not executed at all
  watch.executed(stamp_time{15}, 1);
  CAF_CHECK_EQUAL(count(), 1u);
  // Even where blocks are full it must have been eligible.
  by_hand other;
  other.rules.blocks.max_requests = 1;
  other.add(1, 0, {10, 12, 14});
  censor_watch strict{other.orders, 3, other.rules.blocks, false};
  strict.executed(stamp_time{14}, 1);
  other.execute({0});
  CAF_CHECK_EQUAL(strict.censored(), 1u);
}
