#define CAF_SUITE sequencing
#include "tests/suite.hpp"

#include <algorithm>

#include "tests/fairness/fair_cluster.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

constexpr std::uint64_t ms = 1'000;

/// Submissions of a few streams, each in order, to some of the replicas at first.
class crowd {
public:
  crowd(const market::rules& rules, fair_cluster& cluster, std::uint64_t seed)
      : rules_(rules), cluster_(cluster), random_(seed ^ 0x5eed) {}

  /// One more of some stream, at replicas of which one at least is honest. None if its credit is
  /// used up.
  void send() {
    auto client = static_cast<std::uint32_t>(below(rules_.clients.size()));
    auto stream = static_cast<std::uint8_t>(below(2));
    auto& sent = sent_[{client, stream}];
    if (sent - executed(client, stream) >= rules_.stream_window)
      return;
    auto body = submission_of(rules_, header(client, stream, ++sent), lane::ordinary, 1 + below(3),
                              below(1000));
    bodies_.push_back(body);
    std::uint16_t first = 0;
    while (!cluster_.honest(first = static_cast<std::uint16_t>(below(replicas()))))
      ;
    for (std::uint16_t i = 0; i < replicas(); ++i)
      if (i == first || below(4) != 0)
        to_deliver_.emplace_back(body, replica_id{i});
  }
  /// What was sent reaches somebody. A client says it until it is executed.
  void deliver(std::size_t most = SIZE_MAX) {
    for (; most > 0 && !to_deliver_.empty(); --most) {
      auto at = below(to_deliver_.size());
      auto [body, to] = to_deliver_[at];
      to_deliver_.erase(to_deliver_.begin() + static_cast<std::ptrdiff_t>(at));
      cluster_.client_sends(body, to);
    }
  }
  void say_again() {
    for (const auto& b : bodies_)
      for (std::uint16_t i = 0; i < replicas(); ++i)
        cluster_.client_sends(b, replica_id{i});
  }

  std::size_t sent() const {
    return bodies_.size();
  }

private:
  std::uint64_t below(std::uint64_t n) {
    return random_.below(n);
  }
  std::uint16_t replicas() const {
    return static_cast<std::uint16_t>(replica_count);
  }
  std::uint64_t executed(std::uint32_t client, std::uint8_t stream) {
    std::uint64_t n = 0;
    for (const auto& s : cluster_.executed(0))
      n += s->content.client.value() == client && s->content.stream.value() == stream ? 1 : 0;
    return n;
  }

public:
  std::size_t replica_count = 4;

private:
  const market::rules& rules_;
  fair_cluster& cluster_;
  splitmix64 random_;
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint64_t> sent_;
  std::vector<submission_ptr> bodies_;
  std::vector<std::pair<submission_ptr, replica_id>> to_deliver_;
};

std::vector<digest> names(const std::vector<submission_ptr>& from) {
  std::vector<digest> out;
  for (const auto& s : from)
    out.push_back(s->digest);
  return out;
}

/// Executed in another order than honest stamps say, though these do not overlap. All are of one
/// lane, and no number waits for an earlier one that is in a worse.
std::size_t flips(const fair_cluster& c, std::uint16_t replicas) {
  struct span {
    stamp_time first{UINT64_MAX};
    stamp_time last;
    std::size_t honest = 0;
  };
  const auto& order = c.executed(0);
  std::vector<span> spans;
  std::size_t all = 0;
  for (std::uint16_t i = 0; i < replicas; ++i)
    all += c.honest(i) ? 1 : 0;
  for (const auto& s : order) {
    span x;
    if (auto it = c.stamps().find(s->digest); it != c.stamps().end())
      for (auto [who, when] : it->second) {
        x.first = std::min(x.first, when);
        x.last = std::max(x.last, when);
        ++x.honest;
      }
    // Who has not stamped it would do so later than anything.
    if (x.honest < all)
      x.last = stamp_time{UINT64_MAX};
    spans.push_back(x);
  }
  std::size_t found = 0;
  for (std::size_t a = 0; a < order.size(); ++a)
    for (std::size_t b = a + 1; b < order.size(); ++b)
      found += spans[b].last < spans[a].first ? 1 : 0;
  return found;
}

} // namespace

CAF_TEST(an idle cluster is quiet) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  c.run(10'000 * ms);
  CAF_CHECK_EQUAL(c.messages(), 0u);
  CAF_CHECK_EQUAL(c.blocks(), 0u);
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK(!c.at(i).next_event());
}

