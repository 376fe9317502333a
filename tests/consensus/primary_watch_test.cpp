#define CAF_SUITE primary_watch
#include "tests/suite.hpp"

#include "consensus/primary_watch.hpp"
#include "tests/consensus/stand_in.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr std::uint64_t ms = 1'000'000;

/// Time stands still unless a test moves it; work is told of every 10 ms while it passes.
struct watched {
  explicit watched(patience p = {}) : watch(p) {
    watch.begin(now);
  }
  void tell() {
    watch.on_work(now, work);
  }
  void pass(std::uint64_t milliseconds, std::uint64_t requests_per_10_ms = 0) {
    for (std::uint64_t t = 0; t < milliseconds; t += 10) {
      now += 10 * ms;
      if (requests_per_10_ms > 0) {
        work.executed_requests += requests_per_10_ms;
        work.executed = work.executed.next();
      }
      tell();
    }
  }
  void owe(std::uint32_t requests) {
    work.owed = requests;
    tell();
  }
  void execute() {
    ++work.executed_requests;
    work.executed = work.executed.next();
    tell();
  }
  std::optional<suspicion> due(std::uint32_t factor = 1) const {
    return watch.due(now, factor);
  }

  primary_watch watch;
  work_seen work;
  std::uint64_t now = 5000 * ms;
};

} // namespace

