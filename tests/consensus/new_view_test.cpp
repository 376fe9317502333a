// What VIEW-CHANGE and NEW-VIEW mean, and every way in which they can be wrong.
#define CAF_SUITE new_view
#include "tests/suite.hpp"

#include "consensus/new_view.hpp"
#include "tests/consensus/changes.hpp"
#include "tests/consensus/lone_replica.hpp"

#include <functional>
#include <limits>

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr auto top = std::numeric_limits<std::uint64_t>::max();

options opts(std::uint16_t self = 1, std::uint16_t n = 4) {
  return lone_replica::defaults(self, n);
}

const stand_in auth{replica(1)};

/// The digests of the plan's slots, as the blocks' texts; "-" for null.
std::string texts(const log_plan& p) {
  std::string out;
  for (const auto& what : p.slots) {
    if (what.digest == null_digest(what.sequence.value()))
      out += "-";
    for (const auto* text : {"a", "b", "c", "d", "e"})
      if (what.digest == hash(text))
        out += text;
  }
  return out;
}

log_plan plan(std::uint64_t v, const std::vector<view_change_content>& changes) {
  return plan_log(view(v), changes, cluster_id());
}

bool accepted(const view_change_content& c, std::uint16_t by = 2) {
  return check_view_change(signed_change(c, by), opts(), auth).has_value();
}

errc error_of(const view_change& m) {
  auto c = check_view_change(m, opts(), auth);
  CAF_REQUIRE(!c);
  return c.error().code;
}

/// Two replicas have prepared 5 and 7 above the stable checkpoint 4, one knows of nothing.
std::vector<view_change_content> some_changes(std::uint64_t v = 1) {
  return {change_to(v, {prepared(5, "a"), prepared(7, "c")}, stable_at(4)), change_to(v),
          change_to(v, {prepared(5, "a")}, stable_at(4))};
}

new_view_content some_new_view(std::uint64_t v = 1) {
  return *decode_new_view_content(new_view_from(4, some_changes(v)).body, {});
}

bool accepted(const new_view_content& c, std::uint16_t by = 1) {
  return check_new_view(signed_new_view(c, by), opts(), auth).has_value();
}

signature proposed(std::uint16_t by, const statement& what) {
  return stand_in{replica(by)}.sign(purpose::pre_prepare, signed_bytes(what));
}

} // namespace

// -- the plan -------------------------------------------------------------------------------------

CAF_TEST(nothing prepared makes nothing) {
  auto p = plan(1, {change_to(1), change_to(1), change_to(1)});
  CAF_CHECK(p.slots.empty());
  CAF_CHECK_EQUAL(p.stable.what.sequence.value(), 0u);
}

CAF_TEST(one certificate of the set is enough) {
  for (std::size_t who = 0; who < 3; ++who) {
    std::vector<view_change_content> changes(3, change_to(1));
    changes[who].prepared = {prepared(1, "a")};
    auto p = plan(1, changes);
    CAF_REQUIRE_EQUAL(p.slots.size(), 1u);
    CAF_CHECK((p.slots[0] == statement{view(1), seq(1), hash("a")}));
  }
}

CAF_TEST(the certificate of the highest view wins in whatever order they stand) {
  auto low = change_to(9, {prepared(1, "a", 2)});
  auto middle = change_to(9, {prepared(1, "b", 3)});
  auto high = change_to(9, {prepared(1, "c", 7)});
  CAF_CHECK_EQUAL(texts(plan(9, {low, middle, high})), "c");
  CAF_CHECK_EQUAL(texts(plan(9, {high, low, middle})), "c");
  CAF_CHECK_EQUAL(texts(plan(9, {middle, high, low})), "c");
}

CAF_TEST(gaps are filled with null blocks) {
  auto p
      = plan(1, {change_to(1, {prepared(3, "c")}), change_to(1, {prepared(5, "e")}), change_to(1)});
  CAF_CHECK_EQUAL(texts(p), "--c-e");
  for (std::uint64_t i = 0; i < p.slots.size(); ++i) {
    CAF_CHECK_EQUAL(p.slots[i].sequence.value(), i + 1);
    CAF_CHECK_EQUAL(p.slots[i].view.value(), 1u);
  }
  // Null blocks of different slots differ.
  CAF_CHECK(p.slots[0].digest != p.slots[1].digest);
}

