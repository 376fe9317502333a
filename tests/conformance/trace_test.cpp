#define CAF_SUITE trace
#include "tests/suite.hpp"

#include <random>

#include "conformance/check.hpp"
#include "tests/conformance/reseal.hpp"
#include "tests/conformance/story.hpp"

using namespace bourse::test;

namespace {

const statement one = about(1, "one");

/// One step of every kind, with all that it can hold.
std::vector<step> samples() {
  started s;
  s.view = view(1);
  s.new_view = begins(1, {changes(0, 1), changes(1, 1), changes(3, 1)}, {});
  s.stable = proof(4, "state");
  s.executed = seq(5);
  s.chain = hash("chain");
  s.silent = true;
  s.votes = {{phase::prepare, one}, {phase::commit, one}};
  s.proposals = {one, about(2, "two")};
  s.prepared = {certificate(one, {1, 3})};
  s.committed = {finality(one, {0, 1, 3})};
  return {{1, started{}},
          {2, s},
          {3, received{replica(3), proposes(one)}},
          {4, received{replica(0), changes(0, 1, {certificate(one, {1, 3})})}},
          {5, said{std::nullopt, commits(hero, one)}},
          {6, said{replica(1), committed_block{finality(one, {0, 1, 3}), nullptr}}},
          {7, said{std::nullopt, *s.new_view}},
          {8, executing{seq(1), one.digest, hash("chain")}},
          {9, spoke{}}};
}

bytes written(const std::vector<step>& steps) {
  auto out = trace_header(hero_identity());
  for (const auto& s : steps)
    out += trace_record(s.time_ns, s.what);
  return out;
}

/// What the reader makes of it: the steps, and the error's code if there is one.
std::pair<std::vector<step>, std::optional<errc>> read(byte_view all) {
  auto reader = trace_reader::open(all);
  if (!reader)
    return {{}, reader.error().code};
  std::vector<step> out;
  for (;;) {
    auto next = reader->next();
    if (!next)
      return {out, next.error().code};
    if (!*next)
      return {out, std::nullopt};
    out.push_back(std::move(**next));
  }
}

} // namespace

CAF_TEST(what is written is read) {
  auto [steps, problem] = read(written(samples()));
  CAF_CHECK(!problem);
  CAF_CHECK(steps == samples());
  auto reader = trace_reader::open(written({}));
  CAF_REQUIRE(reader);
  CAF_CHECK(reader->who() == hero_identity());
}

CAF_TEST(blocks are left out) {
  auto with_block = proposes(one);
  with_block.block = share("a long block");
  CAF_CHECK(trace_record(3, received{replica(3), with_block})
            == trace_record(3, received{replica(3), proposes(one)}));
}

CAF_TEST(a trace that was cut anywhere gives the steps before) {
  auto all = written(samples());
  std::size_t whole = 0;
  for (std::size_t size = trace_header_bytes; size < all.size(); ++size) {
    auto [steps, problem] = read(byte_view{all}.substr(0, size));
    CAF_REQUIRE(!problem);
    CAF_REQUIRE(steps.size() >= whole && steps.size() < samples().size());
    whole = steps.size();
  }
  CAF_CHECK_EQUAL(whole, samples().size() - 1);
  for (std::size_t size = 0; size < trace_header_bytes; ++size)
    CAF_REQUIRE(read(byte_view{all}.substr(0, size)).second);
}

CAF_TEST(a full trace says so) {
  auto all = written(samples()) + trace_end();
  auto reader = trace_reader::open(all);
  CAF_REQUIRE(reader);
  auto more = reader->skip();
  while (more && *more)
    more = reader->skip();
  CAF_CHECK(more && reader->full() && !reader->cut_off());
  CAF_CHECK_EQUAL(reader->place(), all.size());
  CAF_CHECK(read(all + trace_record(1, spoke{})).second == errc::malformed);
}

CAF_TEST(headers of nobody are refused) {
  auto all = written({});
  CAF_CHECK(read("").second == errc::malformed);
  CAF_CHECK(read("something else altogether").second == errc::malformed);
  auto later = all;
  later[13] = '1';
  CAF_CHECK(read(later).second == errc::unsupported_version);
  using change = void (*)(identity&);
  for (change make : {change{[](identity& i) {
                        i.size.n = 5;
                      }},
                      change{[](identity& i) {
                        i.self = replica(4);
                      }},
                      change{[](identity& i) {
                        i.window = 0;
                      }},
                      change{[](identity& i) {
                        i.window = 65;
                      }},
                      change{[](identity& i) {
                        i.checkpoint_interval = 0;
                      }}}) {
    auto who = hero_identity();
    make(who);
    CAF_CHECK(read(trace_header(who)).second == errc::malformed);
  }
}

CAF_TEST(no byte can change unseen) {
  auto good = written(samples());
  CAF_CHECK(resealed(good) == good);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    CAF_REQUIRE(read(bad).second);
  }
}

CAF_TEST(zeros at the end are what a power cut leaves) {
  auto good = written(samples());
  auto longer = good + bytes(5000, '\0');
  auto reader = trace_reader::open(longer);
  CAF_REQUIRE(reader);
  auto next = reader->next();
  while (next && *next)
    next = reader->next();
  CAF_CHECK(next && reader->cut_off());
  CAF_CHECK_EQUAL(reader->left(), 5000u);
  longer.back() = 1;
  CAF_CHECK(read(longer).second == errc::malformed);
}

CAF_TEST(hostile bytes end in an error) {
  std::mt19937_64 r{7};
  auto good = written(samples());
  std::uint64_t errors = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bad = good;
    for (auto n = 1 + r() % 4; n > 0; --n)
      bad[trace_magic.size() + r() % (bad.size() - trace_magic.size())]
          = static_cast<char>(r() % 3 == 0 ? 0xff : r());
    spec_cluster cluster;
    // And the specification outlives it.
    errors += !check_trace(resealed(bad), verify_stand_in, cluster);
  }
  CAF_MESSAGE(errors << " of 20000 did not decode");
  CAF_CHECK(errors > 1000);
  auto too_long = good + std::string("\xff\xff\xff\x7f", 4) + std::string(8, 'x');
  CAF_CHECK(read(resealed(too_long)).second == errc::too_large);
}

CAF_TEST(a report counts and names the step that is refused) {
  started first;
  first.chain = cluster_id();
  auto trace = trace_header(hero_identity()) + trace_record(1, first)
               + trace_record(2, received{replica(0), proposes(one)})
               + trace_record(3, said{std::nullopt, prepares(hero, one)})
               + trace_record(4, said{std::nullopt, commits(hero, one)}) + trace_record(5, spoke{});
  spec_cluster cluster;
  auto report = check_trace(trace, {}, cluster);
  CAF_REQUIRE(report && report->refused);
  CAF_CHECK_EQUAL(report->refused->record, 4u);
  CAF_CHECK_EQUAL(report->refused->time_ns, 4u);
  CAF_CHECK(report->refused->step.starts_with("says to all: COMMIT of block 1 in view 0"));
  CAF_CHECK_EQUAL(report->starts, 1u);
  CAF_CHECK_EQUAL(report->heard, 1u);
  CAF_CHECK_EQUAL(report->said.at("prepare"), 1u);
  CAF_CHECK_EQUAL(report->said.at("commit"), 1u);
}
