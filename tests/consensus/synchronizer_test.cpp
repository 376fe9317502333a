#define CAF_SUITE synchronizer
#include "tests/suite.hpp"

#include "consensus/synchronizer.hpp"
#include "tests/consensus/stand_in.hpp"

#include <initializer_list>
#include <limits>

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr auto top = std::numeric_limits<std::uint64_t>::max();

struct tried {
  explicit tried(std::uint16_t n, std::uint64_t entered = 0)
      : sync(replica(0), {n}, view(entered)) {}
  void wish(std::initializer_list<std::uint64_t> who, std::uint64_t v) {
    for (auto i : who)
      sync.on_wish(replica(i), view(v));
  }
  std::uint64_t wished() const {
    return sync.wish().value();
  }
  /// 0: none.
  std::uint64_t entry() {
    auto v = sync.take_entry();
    return v ? v->value() : 0;
  }
  synchronizer sync;
};

} // namespace

CAF_TEST(f wishes move nobody) {
  tried t{4};
  t.wish({1}, 1);
  CAF_CHECK_EQUAL(t.wished(), 0u);
  tried s{7};
  s.wish({1, 2}, 1);
  CAF_CHECK_EQUAL(s.wished(), 0u);
  CAF_CHECK_EQUAL(s.entry(), 0u);
}

CAF_TEST(f plus 1 are joined) {
  tried t{4};
  t.wish({1, 2}, 1);
  CAF_CHECK_EQUAL(t.wished(), 1u);
  tried s{7};
  s.wish({1, 2, 3}, 1);
  CAF_CHECK_EQUAL(s.wished(), 1u);
  CAF_CHECK_EQUAL(s.entry(), 0u); // with the own one these are four of the five
}

CAF_TEST(the highest view that f plus 1 wish for is joined) {
  tried t{7};
  t.wish({1}, 9);
  t.wish({2}, 5);
  t.wish({3}, 3);
  CAF_CHECK_EQUAL(t.wished(), 3u);
  t.wish({4}, 4);
  CAF_CHECK_EQUAL(t.wished(), 4u);
}

CAF_TEST(2f plus 1 enter and only once) {
  tried t{4};
  t.wish({1}, 1);
  CAF_CHECK_EQUAL(t.entry(), 0u);
  t.wish({2}, 1);
  CAF_CHECK_EQUAL(t.entry(), 1u);
  CAF_CHECK_EQUAL(t.sync.entered().value(), 1u);
  CAF_CHECK_EQUAL(t.entry(), 0u);
  t.wish({3}, 1);
  CAF_CHECK_EQUAL(t.entry(), 0u);
}

CAF_TEST(2f wishes enter nothing) {
  tried t{7};
  t.sync.advance();
  t.wish({1, 2, 3}, 1);
  CAF_CHECK_EQUAL(t.entry(), 0u);
  t.wish({4}, 1);
  CAF_CHECK_EQUAL(t.entry(), 1u);
}

CAF_TEST(the own wish counts) {
  tried t{4};
  t.sync.advance();
  CAF_CHECK_EQUAL(t.wished(), 1u);
  t.sync.advance(); // the view has not been entered
  CAF_CHECK_EQUAL(t.wished(), 1u);
  t.wish({1}, 1);
  CAF_CHECK_EQUAL(t.entry(), 0u);
  t.wish({2}, 1);
  CAF_CHECK_EQUAL(t.entry(), 1u);
  t.sync.advance();
  CAF_CHECK_EQUAL(t.wished(), 2u);
}

CAF_TEST(no view is entered that f plus 1 are beyond) {
  tried t{7};
  t.wish({1, 2}, 2);
  t.wish({3, 4, 5}, 1);
  CAF_CHECK_EQUAL(t.wished(), 1u);
  CAF_CHECK_EQUAL(t.sync.wishes()[1].value(), 2u);
  CAF_CHECK_EQUAL(t.entry(), 1u); // two may be faulty
  tried s{7};
  s.wish({1, 2, 3}, 2); // one of three is not
  s.wish({4, 5}, 1);
  CAF_CHECK_EQUAL(s.wished(), 2u);
  CAF_CHECK_EQUAL(s.entry(), 0u);
  s.wish({4}, 2);
  CAF_CHECK_EQUAL(s.entry(), 2u);
}

CAF_TEST(views in between are skipped) {
  tried t{4};
  t.wish({1, 2}, 17);
  CAF_CHECK_EQUAL(t.entry(), 17u);
}

CAF_TEST(the highest number of f replicas has no effect) {
  tried t{4};
  t.wish({3}, top);
  CAF_CHECK_EQUAL(t.wished(), 0u);
  CAF_CHECK_EQUAL(t.entry(), 0u);
  t.wish({1}, 1); // an honest one, and the liar: f+1 wish for view 1
  CAF_CHECK_EQUAL(t.wished(), 1u);
  CAF_CHECK_EQUAL(t.entry(), 1u);
  t.wish({1, 2}, 2);
  CAF_CHECK_EQUAL(t.entry(), 2u);
}

CAF_TEST(from the highest view there is no way on) {
  tried t{4, top};
  t.sync.advance();
  CAF_CHECK_EQUAL(t.wished(), top);
  CAF_CHECK_EQUAL(t.entry(), 0u);
  CAF_CHECK(!t.sync.jump(view(0)));
}

CAF_TEST(wishes are not taken back) {
  tried t{4};
  t.wish({1}, 3);
  t.wish({1}, 1);
  CAF_CHECK_EQUAL(t.sync.wishes()[1].value(), 3u);
  t.wish({2}, 3);
  CAF_CHECK_EQUAL(t.entry(), 3u);
  t.wish({1, 2, 3}, 1);
  CAF_CHECK_EQUAL(t.wished(), 3u);
  CAF_CHECK_EQUAL(t.entry(), 0u);
}

CAF_TEST(a jump enters at once and only ahead) {
  tried t{4, 2};
  CAF_CHECK(!t.sync.jump(view(2)));
  CAF_CHECK(!t.sync.jump(view(1)));
  CAF_CHECK_EQUAL(t.sync.entered().value(), 2u);
  CAF_CHECK(t.sync.jump(view(7)));
  CAF_CHECK_EQUAL(t.sync.entered().value(), 7u);
  CAF_CHECK_EQUAL(t.wished(), 7u);
  CAF_CHECK_EQUAL(t.entry(), 0u);
}

CAF_TEST(a jump below the own wish leaves that) {
  tried t{4};
  t.wish({1, 2}, 5);
  CAF_CHECK(t.sync.jump(view(3)));
  CAF_CHECK_EQUAL(t.wished(), 5u);
  CAF_CHECK_EQUAL(t.entry(), 5u);
}

CAF_TEST(a replica begins with the view it is in) {
  tried t{4, 6};
  CAF_CHECK_EQUAL(t.wished(), 6u);
  CAF_CHECK_EQUAL(t.entry(), 0u);
  t.sync.advance();
  CAF_CHECK_EQUAL(t.wished(), 7u);
}