CAF_TEST(who has nothing to do is not suspected) {
  watched w;
  w.pass(60'000);
  CAF_CHECK(!w.due());
}

CAF_TEST(stalled while requests pend) {
  watched w;
  w.owe(1);
  w.pass(390);
  CAF_CHECK(!w.due());
  w.pass(10);
  CAF_CHECK(w.due() == suspicion::stalled);
}

CAF_TEST(waiting begins with the first request and ends with the last) {
  watched w;
  w.pass(10'000);
  w.owe(1);
  w.pass(390);
  w.owe(7); // more of them do not begin it again
  w.pass(10);
  CAF_CHECK(w.due() == suspicion::stalled);
  w.owe(0);
  CAF_CHECK(!w.due());
  w.owe(1);
  w.pass(390);
  CAF_CHECK(!w.due());
}

CAF_TEST(any execution is progress) {
  watched w;
  w.owe(5);
  for (int i = 0; i < 10; ++i) {
    w.pass(300);
    CAF_CHECK(!w.due());
    w.execute();
  }
  w.pass(390);
  CAF_CHECK(!w.due());
}

CAF_TEST(progress is told of once) {
  watched w;
  CAF_CHECK(!w.watch.on_work(w.now, w.work));
  w.work.executed = seq(3);
  CAF_CHECK(w.watch.on_work(w.now, w.work));
  CAF_CHECK(!w.watch.on_work(w.now, w.work));
}

CAF_TEST(the factor lengthens patience) {
  watched w;
  w.owe(1);
  w.pass(400);
  CAF_CHECK(w.due(1).has_value());
  CAF_CHECK(!w.due(2));
  w.pass(390);
  CAF_CHECK(!w.due(2));
  w.pass(10);
  CAF_CHECK(w.due(2) == suspicion::stalled);
  CAF_CHECK(!w.due(32));
}

CAF_TEST(where blocks usually take longer more patience is had) {
  watched w;
  w.owe(1);
  w.pass(300);
  w.execute(); // 300 ms from block to block: 1200 are allowed
  w.pass(1190);
  CAF_CHECK(!w.due());
  w.pass(10);
  CAF_CHECK(w.due() == suspicion::stalled);
}

CAF_TEST(patience with long gaps has an end) {
  watched w;
  w.owe(1);
  w.pass(300);
  w.execute();
  w.pass(1190);
  CAF_CHECK(!w.due());
  w.execute();
  w.pass(1590); // four times 1190 would be more
  CAF_CHECK(!w.due());
  w.pass(10);
  CAF_CHECK(w.due() == suspicion::stalled);
}

CAF_TEST(a long gap is forgotten as blocks come fast again) {
  watched w;
  w.owe(1);
  w.pass(390);
  w.execute();
  for (int i = 0; i < 60; ++i) {
    w.pass(10);
    w.execute();
  }
  w.pass(400);
  CAF_CHECK(w.due() == suspicion::stalled);
}

CAF_TEST(gaps without anything pending do not count) {
  watched w;
  w.pass(1000);
  w.execute();
  w.owe(1);
  w.pass(400);
  CAF_CHECK(w.due() == suspicion::stalled);
}

CAF_TEST(an order that is passed over) {
  watched w;
  w.owe(100);
  w.work.oldest_wait_ms = 1999;
  w.pass(100, 1);
  CAF_CHECK(!w.due());
  w.work.oldest_wait_ms = 2000;
  w.pass(10, 1);
  CAF_CHECK(w.due() == suspicion::order_overdue);
  CAF_CHECK(!w.due(2));
  w.work.oldest_wait_ms = 4000;
  w.pass(10, 1);
  CAF_CHECK(w.due(2) == suspicion::order_overdue);
}

CAF_TEST(the link down for longer than the grace) {
  watched w;
  w.watch.on_link(w.now, false);
  w.pass(40);
  w.watch.on_link(w.now, false); // said again, not anew
  CAF_CHECK(!w.due());
  w.pass(10);
  CAF_CHECK(w.due() == suspicion::link_lost);
  CAF_CHECK(w.due(32) == suspicion::link_lost);
  w.watch.on_link(w.now, true);
  CAF_CHECK(!w.due());
}

CAF_TEST(a link that comes back within the grace) {
  watched w;
  for (int i = 0; i < 10; ++i) {
    w.watch.on_link(w.now, false);
    w.pass(40);
    w.watch.on_link(w.now, true);
    w.pass(40);
    CAF_CHECK(!w.due());
  }
}

CAF_TEST(far slower than just before) {
  watched w;
  w.owe(10'000);
  w.pass(5000, 100);
  CAF_CHECK(!w.due());
  w.pass(1000, 5); // a twentieth: one slow window is allowed
  CAF_CHECK(!w.due());
  w.pass(1100, 5);
  CAF_CHECK(w.due() == suspicion::slow);
}

CAF_TEST(one good window between slow ones is enough) {
  watched w;
  w.owe(10'000);
  w.pass(5000, 100);
  for (int i = 0; i < 3; ++i) {
    w.pass(1000, 5);
    w.pass(1000, 100);
    CAF_CHECK(!w.due());
  }
}

CAF_TEST(a tenth of what was shown is fast enough) {
  watched w;
  w.owe(10'000);
  w.pass(5000, 100);
  w.pass(5000, 11);
  CAF_CHECK(!w.due());
}

CAF_TEST(who has little to do is not slow) {
  watched w;
  w.owe(10'000);
  w.pass(5000, 100);
  w.owe(500); // of 10,000 in a window: no more pends than a slow one would do
  w.pass(5000, 1);
  CAF_CHECK(!w.due());
  // It is the least within the window that counts.
  w.owe(10'000);
  for (int i = 0; i < 5; ++i) {
    w.pass(500, 1);
    w.owe(3);
    w.owe(10'000);
    w.pass(500, 1);
  }
  CAF_CHECK(!w.due());
}

CAF_TEST(what was shown fades) {
  watched w;
  w.owe(10'000);
  w.pass(3000, 100);
  w.owe(0);
  w.pass(60'000); // 60 windows of nothing to do
  w.owe(10'000);
  w.pass(5000, 5);
  CAF_CHECK(!w.due());
}

CAF_TEST(a new primary starts afresh) {
  watched w;
  w.owe(1);
  w.watch.on_link(w.now, false);
  w.work.oldest_wait_ms = 5000;
  w.pass(500);
  CAF_CHECK(w.due().has_value());
  w.watch.begin(w.now);
  CAF_CHECK(!w.due());
  w.work.oldest_wait_ms = 0;
  w.pass(390);
  CAF_CHECK(!w.due());
  w.pass(10);
  CAF_CHECK(w.due() == suspicion::stalled); // the link is that of another
}

CAF_TEST(a new primary is judged by what the last one has shown) {
  watched w;
  w.owe(10'000);
  w.pass(5000, 100);
  w.watch.begin(w.now);
  w.pass(2100, 5);
  CAF_CHECK(w.due() == suspicion::slow);
}

CAF_TEST(an own pause is forgiven) {
  watched w;
  w.owe(1);
  w.watch.on_link(w.now, false);
  w.now += 10'000 * ms;
  w.watch.forgive(w.now);
  CAF_CHECK(!w.due());
  w.pass(40);
  CAF_CHECK(!w.due());
  w.pass(10);
  CAF_CHECK(w.due() == suspicion::link_lost); // it is down still
  w.watch.on_link(w.now, true);
  w.pass(350);
  CAF_CHECK(w.due() == suspicion::stalled);
}

CAF_TEST(every suspicion has a name of its own) {
  for (std::size_t i = 0; i < suspicions; ++i)
    for (std::size_t k = 0; k < i; ++k)
      CAF_CHECK_NOT_EQUAL(std::string{to_string(static_cast<suspicion>(i))},
                          std::string{to_string(static_cast<suspicion>(k))});
}