CAF_TEST(the plan starts above the highest stable checkpoint) {
  auto behind = change_to(1, {prepared(1, "a"), prepared(4, "b"), prepared(6, "d")});
  auto ahead = change_to(1, {prepared(5, "c")}, stable_at(4, "right"));
  for (const auto& changes : {std::vector{behind, ahead, behind}, std::vector{ahead, behind}}) {
    auto p = plan(1, changes);
    CAF_CHECK(p.stable == stable_at(4, "right"));
    CAF_CHECK_EQUAL(texts(p), "cd");
    CAF_CHECK_EQUAL(p.slots[0].sequence.value(), 5u);
  }
}

CAF_TEST(what is prepared at or below the highest stable checkpoint is over) {
  auto p = plan(1, {change_to(1, {prepared(4, "a"), prepared(8, "b")}), change_to(1),
                    change_to(1, {}, stable_at(8))});
  CAF_CHECK(p.slots.empty());
  CAF_CHECK_EQUAL(p.stable.what.sequence.value(), 8u);
}

// -- VIEW-CHANGE ----------------------------------------------------------------------------------

CAF_TEST(a right VIEW_CHANGE is accepted) {
  CAF_CHECK(accepted(change_to(1)));
  CAF_CHECK(accepted(change_to(top)));
  CAF_CHECK(accepted(change_to(3, {prepared(1, "a", 2), prepared(8, "b", 1)})));
  CAF_CHECK(accepted(change_to(3, {prepared(5, "a"), prepared(12, "b")}, stable_at(4))));
  auto c = change_to(3, {prepared(5, "a")}, stable_at(4));
  auto read = check_view_change(signed_change(c, 2), opts(), auth);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK(*read == c);
}

CAF_TEST(a VIEW_CHANGE is signed by its sender) {
  auto m = signed_change(change_to(1), 2);
  m.by.replica = replica(3);
  CAF_CHECK(error_of(m) == errc::bad_signature);
  m = signed_change(change_to(1), 2);
  m.by.signature.data[5] ^= 1;
  CAF_CHECK(error_of(m) == errc::bad_signature);
  m = signed_change(change_to(1), 2);
  m.body = encode(change_to(2));
  CAF_CHECK(error_of(m) == errc::bad_signature);
  CAF_CHECK(error_of(signed_change(change_to(1), 4)) == errc::malformed);
  CAF_CHECK(error_of(signed_change(change_to(1), 65535)) == errc::malformed);
  m.body = "nonsense";
  CAF_CHECK(error_of(m) == errc::malformed);
  // Signed for another purpose.
  m.body = encode(change_to(1));
  m.by.signature = stand_in{replica(2)}.sign(purpose::new_view, hash(m.body).view());
  CAF_CHECK(error_of(m) == errc::bad_signature);
}

CAF_TEST(no VIEW_CHANGE leads to view 0) {
  CAF_CHECK(!accepted(change_to(0)));
}

CAF_TEST(the stable checkpoint needs its proof) {
  auto with = [](const std::function<void(stable_checkpoint&)>& twist) {
    auto c = change_to(1, {prepared(5, "a")}, stable_at(4));
    twist(c.stable);
    return accepted(c);
  };
  CAF_CHECK(with([](auto&) {}));
  CAF_CHECK(!with([](auto& s) { s.proof.pop_back(); }));
  CAF_CHECK(!with([](auto& s) { s.proof.clear(); }));
  CAF_CHECK(!with([](auto& s) { s.proof[1] = s.proof[0]; }));
  CAF_CHECK(!with([](auto& s) { s.proof[0].signature.data[0] ^= 1; }));
  CAF_CHECK(!with([](auto& s) { s.proof[0].replica = replica(3); }));
  CAF_CHECK(!with([](auto& s) { s.proof[0].replica = replica(9); }));
  CAF_CHECK(!with([](auto& s) { s.what.state = hash("another"); }));
  CAF_CHECK(!with([](auto& s) { s = stable_at(3); })); // none is taken there
  // The genesis has none.
  auto c = change_to(1);
  c.stable.proof = stable_at(4).proof;
  CAF_CHECK(!accepted(c));
}

