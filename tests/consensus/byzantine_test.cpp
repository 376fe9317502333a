// Up to f replicas lie: the others never disagree, and go on if the primary is honest.
#define CAF_SUITE byzantine
#include "tests/suite.hpp"

#include "tests/consensus/cluster.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

/// Signs as the replica that it stands for.
class forger {
public:
  forger(cluster& c, std::uint16_t as) : auth_(c.auth(as)), self_(replica(as)) {}
  pre_prepare proposal(const statement& what, std::string_view block) const {
    return {what, auth_.sign(purpose::pre_prepare, signed_bytes(what)), share(block)};
  }
  peer_message again(const prepare&, const statement& what) const {
    return prepare{what, {self_, auth_.sign(purpose::prepare, signed_bytes(what))}};
  }
  peer_message again(const commit&, const statement& what) const {
    return commit{what, {self_, auth_.sign(purpose::commit, signed_bytes(what))}};
  }
  peer_message again(const checkpoint&, const checkpoint_statement& what) const {
    return checkpoint{what, {self_, auth_.sign(purpose::checkpoint, signed_bytes(what))}};
  }

private:
  const authenticator& auth_;
  replica_id self_;
};

/// What a two-faced replica says to those with an odd number.
std::string other_face(std::uint64_t n) {
  return "the other block " + std::to_string(n);
}

/// The same message with the other block in place of the first.
peer_message two_faced(cluster& c, std::uint16_t from, const peer_message& m) {
  forger f{c, from};
  auto other = [](statement what) {
    what.digest = hash(other_face(what.sequence.value()));
    return what;
  };
  if (auto* p = std::get_if<pre_prepare>(&m)) {
    if (c.core(from).is_primary())
      return f.proposal(other(p->what), other_face(p->what.sequence.value()));
  } else if (auto* p = std::get_if<prepare>(&m)) {
    return f.again(*p, other(p->what));
  } else if (auto* x = std::get_if<commit>(&m)) {
    return f.again(*x, other(x->what));
  }
  return m;
}

/// Something wrong made of something right.
std::vector<peer_message> garbled(cluster& c, std::uint16_t from, const peer_message& m,
                                  std::vector<peer_message>& seen) {
  auto& r = c.random();
  forger f{c, from};
  if (seen.size() < 200)
    seen.push_back(m);
  auto twist = [&](statement what) {
    switch (r() % 4) {
      case 0:
        what.digest = hash(std::to_string(r()));
        break;
      case 1:
        what.view = view_number{r() % 2 == 0 ? r() : r() % 8};
        break;
      case 2:
        what.sequence = sequence_number{r() % 2 == 0 ? r() : what.sequence.value() + r() % 5 - 2};
        break;
      default:
        break;
    }
    return what;
  };
  switch (r() % 10) {
    case 0:
      return {};
    case 1:
      return {m, m};
    case 2: // an old one again
      return {seen[r() % seen.size()], m};
    case 3:
      return {progress{view_number{r()}, sequence_number{r()}, sequence_number{r()}}};
    case 4:
      return {fetch_blocks{sequence_number{r() % 50}, sequence_number{r()}}, m};
    default:
      break;
  }
  if (auto* p = std::get_if<prepare>(&m))
    return {f.again(*p, twist(p->what))};
  if (auto* x = std::get_if<commit>(&m))
    return {f.again(*x, twist(x->what)), m};
  if (auto* k = std::get_if<checkpoint>(&m))
    return {f.again(*k, {sequence_number{r() % 3 == 0 ? r() * 4 : k->what.sequence.value()},
                         hash(std::to_string(r()))})};
  if (auto* p = std::get_if<pre_prepare>(&m)) {
    auto bad = *p;
    bad.block = share("not it");
    return {bad, fetch_proposal{p->what}};
  }
  if (auto* b = std::get_if<committed_block>(&m)) {
    auto bad = *b;
    if (r() % 2 == 0)
      bad.block = share("not it");
    else
      bad.certificate.commits[0] = bad.certificate.commits[1];
    return {bad};
  }
  return {m};
}

/// Replicas that lie in a run of `n`, the primary first if it is one of them.
std::vector<std::uint16_t> liars(std::uint16_t n, bool primary) {
  std::vector<std::uint16_t> out;
  for (std::uint16_t i = 0; i < cluster_size{n}.f(); ++i)
    out.push_back(static_cast<std::uint16_t>(primary ? i : i + 1));
  return out;
}

std::uint64_t most_executed(const cluster& c, std::uint16_t first_honest) {
  std::uint64_t most = 0;
  for (auto i = first_honest; i < c.options().n; ++i)
    most = std::max(most, c.executed(i));
  return most;
}