CAF_TEST(a lone order executes at the first boundary after it and all are quiet again) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  c.run(5 * ms);
  auto body = submission_of(rules, header(0, 0, 1), lane::ordinary);
  for (std::uint16_t i = 0; i < 4; ++i)
    c.client_sends(body, replica_id{i});
  c.run(30 * ms); // the boundary, reports, and a block
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(names(c.executed(i)), std::vector<digest>{body->digest});
  c.run(1'000 * ms);
  auto said = c.messages();
  c.run(10'000 * ms);
  CAF_CHECK_EQUAL(c.messages(), said);
  CAF_CHECK_LESS_OR_EQUAL(c.blocks(), 2u);
}

CAF_TEST(an order that one replica has is fetched and stamped by the others) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  auto body = submission_of(rules, header(0, 0, 1), lane::ordinary);
  c.client_sends(body, replica_id{3});
  c.run(200 * ms);
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(names(c.executed(i)), std::vector<digest>{body->digest});
}

CAF_TEST(orders execute though one replica is away and one has a clock far behind) {
  auto rules = fair_rules();
  fair_cluster::options o;
  o.skew_us = 400 * ms;
  fair_cluster c(rules, o);
  c.cut_off(replica_id{3});
  auto body = submission_of(rules, header(0, 0, 1), lane::ordinary);
  for (std::uint16_t i = 0; i < 3; ++i)
    c.client_sends(body, replica_id{i});
  c.run(1'000 * ms);
  for (std::uint16_t i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(c.executed(i).size(), 1u);
  c.reconnect(replica_id{3});
  c.run(1'000 * ms);
  CAF_CHECK_EQUAL(c.executed(3).size(), 1u);
}

CAF_TEST(what has no room in a block executes with the next ones) {
  auto rules = fair_rules();
  rules.blocks.max_requests = 2;
  fair_cluster c(rules, {});
  for (std::uint32_t client = 0; client < 4; ++client)
    for (std::uint8_t stream = 0; stream < 2; ++stream)
      for (std::uint16_t i = 0; i < 4; ++i)
        c.client_sends(submission_of(rules, header(client, stream, 1), lane::ordinary),
                       replica_id{i});
  c.run(40 * ms);
  CAF_CHECK_EQUAL(c.executed(0).size(), 8u);
  CAF_CHECK_LESS_OR_EQUAL(4u, c.blocks());
}

CAF_TEST(a switch that is due has a block made without orders) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  c.run(100 * ms);
  auto due = c.block_time_now() + 500;
  for (std::uint16_t i = 0; i < 4; ++i)
    c.switch_due(i, block_time{due});
  c.run(400 * ms);
  CAF_CHECK_EQUAL(c.blocks(), 0u);
  c.run(200 * ms);
  CAF_CHECK_EQUAL(c.blocks(), 1u);
  CAF_CHECK_LESS_OR_EQUAL(due, c.last_block_time().value());
}

CAF_TEST(blocks that are owed are made without orders) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  for (std::uint16_t i = 0; i < 4; ++i)
    c.fill(i, sequence_number{5});
  c.run(500 * ms);
  CAF_CHECK_EQUAL(c.blocks(), 5u);
  auto said = c.messages();
  c.run(5'000 * ms);
  CAF_CHECK_EQUAL(c.messages(), said);
}

CAF_TEST(random clusters execute everything in one order) {
  auto first = first_seed();
  std::size_t wrong = 0;
  for (auto seed = first; seed < first + 60; ++seed) {
    auto rules = fair_rules(6);
    rules.stream_window = 8;
    splitmix64 random(seed);
    fair_cluster::options o;
    o.seed = seed;
    o.replicas = random.next() % 4 == 0 ? 7 : 4;
    cluster_size size{o.replicas};
    o.liars = random.next() % 3 == 0 ? size.f() : 0;
    o.loss_percent = random.next() % 2 == 0 ? static_cast<unsigned>(random.next() % 30) : 0;
    o.delay_us = 1 + random.next() % (30 * ms);
    o.skew_us = random.next() % 2 == 0 ? random.next() % (100 * ms) : 0;
    if (random.next() % 2 == 0)
      rules.blocks.max_requests = 4;
    fair_cluster c(rules, o);
    crowd clients(rules, c, seed);
    clients.replica_count = o.replicas;
    bool faulty = random.next() % 3 != 0;
    for (int step = 0; step < 100; ++step) {
      for (auto k = random.next() % 4; k > 0; --k)
        clients.send();
      clients.deliver(random.next() % 12);
      c.run(random.next() % (20 * ms));
      if (!faulty)
        continue;
      auto who = replica_id{static_cast<std::uint16_t>(random.next() % size.n)};
      switch (random.next() % 30) {
        case 0:
          c.change_view();
          break;
        case 1:
          c.restart(who);
          c.change_view();
          break;
        case 2:
          c.cut_off(who);
          break;
        case 3:
          c.reconnect(who);
          break;
        default:
          break;
      }
    }
    clients.deliver();
    c.heal();
    for (int k = 0; k < 40 && (c.executed(0).size() < clients.sent() || !c.settled()); ++k) {
      clients.say_again();
      c.run(500 * ms);
      if (k % 3 == 2)
        c.change_view(); // a primary may be a liar, or have lost its grants
    }
    bool good = !c.times_fall() && c.executed(0).size() == clients.sent() && flips(c, size.n) == 0;
    for (std::uint16_t i = 0; i < size.n; ++i)
      good = good && (!c.honest(i) || names(c.executed(i)) == names(c.executed(0)));
    // Nothing is left that anybody would ask for, but what liars say that they have.
    c.run(5'000 * ms);
    auto said = c.messages();
    c.run(20'000 * ms);
    good = good && (o.liars > 0 || c.messages() == said);
    if (!good) {
      ++wrong;
      CAF_MESSAGE("seed " << seed << ": " << c.executed(0).size() << " of " << clients.sent()
                          << ", flips " << flips(c, size.n) << ", blocks " << c.blocks() << ", n "
                          << o.replicas << ", liars " << o.liars << ", loss " << o.loss_percent
                          << ", faulty " << faulty << ", messages since " << c.messages() - said
                          << c.describe());
    }
  }
  CAF_CHECK_EQUAL(wrong, 0u);
}

CAF_TEST(a replica whose disk was lost goes on from where the log has its chain) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  crowd clients(rules, c, 1);
  for (int k = 0; k < 10; ++k) {
    clients.send();
    clients.deliver();
    c.run(50 * ms);
  }
  c.restart(replica_id{2}, true);
  for (int k = 0; k < 10; ++k) {
    clients.send();
    clients.deliver();
    c.run(50 * ms);
  }
  c.run(1'000 * ms);
  CAF_CHECK_EQUAL(c.executed(2).size(), clients.sent());
  CAF_CHECK_EQUAL(names(c.executed(2)), names(c.executed(0)));
}

CAF_TEST(a client that says another thing to everybody holds up none but itself) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  // As many bodies under one number as each replica takes: none ever has two stamps.
  for (std::uint16_t i = 0; i < 4; ++i)
    for (std::uint64_t v = 0; v < 4; ++v)
      c.client_sends(submission_of(rules, header(0, 0, 1), lane::ordinary, 1, 4 * i + v),
                     replica_id{i});
  c.run(100'000 * ms);
  CAF_CHECK_EQUAL(c.executed(0).size(), 0u);
  CAF_CHECK_LESS(c.blocks(), 100u); // seldom enough
  auto body = submission_of(rules, header(1, 0, 1), lane::ordinary);
  for (std::uint16_t i = 0; i < 4; ++i)
    c.client_sends(body, replica_id{i});
  c.run(3'000 * ms);
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(names(c.executed(i)), std::vector<digest>{body->digest});
}

CAF_TEST(a replica that was alone for long finds its way back) {
  auto rules = fair_rules();
  fair_cluster c(rules, {});
  c.cut_off(replica_id{1});
  c.cut_off(replica_id{3});
  // It reports until its chain may not grow any more, and nobody hears of it.
  auto body = submission_of(rules, header(0, 0, 1), lane::ordinary);
  c.client_sends(body, replica_id{3});
  c.run(200'000 * ms);
  CAF_CHECK(c.at(3).own().full());
  c.reconnect(replica_id{3});
  c.run(10'000 * ms); // without replica 1
  for (std::uint16_t i : {0, 2, 3})
    CAF_CHECK_EQUAL(names(c.executed(i)), std::vector<digest>{body->digest});
  auto said = c.messages();
  c.run(10'000 * ms);
  CAF_CHECK_EQUAL(c.messages(), said);
}