CAF_TEST(every certificate must be valid) {
  auto with = [](const std::function<void(prepared_certificate&)>& twist) {
    auto c = change_to(2, {prepared(1, "a"), prepared(2, "b", 1), prepared(3, "c")});
    twist(c.prepared[1]);
    return accepted(c);
  };
  CAF_CHECK(with([](auto&) {}));
  CAF_CHECK(!with([](auto& p) { p.what.digest = hash("z"); }));
  CAF_CHECK(!with([](auto& p) { p.what.view = view(0); }));
  CAF_CHECK(!with([](auto& p) { p.pre_prepare.data[0] ^= 1; }));
  CAF_CHECK(!with([](auto& p) { p.prepares[0].signature.data[0] ^= 1; }));
  CAF_CHECK(!with([](auto& p) { p.prepares[1] = p.prepares[0]; }));
  CAF_CHECK(!with([](auto& p) { p.prepares.pop_back(); }));
  CAF_CHECK(!with([](auto& p) {
    p.prepares.push_back(
        {replica(3), stand_in{replica(3)}.sign(purpose::prepare, signed_bytes(p.what))});
  }));
  // A prepare of the primary does not count.
  CAF_CHECK(!with([](auto& p) {
    p.prepares[0] = {replica(1), stand_in{replica(1)}.sign(purpose::prepare, signed_bytes(p.what))};
  }));
  // ... nor does a commit in place of a prepare.
  CAF_CHECK(!with([](auto& p) {
    p.prepares[0].signature
        = stand_in{p.prepares[0].replica}.sign(purpose::commit, signed_bytes(p.what));
  }));
}

CAF_TEST(certificates are of views below the new one) {
  CAF_CHECK(accepted(change_to(3, {prepared(1, "a", 2)})));
  CAF_CHECK(!accepted(change_to(3, {prepared(1, "a", 3)})));
  CAF_CHECK(!accepted(change_to(3, {prepared(1, "a", 4)})));
  CAF_CHECK(!accepted(change_to(3, {prepared(1, "a", top)})));
  CAF_CHECK(accepted(change_to(top, {prepared(1, "a", top - 1)})));
}

CAF_TEST(certificates ascend) {
  CAF_CHECK(!accepted(change_to(3, {prepared(2, "a"), prepared(1, "b")})));
  CAF_CHECK(!accepted(change_to(3, {prepared(1, "a"), prepared(1, "b", 1)})));
  CAF_CHECK(!accepted(change_to(3, {prepared(1, "a"), prepared(1, "a")})));
}

CAF_TEST(certificates are inside the window) {
  CAF_CHECK(!accepted(change_to(3, {prepared(9, "a")})));
  CAF_CHECK(!accepted(change_to(3, {prepared(top, "a")})));
  CAF_CHECK(!accepted(change_to(3, {prepared(0, "a")})));
  CAF_CHECK(!accepted(change_to(3, {prepared(4, "a")}, stable_at(4))));
  CAF_CHECK(!accepted(change_to(3, {prepared(13, "a")}, stable_at(4))));
  CAF_CHECK(!accepted(change_to(3, {prepared(1, "a")}, stable_at(top - 3))));
}

// -- NEW-VIEW -------------------------------------------------------------------------------------

CAF_TEST(a right NEW_VIEW is accepted and everybody computes the same) {
  auto m = new_view_from(4, some_changes());
  auto i = check_new_view(m, opts(2), auth);
  CAF_REQUIRE(i.has_value());
  CAF_CHECK_EQUAL(i->view.value(), 1u);
  CAF_CHECK(i->message == m);
  CAF_CHECK(i->plan.stable == stable_at(4));
  CAF_CHECK_EQUAL(texts(i->plan), "a-c");
  auto stored = read_new_view(m, cluster_id());
  CAF_REQUIRE(stored.has_value());
  CAF_CHECK(stored->plan.slots == i->plan.slots);
  CAF_CHECK(stored->plan.stable == i->plan.stable);
  CAF_CHECK(stored->pre_prepares == i->pre_prepares);
  CAF_REQUIRE_EQUAL(i->pre_prepares.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k)
    CAF_CHECK(i->pre_prepares[k] == proposed(1, i->plan.slots[k]));
}