cluster_options some_faults(std::uint16_t n, std::uint64_t seed) {
  cluster_options o;
  o.n = n;
  o.seed = seed;
  o.loss_percent = static_cast<std::uint32_t>(seed % 3 * 5);
  o.duplicate_percent = static_cast<std::uint32_t>(seed % 2 * 10);
  o.delay_us_max = seed % 2 == 0 ? 500 : 8000;
  return o;
}

/// The primary and its accomplices tell odd replicas another block.
std::string two_faced_run(std::uint16_t n, std::uint64_t seed) {
  cluster c{some_faults(n, seed)};
  for (auto i : liars(n, true))
    c.make_byzantine(i);
  c.tamper = [&](std::uint16_t from, std::uint16_t to, const peer_message& m) {
    auto both = c.random()() % 8 == 0;
    if (both)
      return std::vector<peer_message>{m, two_faced(c, from, m)};
    return std::vector<peer_message>{to % 2 == 0 ? m : two_faced(c, from, m)};
  };
  c.load(12);
  c.run_for(150);
  auto i = static_cast<std::uint16_t>(c.random()() % n);
  c.crash(i);
  c.run_for(50);
  c.restart(i);
  c.heal();
  c.run_for(1);
  // What one honest replica executed, all of them do.
  auto first_honest = cluster_size{n}.f();
  auto done = [&] {
    return c.all_executed() >= most_executed(c, first_honest);
  };
  c.run_for(300);
  if (!c.run_until(done, 5000))
    return "an executed block does not spread: " + c.describe();
  return c.violations().empty() ? "" : c.describe();
}

/// f backups send rubbish; replica 0 leads.
std::string garbling_run(std::uint16_t n, std::uint64_t seed) {
  cluster c{some_faults(n, seed)};
  for (auto i : liars(n, false))
    c.make_byzantine(i);
  std::vector<peer_message> seen;
  c.tamper = [&](std::uint16_t from, std::uint16_t, const peer_message& m) {
    return garbled(c, from, m, seen);
  };
  c.load(20);
  c.run_for(100);
  c.crash(0);
  c.run_for(20);
  c.restart(0);
  c.heal();
  if (!c.run_until([&] { return c.all_executed() >= 20; }, 10'000))
    return "no progress: " + c.describe();
  return c.violations().empty() ? "" : c.describe();
}

void many(std::uint16_t n, std::uint64_t first, std::uint64_t count,
          std::string (*run)(std::uint16_t, std::uint64_t)) {
  for (auto seed = first; seed < first + count; ++seed) {
    auto wrong = run(n, seed);
    if (!wrong.empty())
      CAF_FAIL(wrong);
  }
  CAF_CHECK(count > 0);
}

} // namespace

CAF_TEST(a two faced primary makes no two replicas disagree) {
  many(4, 1, 300, two_faced_run);
}

CAF_TEST(a two faced primary and an accomplice among seven) {
  many(7, 1001, 100, two_faced_run);
}

CAF_TEST(a two faced primary and two accomplices among ten) {
  many(10, 2001, 50, two_faced_run);
}

CAF_TEST(a garbling backup stops nobody) {
  many(4, 3001, 200, garbling_run);
}

CAF_TEST(two garbling backups among seven) {
  many(7, 4001, 60, garbling_run);
}

CAF_TEST(three garbling backups among ten) {
  many(10, 5001, 30, garbling_run);
}

CAF_TEST(honest replicas keep evidence of two proposals for one slot) {
  cluster_options o;
  cluster c{o};
  c.make_byzantine(0);
  c.tamper = [&](std::uint16_t from, std::uint16_t, const peer_message& m) {
    std::vector<peer_message> out{m};
    if (std::holds_alternative<pre_prepare>(m))
      out.push_back(two_faced(c, from, m));
    return out;
  };
  c.load(1);
  c.run_for(100);
  for (std::uint16_t i : {1, 2, 3}) {
    CAF_CHECK_EQUAL(c.core(i).counters().equivocations, 1u);
  }
  c.run_for(1000);
  CAF_CHECK_EQUAL(c.violations().size(), 0u);
}

CAF_TEST(a block that a replica finds unacceptable is executed if 2f plus 1 accept it) {
  cluster_options o;
  cluster c{o};
  c.acceptable = [](std::uint16_t at, const statement& what) {
    return at != 2 || what.sequence.value() != 3;
  };
  c.load(6);
  CAF_CHECK(c.run_until([&] { return c.all_executed() >= 6; }, 3000));
  CAF_CHECK(c.core(2).counters().rejected_proposals >= 1);
  CAF_CHECK_EQUAL(c.violations().size(), 0u);
}

CAF_TEST(a block that f plus 1 find unacceptable is never executed) {
  cluster_options o;
  cluster c{o};
  c.acceptable = [](std::uint16_t at, const statement& what) {
    return at < 2 || what.sequence.value() != 3;
  };
  c.load(6);
  c.run_for(3000);
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(c.executed(i), 2u);
  CAF_CHECK_EQUAL(c.violations().size(), 0u);
}
