#define CAF_SUITE audit
#include "tests/suite.hpp"

#include <random>

#include "storage/audit.hpp"
#include "tests/storage/base_steps.hpp"
#include "tests/storage/ledger_store.hpp"
#include "tests/storage/test_disk.hpp"

using namespace bourse::storage;
using namespace bourse::tests;
namespace consensus = bourse::consensus;
using bourse::fairness::name_of;

namespace {

struct fixture : ledger_store {
  explicit fixture(bool blocks = true) : ledger_store(2, blocks) {}

  expected<audit_report> verify() const {
    return verify_ledger(*s, ledger.genesis());
  }

  /// The block that the audit names; 0: all is good, and UINT64_MAX: the ledger is refused.
  std::uint64_t bad_block() {
    auto r = verify();
    if (!r)
      return UINT64_MAX;
    if (r->problem)
      CAF_MESSAGE("block " << r->problem->block.value() << ": " << r->problem->what);
    return r->problem ? r->problem->block.value() : 0;
  }

  void erase(family f, const bytes& key) {
    write_batch batch;
    batch.erase(f, key);
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  }

  template <class Record>
  void write(const Record& r) {
    write_batch batch;
    append(batch, r);
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(audit_tests, fixture)

CAF_TEST(a good ledger is good) {
  std::uint64_t told = 0;
  audit_options options;
  options.progress = [&](const audit_progress& p) {
    told = p.checked.value();
    CAF_CHECK_EQUAL(p.last.value(), block_count);
  };
  auto r = verify_ledger(*s, ledger.genesis(), options);
  CAF_REQUIRE(r.has_value());
  if (r->problem)
    CAF_FAIL("block " << r->problem->block.value() << ": " << r->problem->what);
  CAF_CHECK_EQUAL(told, block_count);
  CAF_CHECK(r->replica == ledger.self);
  CAF_CHECK(r->first == sequence_number{1});
  CAF_CHECK(r->base == sequence_number{0});
  CAF_CHECK(r->executed == ledger.last());
  CAF_CHECK_EQUAL(r->blocks, block_count);
  CAF_CHECK(r->checkpoint == sequence_number{16});
  CAF_CHECK(r->stable == sequence_number{16});
  CAF_CHECK(r->chain == block(block_count).chain);
  CAF_CHECK_EQUAL(r->without_results, 0u);
  CAF_CHECK_EQUAL(r->not_executable, 0u);
  std::uint64_t submissions = 0;
  std::uint64_t requests = 0;
  std::uint64_t trades = 0;
  for (auto& b : ledger.blocks()) {
    submissions += b.submissions.size();
    requests += b.result->requests;
    for (auto& x : b.result->settlements)
      trades += x.trade != trade_id{};
  }
  CAF_CHECK_EQUAL(r->submissions, submissions);
  CAF_CHECK_EQUAL(r->requests, requests);
  CAF_CHECK_EQUAL(r->trades, trades);
  CAF_CHECK(trades > 10);
  CAF_CHECK_EQUAL(r->supply.size(), 2u);
  CAF_CHECK(r->supply[0] == amount{4'000'000});
}

CAF_TEST(null blocks are good wherever they stand) {
  for (auto normal : {1, 3, 0, 6, 2, 1}) { // a checkpoint falls on one of them
    ledger.write_null_block(*s);
    ledger.write_blocks(*s, static_cast<std::size_t>(normal));
  }
  CAF_CHECK_EQUAL(bad_block(), 0u);
  auto r = verify();
  CAF_REQUIRE(r.has_value());
  CAF_CHECK(r->executed == ledger.last());
  CAF_CHECK(r->chain == ledger.blocks().back().chain);
  CAF_CHECK(r->time == ledger.blocks().back().result->time);
  ledger.write_null_block(*s); // the last one as well
  CAF_CHECK_EQUAL(bad_block(), 0u);
  CAF_CHECK(verify()->time == r->time);
}

CAF_TEST(a new view that its primary did not sign is named) {
  auto now = load_consensus(*s, ledger.cluster());
  CAF_REQUIRE(now && now->new_view);
  auto problem_with = [&](const new_view& v) {
    write(consensus::record{consensus::new_view_record{v}});
    auto r = verify();
    CAF_REQUIRE(r.has_value());
    return r->problem ? r->problem->what : "none";
  };
  auto has = [&](const new_view& v, std::string_view what) {
    auto problem = problem_with(v);
    CAF_MESSAGE(problem);
    return problem.find(what) != std::string::npos;
  };
  const auto& good = *now->new_view;
  auto bad = good;
  bad.by.replica = replica_id{2};
  CAF_CHECK(has(bad, "not signed by its primary"));
  bad = good;
  bad.by.signature.data[7] ^= 1;
  CAF_CHECK(has(bad, "not signed by its primary"));
  bad = good;
  bad.body += "x";
  CAF_CHECK(has(bad, "malformed content"));
  auto content = decode_new_view_content(good.body, {});
  CAF_REQUIRE(content.has_value());
  content->changes[1].by.signature.data[0] ^= 1;
  CAF_CHECK(has(ledger.make_new_view(*content), "a view change that is not signed"));
  CAF_CHECK_EQUAL(problem_with(good), "none");
}

CAF_TEST(a ledger without blocks is good) {
  memory_disk fresh;
  auto empty = open_memory_store(fresh);
  auto r = verify_ledger(*empty, ledger.genesis());
  CAF_REQUIRE(!r);
  CAF_CHECK(r.error().code == errc::not_found);
  CAF_REQUIRE(open_for(*empty, ledger.cluster(), ledger.self).has_value());
  r = verify_ledger(*empty, ledger.genesis());
  CAF_REQUIRE(r.has_value());
  CAF_CHECK(!r->problem);
  CAF_CHECK_EQUAL(r->blocks, 0u);
}

CAF_TEST(the ledger of another cluster is refused) {
  auto g = ledger.genesis();
  g.rules.cluster = hash("another");
  auto r = verify_ledger(*s, g);
  CAF_REQUIRE(!r);
  CAF_CHECK(r.error().code == errc::wrong_cluster);
}

CAF_TEST(an unfinished end is no problem) {
  // Committed, then the power went before bodies, results and earlier blocks were written.
  fake_ledger longer{2};
  memory_disk other_disk;
  auto other = open_memory_store(other_disk);
  longer.write_blocks(*other, block_count);
  longer.write_open_slot(*other); // as this one
  longer.write_blocks(*other, 5);
  auto copy = [&](std::uint64_t n) {
    write(consensus::record{consensus::committed_record{longer.blocks().at(n - 1).committed}});
  };
  auto copy_bodies = [&](std::uint64_t n) {
    auto& b = longer.blocks().at(n - 1);
    write(block_bodies{b.result->sequence, b.result->block_digest, b.submissions, b.voided});
  };
  auto copy_stamps = [&](std::uint64_t n, bool bodies) {
    auto& b = longer.blocks().at(n - 1);
    write_batch batch;
    for (const auto& r : b.reports)
      append(batch, *r);
    for (const auto& body : b.submissions)
      if (bodies)
        append_pending(batch, *body);
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  };
  copy(19);
  copy_bodies(19);
  copy_stamps(19, false);
  copy(20);
  copy_stamps(20, true); // voted for, with all that takes
  copy(21);
  copy_stamps(21, false); // its bodies are not here
  CAF_REQUIRE(!longer.blocks()[20].submissions.empty());
  copy(22);
  auto r = verify();
  CAF_REQUIRE(r.has_value());
  if (r->problem)
    CAF_FAIL("block " << r->problem->block.value() << ": " << r->problem->what);
  CAF_CHECK(r->executed == sequence_number{20});
  CAF_CHECK_EQUAL(r->without_results, 2u);
  CAF_CHECK_EQUAL(r->not_executable, 2u);
  CAF_CHECK(r->chain == longer.blocks()[19].chain);
  CAF_CHECK(r->state == longer.blocks()[19].state); // whatever was begun of 21
  // Here the reports are missing too, and then the block.
  erase(family::stamps, layout::chain_key(name_of(*longer.blocks()[20].reports[2])));
  erase(family::blocks, layout::sequence_key(sequence_number{22}));
  copy(23);
  copy_stamps(22, true);
  r = verify();
  CAF_REQUIRE(r && !r->problem);
  CAF_CHECK(r->executed == sequence_number{20});
  CAF_CHECK(r->state == longer.blocks()[19].state);
  CAF_CHECK_EQUAL(r->not_executable, 2u);
}

CAF_TEST(blocks that wait for the first one are no problem) {
  // A node that missed the beginning of its first run, and ended before it could ask for it.
  memory_disk other_disk;
  auto other = open_memory_store(other_disk);
  CAF_REQUIRE(open_for(*other, ledger.cluster(), ledger.self).has_value());
  write_batch batch;
  for (std::uint64_t n : {3, 4})
    append(batch,
           consensus::record{consensus::committed_record{ledger.blocks().at(n - 1).committed}});
  CAF_REQUIRE(other->write(batch, durability::synced).has_value());
  auto r = verify_ledger(*other, ledger.genesis());
  CAF_REQUIRE(r.has_value());
  CAF_CHECK(!r->problem);
  CAF_CHECK(r->executed == sequence_number{0});
  CAF_CHECK_EQUAL(r->not_executable, 2u);
}

CAF_TEST(missing parts are named) {
  for (std::uint64_t n : {1, 6, 16, 18}) {
    auto again = [&](family f, const bytes& key) {
      auto value = s->get(f, key);
      CAF_REQUIRE(value && *value);
      erase(f, key);
      auto named = bad_block();
      write_batch batch;
      batch.put(f, key, **value);
      CAF_REQUIRE(s->write(batch, durability::synced).has_value());
      CAF_REQUIRE_EQUAL(bad_block(), 0u);
      return named;
    };
    auto& b = block(n);
    CAF_MESSAGE("without parts of block " << n);
    auto sequence = b.result->sequence;
    if (n != 1) // without the first, the log would have been cut off, see below
      CAF_CHECK_EQUAL(again(family::blocks, layout::sequence_key(sequence)), n);
    CAF_CHECK_EQUAL(again(family::bodies, layout::bodies_key(sequence, b.result->block_digest)), n);
    for (auto& report : b.reports)
      CAF_CHECK_EQUAL(again(family::stamps, layout::chain_key(name_of(*report))), n);
    if (n != 18) // the last results may not have been written yet
      CAF_CHECK_EQUAL(again(family::results, layout::results_key(sequence)), n);
    if (!b.result->settlements.empty())
      CAF_CHECK_EQUAL(again(family::results, layout::settlements_key(sequence)), n);
    for (auto& part : b.result->reports)
      CAF_CHECK_EQUAL(again(family::reports, layout::report_key(part.client, part.first)), n);
  }
}

CAF_TEST(a certificate without a quorum is named) {
  auto c = block(7).committed;
  c.certificate.commits.pop_back();
  write(consensus::record{consensus::committed_record{c}});
  CAF_CHECK_EQUAL(bad_block(), 7u);
}

CAF_TEST(another block under the certificate is named) {
  auto c = block(7).committed;
  c.block = block(8).committed.block;
  write(consensus::record{consensus::committed_record{c}});
  CAF_CHECK_EQUAL(bad_block(), 7u);
}

CAF_TEST(a forged body is named) {
  for (auto& b : ledger.blocks()) {
    if (b.submissions.empty() || b.result->sequence.value() < 3)
      continue;
    auto forged = b.submissions;
    auto body = std::make_shared<verified_submission>(*forged[0]);
    body->source.signature.data[5] ^= 1;
    forged[0] = body;
    write(block_bodies{b.result->sequence, b.result->block_digest, forged, b.voided});
    CAF_CHECK_EQUAL(bad_block(), b.result->sequence.value());
    return;
  }
}

CAF_TEST(other bodies than the block executes are named) {
  fixture other{false};
  other.ledger.write_blocks(*other.s, 5);
  other.ledger.write_rivals(*other.s);
  other.ledger.write_blocks(*other.s, 3);
  CAF_CHECK_EQUAL(other.bad_block(), 0u);
  auto named = [&](std::uint64_t n, std::vector<submission_ptr> executed,
                   std::vector<submission_ptr> voided) {
    auto& b = other.block(n);
    other.write(block_bodies{b.result->sequence, b.result->block_digest, executed, voided});
    auto bad = other.bad_block();
    other.write(block_bodies{b.result->sequence, b.result->block_digest, b.submissions, b.voided});
    return bad;
  };
  auto& rivals = other.block(6);
  CAF_REQUIRE_EQUAL(rivals.voided.size(), 2u);
  auto executed = rivals.submissions;
  auto voided = rivals.voided;
  CAF_CHECK_EQUAL(named(6, executed, {voided[1], voided[0]}), 6u);
  CAF_CHECK_EQUAL(named(6, {voided[0]}, {executed[0], voided[1]}), 6u);
  CAF_CHECK_EQUAL(named(6, executed, {voided[0]}), 6u); // the other is nowhere
  voided.push_back(other.block(5).submissions.at(0));
  CAF_CHECK_EQUAL(named(6, executed, voided), 6u);
  for (std::uint64_t n = 1; n <= 5; ++n) {
    auto some = other.block(n).submissions;
    if (some.size() < 2)
      continue;
    std::swap(some[0], some[1]);
    CAF_CHECK_EQUAL(named(n, some, {}), n);
    some.push_back(some[0]);
    CAF_CHECK_EQUAL(named(n, some, {}), n);
  }
  CAF_CHECK_EQUAL(other.bad_block(), 0u);
}

CAF_TEST(bodies that wait for long are found in later blocks or pending) {
  memory_disk disk;
  auto other = open_memory_store(disk);
  fake_ledger busy{5, [](audit_genesis& g) {
                     g.rules.blocks.max_requests = 7;
                   }};
  CAF_REQUIRE(open_for(*other, busy.cluster(), busy.self).has_value());
  busy.write_blocks(*other, 300); // more than are read at once
  std::size_t waiting = 0;
  CAF_REQUIRE(load_pending(*other, [&](auto&, auto) -> expected<void> {
                ++waiting;
                return {};
              }).has_value());
  CAF_CHECK_EQUAL(waiting, busy.pending().size());
  CAF_CHECK(waiting > 5);
  auto r = verify_ledger(*other, busy.genesis());
  CAF_REQUIRE(r.has_value());
  if (r->problem)
    CAF_FAIL("block " << r->problem->block.value() << ": " << r->problem->what);
  CAF_CHECK(r->executed == busy.last());
  CAF_CHECK(r->state == busy.blocks().back().state);
  write_next_base(*other);
  prune(*other); // the state has some of them
  busy.write_blocks(*other, 20);
  r = verify_ledger(*other, busy.genesis());
  CAF_REQUIRE(r && !r->problem);
  CAF_CHECK(r->base == sequence_number{300});
  CAF_CHECK(r->state == busy.blocks().back().state);
  // One that the state does not have.
  auto all = busy.pending();
  auto body = *std::max_element(all.begin(), all.end(), [](auto& a, auto& b) {
    return a->content.number < b->content.number;
  });
  write_batch batch;
  erase_pending(batch, bourse::fairness::about(*body).about, body->digest);
  CAF_REQUIRE(other->write(batch, durability::synced).has_value());
  r = verify_ledger(*other, busy.genesis());
  CAF_REQUIRE(r && r->problem);
  CAF_MESSAGE("block " << r->problem->block.value() << ": " << r->problem->what);
  CAF_CHECK(r->problem->block > sequence_number{300});
}

CAF_TEST(results that the log does not give are named) {
  for (auto& b : ledger.blocks()) {
    auto n = b.result->sequence.value();
    if (b.result->reports.empty() || b.result->settlements.empty() || n < 3)
      continue;
    auto with = [&](const std::function<void(bourse::market::block_result&)>& change) {
      auto r = *b.result;
      change(r);
      write(stored_results{std::make_shared<const bourse::market::block_result>(r), b.by});
      auto named = bad_block();
      write(stored_results{b.result, b.by});
      CAF_CHECK_EQUAL(bad_block(), 0u);
      return named;
    };
    CAF_CHECK_EQUAL(with([](auto& r) { r.requests += 1; }), n);
    CAF_CHECK_EQUAL(with([](auto& r) { r.results_root.data[0] ^= 1; }), n);
    CAF_CHECK_EQUAL(with([](auto& r) { r.reports.back().encoded.back() ^= 1; }), n);
    CAF_CHECK_EQUAL(with([](auto& r) { r.reports.back().count += 1; }), n);
    CAF_CHECK_EQUAL(with([](auto& r) { r.settlements[0].price = price{1}; }), n);
    CAF_CHECK_EQUAL(with([](auto& r) { r.settlements.pop_back(); }), n);
    CAF_CHECK_EQUAL(with([](auto& r) { r.time = block_time{5}; }), n);
    auto by = b.by;
    by.signature.data[0] ^= 1;
    write(stored_results{b.result, by});
    CAF_CHECK_EQUAL(bad_block(), n);
    return;
  }
}

CAF_TEST(an index entry too many is named) {
  put(family::reports, layout::report_key(client_id{3}, report_number{100'000}),
      layout::packer{}.u64(6).take());
  CAF_CHECK_EQUAL(bad_block(), 6u);
}

CAF_TEST(checkpoints of another state are named) {
  auto c
      = stored_checkpoint{sequence_number{16}, block(16).chain, hash("x"), block(16).result->time};
  write_batch batch;
  append(batch, c, {});
  CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  CAF_CHECK_EQUAL(bad_block(), 16u);
}

CAF_TEST(forged reports of stamps and pending bodies are named) {
  auto named = [&](const bytes& key, const auto& x) {
    auto was = s->get(family::stamps, key);
    put(family::stamps, key, layout::packer{}.fixed(x.signature).raw(x.body).take());
    auto bad = bad_block();
    write_batch batch;
    if (*was)
      batch.put(family::stamps, key, **was);
    else
      batch.erase(family::stamps, key);
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
    CAF_CHECK_EQUAL(bad_block(), 0u);
    return bad;
  };
  auto unsigned_one = [](auto x) {
    x.signature.data[9] ^= 1;
    return x;
  };
  const auto& one = *block(5).reports[1];
  auto name = name_of(one);
  CAF_CHECK_EQUAL(named(layout::chain_key(name), unsigned_one(one.source)), 5u);
  CAF_CHECK_EQUAL(named(layout::chain_key(name), block(5).reports[2]->source), 5u);
  name.replica = replica_id{2}; // also as a branch of another's
  CAF_CHECK_EQUAL(named(layout::chain_key(name), one.source), 5u);
  name.replica = replica_id{4}; // of nobody
  CAF_CHECK_EQUAL(named(layout::chain_key(name), one.source), 18u);
  // Behind the last block.
  auto last = chain_head{};
  signed_report source;
  CAF_REQUIRE(load_reports(*s, replica_id{1}, report_index{19},
                           [&](const chain_head& n, signed_report r) -> expected<bool> {
                             last = n;
                             source = std::move(r);
                             return false;
                           })
                  .has_value());
  CAF_CHECK_EQUAL(last.index.value(), 19u);
  CAF_CHECK_EQUAL(named(layout::chain_key(last), unsigned_one(source)), 18u);
  const auto& body = *ledger.pending().at(0);
  auto about = bourse::fairness::about(body).about;
  CAF_CHECK_EQUAL(named(layout::pending_key(about, body.digest), unsigned_one(body.source)), 18u);
  about.number = about.number.next();
  CAF_CHECK_EQUAL(named(layout::pending_key(about, body.digest), body.source), 18u);
}

CAF_TEST(changed pages are named) {
  auto page = s->last(family::pages, {}, {});
  CAF_REQUIRE(page && *page);
  auto& [key, value] = **page;
  put(family::pages, key, value.substr(0, value.size() - layout::seal_size) + "x");
  CAF_CHECK_EQUAL(bad_block(), 16u);
}

CAF_TEST(a log that was cut off at the front is named) {
  write_batch batch;
  auto bound = layout::sequence_key(sequence_number{14});
  batch.erase_range(family::blocks, {}, bound);
  batch.erase_range(family::bodies, {}, bound);
  CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  CAF_CHECK_EQUAL(bad_block(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

/// The log begins behind 8, and 16 waits to become the next base.
struct pruned_fixture : fixture {
  pruned_fixture() : fixture(false) {
    ledger.write_blocks(*s, 10);
    write_next_base(*s);
    ledger.write_blocks(*s, block_count - 10);
    prune(*s);
    write_next_base(*s);
    ledger.write_open_slot(*s);
  }

  /// What is wrong with the base or the base to come, by the audit.
  std::string problem_with(const base_record& b, bool next = false) {
    auto before = next ? *load_next_base(*s) : *load_base(*s);
    auto put_it = [&](const base_record& r) {
      write_batch batch;
      append_next_base(batch, r);
      auto value = batch.operations()[0].value;
      auto key = next ? bytes{layout::next_base_key} : bytes{layout::base_key};
      value->resize(value->size() - layout::seal_size);
      put(family::meta, key, *value);
    };
    put_it(b);
    auto r = verify();
    put_it(*before);
    if (!r)
      return to_string(r.error());
    if (!r->problem)
      return "none";
    CAF_CHECK_EQUAL(r->problem->block.value(), b.what.sequence.value());
    return r->problem->what;
  }

  bool says(const std::string& text, std::string_view part) {
    CAF_MESSAGE(text);
    return text.find(part) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(pruned_audit_tests, pruned_fixture)

CAF_TEST(a log that begins with a base is good) {
  auto r = verify();
  CAF_REQUIRE(r.has_value());
  if (r->problem)
    CAF_FAIL("block " << r->problem->block.value() << ": " << r->problem->what);
  CAF_CHECK(r->first == sequence_number{9});
  CAF_CHECK(r->base == sequence_number{8});
  CAF_CHECK(r->executed == ledger.last());
  CAF_CHECK_EQUAL(r->blocks, 10u);
  CAF_CHECK(r->chain == block(block_count).chain);
  CAF_CHECK(r->time == block(block_count).result->time);
  CAF_CHECK(r->supply[0] == amount{4'000'000});
  prune(*s); // and then the next base
  r = verify();
  CAF_REQUIRE(r && !r->problem);
  CAF_CHECK(r->base == sequence_number{16});
  CAF_CHECK_EQUAL(r->blocks, 2u);
  CAF_CHECK(r->chain == block(block_count).chain);
  erase(family::blocks, layout::sequence_key(sequence_number{17}));
  CAF_CHECK_EQUAL(bad_block(), 17u);
}

CAF_TEST(a base that no quorum signed is named) {
  for (bool next : {false, true}) {
    auto base = next ? **load_next_base(*s) : **load_base(*s);
    auto bad = base;
    bad.proof.proof.pop_back();
    CAF_CHECK(says(problem_with(bad, next), "no quorum signed"));
    bad = base;
    bad.proof.proof[1].signature.data[3] ^= 1;
    CAF_CHECK(says(problem_with(bad, next), "no quorum signed"));
    bad = base;
    bad.what.chain.data[0] ^= 1;
    CAF_CHECK(says(problem_with(bad, next), "not what the quorum signed"));
    bad = base;
    bad.what.time = block_time{bad.what.time.value() + 1};
    CAF_CHECK(says(problem_with(bad, next), "the time of the base"));
    CAF_CHECK_EQUAL(problem_with(base, next), "none");
  }
  write_batch batch;
  erase_base_pages(batch, sequence_number{16});
  CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  CAF_CHECK_EQUAL(bad_block(), 16u);
}

CAF_TEST(changed pages of a base are named) {
  for (std::uint64_t at : {8, 16}) {
    std::vector<std::pair<bytes, bytes>> pages;
    CAF_REQUIRE(s->scan(family::base, layout::sequence_key(sequence_number{at}),
                        layout::sequence_key(sequence_number{at + 1}),
                        [&](byte_view k, byte_view v) {
                          pages.emplace_back(k, v.substr(0, v.size() - layout::seal_size));
                          return true;
                        })
                    .has_value());
    CAF_REQUIRE(pages.size() > 3);
    for (auto& [key, content] : pages) {
      auto other = content;
      other.back() = static_cast<char>(other.back() ^ 1);
      put(family::base, key, other);
      CAF_CHECK_EQUAL(bad_block(), at);
      erase(family::base, key);
      CAF_CHECK_EQUAL(bad_block(), at);
      put(family::base, key, content);
    }
    auto more = layout::base_page_key(
        sequence_number{at}, {bourse::market::page_kind::orders, 1, (std::uint64_t{1} << 40)});
    put(family::base, more, bytes{pages.back().second});
    CAF_CHECK_EQUAL(bad_block(), at);
    erase(family::base, more);
    CAF_CHECK_EQUAL(bad_block(), 0u);
  }
}

CAF_TEST(damaged pages that are being gathered are named) {
  auto key = layout::base_page_key(sequence_number{300}, {});
  put(family::base, key, "of a state to come");
  CAF_CHECK_EQUAL(bad_block(), 0u);
  write_batch batch;
  batch.put(family::base, key, "not even sealed");
  CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  CAF_CHECK_EQUAL(bad_block(), 300u);
}

CAF_TEST(an index entry from below the base is named) {
  put(family::reports, layout::report_key(client_id{3}, report_number{100'000}),
      layout::packer{}.u64(6).take());
  CAF_CHECK_EQUAL(bad_block(), 6u);
}

CAF_TEST(a state that was taken from others is good before and after the node begins anew) {
  memory_disk elsewhere;
  auto behind = open_memory_store(elsewhere);
  fake_ledger same{2};
  CAF_REQUIRE(open_for(*behind, same.cluster(), same.self).has_value());
  same.write_blocks(*behind, 6);
  write_batch batch;
  append_own_pages(batch, *s);
  for (std::uint64_t n : {17, 18}) {
    auto& b = block(n);
    append(batch, consensus::record{consensus::committed_record{b.committed}});
    append(batch,
           block_bodies{b.result->sequence, b.result->block_digest, b.submissions, b.voided});
    for (const auto& r : b.reports)
      append(batch, *r);
  }
  CAF_REQUIRE(behind->write(batch, durability::synced).has_value());
  batch.clear();
  CAF_REQUIRE(append_install(batch, *behind, own_base(*s)).value());
  CAF_REQUIRE(behind->write(batch, durability::synced).has_value());
  for (bool anew : {false, true}) {
    if (anew)
      CAF_CHECK(restore_base(*behind).value());
    auto r = verify_ledger(*behind, ledger.genesis());
    CAF_REQUIRE(r.has_value());
    if (r->problem)
      CAF_FAIL("block " << r->problem->block.value() << ": " << r->problem->what);
    CAF_CHECK(r->base == sequence_number{16});
    CAF_CHECK(r->executed == ledger.last());
    CAF_CHECK_EQUAL(r->without_results, 2u);
    CAF_CHECK(r->chain == block(block_count).chain);
    CAF_CHECK_EQUAL(r->checkpoint.has_value(), true);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