CAF_TEST(with seven replicas it takes five changes) {
  std::vector<view_change_content> changes(7, change_to(8, {prepared(1, "a", 7, 7)}));
  auto m = new_view_from(7, changes);
  CAF_CHECK(check_new_view(m, opts(2, 7), auth).has_value());
  CAF_CHECK_EQUAL(decode_new_view_content(m.body, {})->changes.size(), 5u);
}

CAF_TEST(a NEW_VIEW is signed by its primary) {
  auto c = some_new_view();
  CAF_CHECK(accepted(c, 1));
  for (std::uint16_t by : {0, 2, 3, 4, 5})
    CAF_CHECK(!accepted(c, by));
  auto m = signed_new_view(c, 1);
  m.by.signature.data[0] ^= 1;
  CAF_CHECK(!check_new_view(m, opts(), auth));
  m = signed_new_view(c, 1);
  m.by.signature = stand_in{replica(1)}.sign(purpose::view_change, hash(m.body).view());
  CAF_CHECK(!check_new_view(m, opts(), auth));
  m.body = "nonsense";
  CAF_CHECK(!check_new_view(m, opts(), auth));
  m.body.clear();
  CAF_CHECK(!check_new_view(m, opts(), auth));
}

CAF_TEST(no NEW_VIEW begins view 0) {
  new_view_content c;
  for (std::uint16_t i = 0; i < 3; ++i)
    c.changes.push_back(signed_change(change_to(0), i));
  CAF_CHECK(!accepted(c, 0));
}

CAF_TEST(the highest view has a NEW_VIEW like any other) {
  auto m = new_view_from(4, some_changes(top));
  CAF_CHECK(check_new_view(m, opts(), auth).has_value()); // top mod 4 is replica 3's
  CAF_CHECK_EQUAL(m.by.replica.value(), 3u);
}

CAF_TEST(a NEW_VIEW rests on a quorum of distinct replicas in order) {
  auto changes = [](std::initializer_list<std::uint16_t> by) {
    new_view_content c;
    c.view = view(1);
    for (auto i : by)
      c.changes.push_back(signed_change(change_to(1), i));
    return c;
  };
  CAF_CHECK(accepted(changes({0, 1, 2})));
  CAF_CHECK(accepted(changes({0, 2, 3}))); // the primary's own need not be among them
  CAF_CHECK(!accepted(changes({})));
  CAF_CHECK(!accepted(changes({0, 1})));
  CAF_CHECK(!accepted(changes({0, 1, 2, 3})));
  CAF_CHECK(!accepted(changes({0, 1, 1})));
  CAF_CHECK(!accepted(changes({1, 0, 2})));
  CAF_CHECK(!accepted(changes({0, 1, 4})));
}

CAF_TEST(a NEW_VIEW rests on changes to its own view) {
  for (std::uint64_t v : {2, 5}) {
    auto c = some_new_view(5);
    CAF_CHECK(accepted(c));
    c.changes[1] = signed_change(change_to(v), 1);
    CAF_CHECK_EQUAL(accepted(c), v == 5);
  }
  auto c = some_new_view(5);
  c.view = view(1);
  CAF_CHECK(!accepted(c));
  c.view = view(9);
  CAF_CHECK(!accepted(c));
}

CAF_TEST(a NEW_VIEW rests on changes of one time) {
  // The window is 8. A replica lost its disk after the first of them was signed, and has voted in
  // view 0 since: what it promised then it did not keep.
  auto with = [&](std::uint64_t former, std::uint64_t b, std::uint64_t c) {
    return *decode_new_view_content(
        new_view_from(4, {change_to(1, {}, stable_at(former)), change_to(1, {}, stable_at(b)),
                          change_to(1, {}, stable_at(c))})
            .body,
        {});
  };
  CAF_CHECK(accepted(with(4, 12, 8)));
  CAF_CHECK(!accepted(with(4, 16, 8)));
  CAF_CHECK(!accepted(with(16, 16, 4)));
  CAF_CHECK(accepted(with(16, 16, 16)));
}

