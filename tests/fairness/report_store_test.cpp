#define CAF_SUITE report_store
#include "tests/suite.hpp"

#include "fairness/report_store.hpp"

#include <map>
#include <set>

#include "messages/splitmix64.hpp"
#include "tests/fairness/chains.hpp"
#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

using result = chain_path::result;

struct fixture {
  report_store store{cluster_size{4}};
  chain_position start = chain_start();

  void add(const std::vector<report_ptr>& all) {
    for (const auto& r : all)
      CAF_REQUIRE(store.add(r, start, true));
  }
  result found(const chain_position& head, const chain_head& named, std::size_t most = max_links) {
    return store.path(head, named, most).found;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(report_store_tests, fixture)

CAF_TEST(a path has what leads from the head in the log to the one that is named) {
  auto chain = chain_after(1, start, 5);
  add(chain);
  auto path = store.path(start, name_of(chain[4]));
  CAF_CHECK(path.found == result::whole);
  CAF_CHECK(path.reports == chain);
  path = store.path(position_of(*chain[1]), name_of(chain[3]));
  CAF_CHECK(path.found == result::whole);
  CAF_CHECK((path.reports == std::vector{chain[2], chain[3]}));
}

CAF_TEST(the head in the log itself is a path of nothing) {
  auto chain = chain_after(1, start, 2);
  auto path = store.path(start, {replica_id{1}, report_index{0}, start.digest});
  CAF_CHECK(path.found == result::whole);
  CAF_CHECK(path.reports.empty());
  // Even if the report is not here.
  path = store.path(position_of(*chain[1]), name_of(chain[1]));
  CAF_CHECK(path.found == result::whole);
  CAF_CHECK(path.reports.empty());
}

CAF_TEST(the newest that is missing is named) {
  auto chain = chain_after(2, start, 4);
  for (std::size_t missing : {3u, 1u, 0u}) {
    report_store some{cluster_size{4}};
    for (std::size_t i = 0; i < 4; ++i)
      if (i != missing)
        some.add(chain[i], start, true);
    auto path = some.path(start, name_of(chain[3]));
    CAF_CHECK(path.found == result::missing);
    CAF_CHECK(path.lacking == name_of(chain[missing]));
    CAF_CHECK(some.add(chain[missing], start, true));
    CAF_CHECK(some.path(start, name_of(chain[3])).found == result::whole);
  }
}

CAF_TEST(what the log has passed is apart whether it is here or not) {
  auto chain = chain_after(1, start, 4);
  auto head = position_of(*chain[2]);
  CAF_CHECK(found(head, name_of(chain[1])) == result::apart);
  add(chain);
  CAF_CHECK(found(head, name_of(chain[1])) == result::apart);
  CAF_CHECK(found(head, {replica_id{1}, report_index{0}, start.digest}) == result::apart);
}

CAF_TEST(another branch is apart) {
  auto chain = chain_after(1, start, 3);
  auto fork = report_after(chain[0], 15);
  auto rest = chain_after(1, position_of(*fork), 5);
  add(chain);
  // What is missing of it must come, or nobody could tell.
  auto path = store.path(position_of(*chain[2]), name_of(rest[4]));
  CAF_CHECK(path.found == result::missing);
  CAF_CHECK(path.lacking == name_of(rest[4]));
  add(rest); // of indexes 3 to 7: that of 3 stands beside the head
  CAF_CHECK(found(position_of(*chain[2]), name_of(rest[4])) == result::apart);
  CAF_CHECK(found(position_of(*chain[2]), name_of(rest[0])) == result::apart);
  CAF_CHECK(found(position_of(*chain[1]), name_of(rest[0])) == result::apart);
  CAF_CHECK(found(position_of(*chain[0]), name_of(rest[4])) == result::missing);
  add({fork});
  CAF_CHECK(found(position_of(*chain[0]), name_of(rest[4])) == result::whole);
}

CAF_TEST(a path has so many links and no more) {
  auto chain = chain_after(0, start, max_links + 1);
  add(chain);
  CAF_CHECK(found(start, name_of(chain[max_links - 1])) == result::whole);
  CAF_CHECK(found(start, name_of(chain[max_links])) == result::far);
  CAF_CHECK(found(start, name_of(chain[max_links]), max_links + 1) == result::whole);
  CAF_CHECK(found(position_of(*chain[0]), name_of(chain[max_links])) == result::whole);
}

CAF_TEST(a name that lies breaks the path) {
  auto chain = chain_after(1, start, 3);
  add(chain);
  auto named = name_of(chain[1]);
  named.index = report_index{3};
  CAF_CHECK(found(start, named) == result::broken);
  named.index = report_index{1};
  CAF_CHECK(found(start, named) == result::broken);
  named = name_of(chain[1]);
  named.replica = replica_id{2};
  CAF_CHECK(found(start, named) == result::broken);
  // Of the head in the log too.
  CAF_CHECK(found(start, {replica_id{1}, report_index{1}, start.digest}) == result::broken);
}

CAF_TEST(a chain whose reports contradict each other is broken) {
  auto last = report_after(1, start, 100);
  stamped what{header(0, 0, 1), hash("body")};
  auto same_boundary = report_after(last, 100);
  auto backdated = report_after(last, 200, {stamp_at(what, 99)});
  auto skipping
      = report_after(1, {report_index{5}, last->digest, last->content.boundary}, 200); // index 6
  auto of_another = report_after(2, position_of(*last), 200);
  add({last, same_boundary, backdated, skipping, of_another});
  for (const auto& wrong : {same_boundary, backdated, skipping, of_another}) {
    CAF_CHECK(found(start, name_of(wrong)) == result::broken);
    auto next = report_after(wrong, 300);
    add({next});
    CAF_CHECK(found(start, name_of(next)) == result::broken);
  }
  // It is as much when it should follow on the log's head.
  CAF_CHECK(found(position_of(*last), name_of(same_boundary)) == result::broken);
  CAF_CHECK(found(position_of(*last), name_of(backdated)) == result::broken);
  CAF_CHECK(found(position_of(*last), name_of(skipping)) == result::broken);
}

CAF_TEST(what is here is not added again) {
  auto r = report_after(3, start, 10);
  CAF_CHECK(!store.holds(r->digest));
  CAF_CHECK(store.find(r->digest) == nullptr);
  CAF_CHECK(store.add(r, start, false));
  CAF_CHECK(!store.add(r, start, false));
  CAF_CHECK(!store.add(r, start, true));
  CAF_CHECK(store.find(r->digest) == r);
  CAF_CHECK_EQUAL(store.held(replica_id{3}), 1u);
  CAF_CHECK_EQUAL(store.held(replica_id{0}), 0u);
}

CAF_TEST(nobody fills the store with what was not asked for) {
  constexpr std::size_t most = 2 * max_links;
  std::vector<report_ptr> forks;
  for (std::uint64_t i = 0; i < most; ++i)
    CAF_CHECK(store.add(report_after(1, start, 100 + i), start, false));
  auto more = report_after(1, start, 99);
  CAF_CHECK(!store.add(more, start, false));
  CAF_CHECK(store.add(report_after(2, start, 99), start, false)); // others are not to blame
  CAF_CHECK(store.add(more, start, true)); // nor is what a block names refused for it
  CAF_CHECK_EQUAL(store.held(replica_id{1}), most + 1);
  // As soon as the log goes on there is room again.
  CAF_CHECK(store.add(report_after(more, 200), position_of(*more), false));
}

CAF_TEST(what the log has passed or is far ahead of is not kept unasked) {
  auto chain = chain_after(1, start, 2 * max_links + 2);
  auto head = position_of(*chain[0]);
  CAF_CHECK(!store.add(chain[0], head, false));
  CAF_CHECK(!store.add(report_after(1, start, 77), head, false));
  CAF_CHECK(store.add(chain[2 * max_links], head, false));
  CAF_CHECK(!store.add(chain[2 * max_links + 1], head, false));
  CAF_CHECK(store.add(chain[2 * max_links + 1], head, true));
  auto last = report_after(1, {report_index{UINT64_MAX - 1}, hash("x"), stamp_time{1}},
                           10); // the last of all indexes
  CAF_CHECK(!store.add(last, head, false));
}

CAF_TEST(of a chain the newest that hangs together with the log counts) {
  auto chain = chain_after(1, start, 5);
  CAF_CHECK(store.newest(replica_id{1}, start) == nullptr);
  store.add(chain[0], start, false);
  store.add(chain[1], start, false);
  store.add(chain[4], start, false);
  CAF_CHECK(store.newest(replica_id{1}, start) == chain[1]);
  CAF_CHECK(store.newest(replica_id{2}, start) == nullptr);
  CAF_CHECK(store.newest(replica_id{1}, position_of(*chain[1])) == nullptr);
  CAF_CHECK(store.newest(replica_id{1}, position_of(*chain[3])) == chain[4]);
  store.add(chain[3], start, false);
  store.add(chain[2], start, false);
  CAF_CHECK(store.newest(replica_id{1}, start) == chain[4]);
  CAF_CHECK(store.newest(replica_id{1}, position_of(*chain[4])) == nullptr);
}

CAF_TEST(of branches the longest counts and of equals that of the least digest) {
  auto a = chain_after(1, start, 2);
  auto b = report_after(1, start, 33);
  auto c = report_after(b, 66);
  auto d = report_after(c, 99);
  add(a);
  add({b, c});
  auto least = a[1]->digest < c->digest ? a[1] : c;
  CAF_CHECK(store.newest(replica_id{1}, start) == least);
  add({d});
  CAF_CHECK(store.newest(replica_id{1}, start) == d);
  CAF_CHECK(store.newest(replica_id{1}, position_of(*a[0])) == a[1]);
}

CAF_TEST(a broken chain ends before the break) {
  auto first = report_after(1, start, 100);
  auto wrong = report_after(first, 100);
  auto after = report_after(wrong, 200);
  add({first, wrong, after});
  CAF_CHECK(store.newest(replica_id{1}, start) == first);
}

CAF_TEST(the newest is never too far to be named) {
  auto chain = chain_after(1, start, max_links + 3);
  add(chain);
  CAF_CHECK(store.newest(replica_id{1}, start) == chain[max_links - 1]);
  CAF_CHECK(store.newest(replica_id{1}, position_of(*chain[2])) == chain[max_links + 2]);
}

CAF_TEST(what a checkpoint covers is forgotten) {
  auto chain = chain_after(1, start, 5);
  auto fork = report_after(chain[0], 1000); // of index 2
  auto of_another = report_after(2, start, 10);
  add(chain);
  add({fork, of_another});
  std::set<digest> gone;
  store.forget(replica_id{1}, report_index{3}, [&](const digest& d) { gone.insert(d); });
  CAF_CHECK((gone == std::set{chain[0]->digest, chain[1]->digest, fork->digest}));
  CAF_CHECK(!store.holds(fork->digest));
  CAF_CHECK(store.holds(chain[2]->digest)); // the log's head
  CAF_CHECK_EQUAL(store.held(replica_id{1}), 3u);
  CAF_CHECK(store.holds(of_another->digest));
  CAF_CHECK(store.newest(replica_id{1}, position_of(*chain[2])) == chain[4]);
  CAF_CHECK(found(position_of(*chain[2]), name_of(chain[4])) == result::whole);
  CAF_CHECK(found(position_of(*chain[2]), name_of(chain[1])) == result::apart);
  gone.clear();
  store.forget(replica_id{1}, report_index{3}, [&](const digest& d) { gone.insert(d); });
  CAF_CHECK(gone.empty());
  store.forget(replica_id{1}, report_index{UINT64_MAX}, [](const digest&) {});
  CAF_CHECK_EQUAL(store.held(replica_id{1}), 0u);
}

CAF_TEST(random trees have the longest path that there is) {
  auto first = first_seed();
  for (auto seed = first; seed < first + 200; ++seed) {
    splitmix64 random(seed);
    report_store s{cluster_size{4}};
    std::vector<chain_position> ends{start};
    std::map<digest, std::pair<chain_position, report_ptr>> parent; // of those that continue one
    std::vector<report_ptr> all;
    for (int i = 0; i < 40; ++i) {
      auto last = ends[ends.size() - 1 - random.below(std::min<std::size_t>(ends.size(), 6))];
      auto boundary = last.boundary.value() + random.below(10); // in vain at times
      auto r = report_after(1, last, boundary);
      if (boundary > last.boundary.value())
        parent[r->digest] = {last, r};
      ends.push_back(position_of(*r));
      all.push_back(r);
    }
    std::set<digest> held;
    for (const auto& r : all)
      if (random.below(8) != 0 && s.add(r, start, true))
        held.insert(r->digest);
    for (int k = 0; k < 5; ++k) {
      auto head = ends[random.below(ends.size())];
      // From each back to the head, or not.
      report_ptr best;
      for (const auto& r : all) {
        auto at = r->digest;
        while (at != head.digest && held.contains(at) && parent.contains(at))
          at = parent[at].first.digest;
        bool leads = at == head.digest && r->digest != head.digest;
        auto path = s.path(head, name_of(r));
        if (leads != (path.found == result::whole && !path.reports.empty()))
          CAF_FAIL("seed " << seed << ": path");
        if (leads
            && (!best || r->content.index > best->content.index
                || (r->content.index == best->content.index && r->digest < best->digest)))
          best = r;
      }
      auto newest = s.newest(replica_id{1}, head);
      if ((newest ? newest->digest : digest{}) != (best ? best->digest : digest{}))
        CAF_FAIL("seed " << seed << ": newest");
    }
  }
  CAF_CHECK(true);
}

CAF_TEST_FIXTURE_SCOPE_END()
