// Traces of real replicas conform; traces that were tampered with do not. Each way to tamper is
// tried many times at random places, and how many were refused is counted: where not all are, it
// says why that is right.
#define CAF_SUITE mutants
#include "tests/suite.hpp"

#include <algorithm>
#include <functional>

#include "conformance/check.hpp"
#include "tests/consensus/random_faults.hpp"

using namespace bourse::test;
using namespace bourse::conformance;

namespace {

using trace = std::vector<step>;

struct source {
  identity who;
  trace steps;
  std::shared_ptr<cluster> of; ///< for its keys
};

/// With view changes, crashes, partitions and losses; what a replica's life is made of.
std::vector<source> real_traces() {
  std::vector<source> out;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto o = faulty(4, 70'000 + seed);
    o.view_changes = true;
    o.keep_traces = true;
    auto c = std::make_shared<cluster>(o);
    std::uint64_t goal = 0;
    for (int round = 0; round < 12; ++round) {
      goal += c->random()() % 8;
      c->load(goal);
      c->run_for(c->random()() % 120);
      disturb(*c);
      for (std::uint16_t i = 0; i < o.n && round % 3 == 0; ++i)
        if (c->up(i))
          c->suspect(i, bourse::consensus::suspicion::link_lost);
    }
    c->heal();
    for (std::uint16_t i = 0; i < o.n; ++i)
      c->restart(i);
    c->load(goal += 10);
    CAF_REQUIRE(c->run_until([&] { return c->all_executed() >= goal; }, 20'000));
    for (std::uint16_t i = 0; i < o.n; ++i)
      out.push_back({c->identity(i), c->trace(i), c});
  }
  return out;
}

bool refused(const source& of, const trace& steps) {
  spec_replica spec{of.who, [&](replica_id by, purpose why, byte_view payload, const signature& s) {
                      return of.of->auth(0).verify(by, why, payload, s);
                    }};
  return std::ranges::any_of(steps, [&](const step& s) { return spec.take(s.what).has_value(); });
}

using dice = std::mt19937_64;

/// A random step of those that `fits` takes; null if there is none.
template <class Fits>
step* pick(trace& t, dice& r, Fits fits) {
  std::vector<step*> all;
  for (auto& s : t)
    if (fits(s))
      all.push_back(&s);
  return all.empty() ? nullptr : all[r() % all.size()];
}

template <class T>
T* message(step& s) {
  auto* e = std::get_if<said>(&s.what);
  return e ? std::get_if<T>(&e->what) : nullptr;
}
template <class E>
bool is(const step& s) {
  return std::holds_alternative<E>(s.what);
}

/// Signed by nobody, but own steps are believed.
template <class Vote>
bool change_digest(trace& t, dice& r) {
  auto* s = pick(t, r, [](step& x) { return message<Vote>(x) != nullptr; });
  if (s)
    message<Vote>(*s)->what.digest.data[r() % 32] ^= 1;
  return s != nullptr;
}

template <class Vote>
bool change_sequence(trace& t, dice& r, std::uint64_t by) {
  auto* s = pick(t, r, [](step& x) { return message<Vote>(x) != nullptr; });
  if (s) {
    auto& n = message<Vote>(*s)->what.sequence;
    n = seq(n.value() + by);
  }
  return s != nullptr;
}

template <class Fits>
bool drop(trace& t, dice& r, Fits fits) {
  auto* s = pick(t, r, fits);
  if (s)
    t.erase(t.begin() + (s - t.data()));
  return s != nullptr;
}

/// Re-encodes the content of a VIEW-CHANGE that was said.
bool change_view_change(trace& t, dice& r,
                        const std::function<bool(view_change_content&, dice&)>& how) {
  auto* s = pick(t, r, [&](step& x) {
    auto* m = message<view_change>(x);
    if (!m)
      return false;
    auto c = *decode_view_change_content(m->body, {});
    dice probe{1};
    return how(c, probe);
  });
  if (!s)
    return false;
  auto* m = message<view_change>(*s);
  auto c = *decode_view_change_content(m->body, {});
  how(c, r);
  m->body = encode(c);
  return true;
}

struct mutation {
  const char* name;
  std::function<bool(trace&, dice&)> make; ///< false: nothing there to be changed
  /// Of a hundred, so many are refused at least. Why not all:
  unsigned at_least;
  const char* why = "";
};

const std::vector<mutation> mutations{
    {"the digest of an own PREPARE", [](auto& t, auto& r) { return change_digest<prepare>(t, r); },
     100},
    {"the digest of an own COMMIT", [](auto& t, auto& r) { return change_digest<commit>(t, r); },
     100},
    {"the digest of an own PRE-PREPARE",
     [](auto& t, auto& r) { return change_digest<pre_prepare>(t, r); }, 80,
     "a primary may propose anything once; it is found when the true one was said before"},
    {"an own COMMIT a window higher",
     [](auto& t, auto& r) { return change_sequence<commit>(t, r, 16); }, 100},
    {"the digest of an executed block",
     [](auto& t, auto& r) {
       auto* s = pick(t, r, is<executing>);
       if (s)
         std::get<executing>(s->what).digest.data[0] ^= 1;
       return s != nullptr;
     },
     100},
    {"an execution left out, not the last of its life",
     [](auto& t, auto& r) {
       auto more = [&](const step& s) {
         auto next = std::find_if(t.begin() + (&s - t.data()) + 1, t.end(),
                                  [](auto& x) { return is<executing>(x) || is<started>(x); });
         return is<executing>(s) && next != t.end() && is<executing>(*next);
       };
       return drop(t, r, more);
     },
     100},
    {"an execution twice",
     [](auto& t, auto& r) {
       auto* s = pick(t, r, is<executing>);
       if (s)
         t.insert(t.begin() + (s - t.data()), *s);
       return s != nullptr;
     },
     100},
    {"a vote that was said is not on the disk of the next life",
     [](auto& t, auto& r) {
       auto* s = pick(t, r, [](step& x) {
         auto* e = std::get_if<started>(&x.what);
         return e && !e->votes.empty();
       });
       if (s) {
         auto& votes = std::get<started>(s->what).votes;
         votes.erase(votes.begin() + static_cast<std::ptrdiff_t>(r() % votes.size()));
       }
       return s != nullptr;
     },
     30, "votes of an earlier view bind nobody, and what was not said may be lost"},
    {"a start forgets its view",
     [](auto& t, auto& r) {
       auto* s = pick(t, r, [](step& x) {
         auto* e = std::get_if<started>(&x.what);
         return e && e->view.value() > 0;
       });
       if (s)
         std::get<started>(s->what).view = {};
       return s != nullptr;
     },
     50, "until it has said something in the view it is not bound"},
    {"a certificate left out of a VIEW-CHANGE",
     [](auto& t, auto& r) {
       return change_view_change(t, r, [](view_change_content& c, dice& d) {
         if (c.prepared.empty())
           return false;
         c.prepared.erase(c.prepared.begin()
                          + static_cast<std::ptrdiff_t>(d() % c.prepared.size()));
         return true;
       });
     },
     100},
    {"a signature less in a certificate of a VIEW-CHANGE",
     [](auto& t, auto& r) {
       return change_view_change(t, r, [](view_change_content& c, dice&) {
         if (c.prepared.empty())
           return false;
         c.prepared.front().prepares.pop_back();
         return true;
       });
     },
     100},
    {"a VIEW-CHANGE to a later view",
     [](auto& t, auto& r) {
       return change_view_change(t, r, [](view_change_content& c, dice&) {
         c.view = c.view.next().next();
         return true;
       });
     },
     100},
    {"an own CHECKPOINT of another state",
     [](auto& t, auto& r) {
       std::map<std::uint64_t, int> times;
       for (auto& s : t)
         if (auto* m = message<checkpoint>(s))
           ++times[m->what.sequence.value()];
       auto* s = pick(t, r, [&](step& x) {
         auto* m = message<checkpoint>(x);
         return m && times[m->what.sequence.value()] > 1;
       });
       if (s)
         message<checkpoint>(*s)->what.state.data[0] ^= 1;
       return s != nullptr;
     },
     100},
    {"all NEW-VIEWs unheard",
     [](auto& t, auto&) {
       return std::erase_if(t,
                            [](const step& s) {
                              auto* e = std::get_if<received>(&s.what);
                              return e && std::holds_alternative<new_view>(e->what);
                            })
              > 0;
     },
     100},
    {"all PREPAREs unheard",
     [](auto& t, auto&) {
       return std::erase_if(t,
                            [](const step& s) {
                              auto* e = std::get_if<received>(&s.what);
                              return e && std::holds_alternative<prepare>(e->what);
                            })
              > 0;
     },
     100},
    {"all pre-prepares unheard",
     [](auto& t, auto&) {
       return std::erase_if(t,
                            [](const step& s) {
                              auto* e = std::get_if<received>(&s.what);
                              return e && std::holds_alternative<pre_prepare>(e->what);
                            })
              > 0;
     },
     100},
    {"what was heard an instant after what was said for it",
     [](auto& t, auto& r) { // the last message before a COMMIT is often the one that it needs
       auto* s = pick(t, r, [&](step& x) { return &x != t.data() && message<commit>(x); });
       if (!s || is<started>(s[-1]))
         return false;
       std::swap(s[0], s[-1]);
       return true;
     },
     0, "the disk takes its time: what it needed has mostly come long before"},
    {"any message unheard", [](auto& t, auto& r) { return drop(t, r, is<received>); }, 0,
     "most are not the last that a step needs, or come more than once"},
    {"anything unsaid", [](auto& t, auto& r) { return drop(t, r, is<said>); }, 0,
     "silence is always allowed: the specification is of safety"},
};

} // namespace

CAF_TEST(what real replicas do is allowed) {
  auto all = real_traces();
  std::uint64_t steps = 0, starts = 0, changes = 0;
  for (const auto& s : all) {
    CAF_CHECK(!refused(s, s.steps));
    steps += s.steps.size();
    starts += static_cast<std::uint64_t>(std::ranges::count_if(s.steps, is<started>));
    for (auto x : s.steps)
      changes += message<view_change>(x) != nullptr;
  }
  CAF_MESSAGE(all.size() << " traces, " << steps << " steps, " << starts << " starts, " << changes
                         << " view changes");
  CAF_CHECK(starts > 2 * all.size() && changes > all.size());
}

CAF_TEST(traces that were tampered with are refused) {
  constexpr int tries = 6;
  auto all = real_traces();
  dice r{42};
  unsigned long made_in_all = 0, refused_in_all = 0;
  for (const auto& m : mutations) {
    unsigned made = 0, found = 0;
    for (const auto& s : all)
      for (int i = 0; i < tries; ++i) {
        auto t = s.steps;
        if (!m.make(t, r))
          continue;
        ++made;
        found += refused(s, t);
      }
    CAF_MESSAGE(m.name << ": " << found << " of " << made << " refused"
                       << (found < made ? "; " : "") << (found < made ? m.why : ""));
    made_in_all += made;
    refused_in_all += found;
    CAF_CHECK(made > 0);
    CAF_CHECK(100 * found >= m.at_least * made);
  }
  CAF_MESSAGE("in all: " << refused_in_all << " of " << made_in_all << " refused");
}