CAF_TEST(the newest coherent quorum is chosen) {
  auto chosen = [](std::vector<std::uint64_t> stable, std::uint16_t n = 4) {
    std::vector<sequence_number> at;
    for (auto s : stable)
      at.push_back(seq(s));
    return coherent_quorum(at, {n}, 8);
  };
  using indices = std::vector<std::size_t>;
  CAF_CHECK(chosen({}).empty());
  CAF_CHECK(chosen({4, 4}).empty());
  CAF_CHECK((chosen({4, 4, 4}) == indices{0, 1, 2}));
  CAF_CHECK((chosen({12, 4, 8}) == indices{0, 1, 2}));
  CAF_CHECK(chosen({16, 4, 8}).empty());
  CAF_CHECK((chosen({16, 4, 8, 12}) == indices{0, 2, 3}));
  CAF_CHECK((chosen({4, 100, 8, 4}) == indices{0, 2, 3})); // one is far ahead of all
  CAF_CHECK((chosen({8, 4, 4, 12}) == indices{0, 1, 3}));  // the newest that there are
  CAF_CHECK((chosen({0, 96, 100, 4, 100, 92, 100}, 7) == indices{1, 2, 4, 5, 6}));
  CAF_CHECK((chosen({top, top, top - 8}) == indices{0, 1, 2}));
}

CAF_TEST(one bad change spoils a NEW_VIEW) {
  for (std::size_t bad = 0; bad < 3; ++bad) {
    auto c = some_new_view();
    c.changes[bad].by.signature.data[0] ^= 1;
    CAF_CHECK(!accepted(c));
    c = some_new_view();
    auto forged = prepared(5, "z");
    forged.prepares[0].signature.data[0] ^= 1;
    c.changes[bad] = signed_change(change_to(1, {forged}), static_cast<std::uint16_t>(bad));
    CAF_CHECK(!accepted(c));
  }
}

// "Every backup recomputes it": what the primary says of the log counts for nothing.
CAF_TEST(the pre_prepares are those that follow and no others) {
  auto right = some_new_view();
  CAF_REQUIRE_EQUAL(right.pre_prepares.size(), 3u);
  auto c = right;
  c.pre_prepares.pop_back();
  CAF_CHECK(!accepted(c));
  c = right;
  c.pre_prepares.push_back(proposed(1, {view(1), seq(8), hash("e")}));
  CAF_CHECK(!accepted(c));
  c = right;
  c.pre_prepares[0] = proposed(1, {view(1), seq(5), hash("e")}); // not what was prepared
  CAF_CHECK(!accepted(c));
  c = right;
  c.pre_prepares[0] = proposed(1, {view(1), seq(5), null_digest(5)}); // null for what was prepared
  CAF_CHECK(!accepted(c));
  c = right;
  c.pre_prepares[1] = proposed(1, {view(1), seq(6), hash("e")}); // something in a gap
  CAF_CHECK(!accepted(c));
  c = right;
  c.pre_prepares[0] = proposed(1, {view(0), seq(5), hash("a")}); // of the old view
  CAF_CHECK(!accepted(c));
  c = right;
  std::swap(c.pre_prepares[0], c.pre_prepares[1]);
  CAF_CHECK(!accepted(c));
  c = right;
  c.pre_prepares[2] = proposed(2, {view(1), seq(7), hash("c")}); // another's
  CAF_CHECK(!accepted(c));
  c = right;
  c.pre_prepares.clear();
  CAF_CHECK(!accepted(c));
}

CAF_TEST(reading what was stored does not trust its shape) {
  CAF_CHECK(!read_new_view({"nonsense", {}}, cluster_id()));
  CAF_CHECK(!read_new_view(signed_new_view({}, 1), cluster_id()));
  auto c = some_new_view();
  c.pre_prepares.pop_back();
  CAF_CHECK(!read_new_view(signed_new_view(c, 1), cluster_id()));
  c = some_new_view();
  c.changes[0].body = "nonsense";
  CAF_CHECK(!read_new_view(signed_new_view(c, 1), cluster_id()));
}
