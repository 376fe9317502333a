// The base: taking a state over from another ledger, moving it up, and doing both through crashes.
#define CAF_SUITE base
#include "tests/suite.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <random>

#include "storage/base.hpp"
#include "storage/layout.hpp"
#include "tests/storage/base_steps.hpp"
#include "tests/storage/fake_ledger.hpp"
#include "tests/storage/test_disk.hpp"

using namespace bourse::storage;
using namespace bourse::tests;
namespace consensus = bourse::consensus;
namespace market = bourse::market;

namespace {

constexpr std::uint64_t seed = 4;
constexpr std::size_t all_blocks = 18; // the last checkpoint is at 16

template <class T>
T good(expected<T> x) {
  if (!x)
    CAF_FAIL(to_string(x.error()));
  return std::move(*x);
}

void write(store& s, const write_batch& batch) {
  auto ok = s.write(batch, durability::synced);
  if (!ok)
    CAF_FAIL(to_string(ok.error()));
}

/// The same ledger each time, as far as it is written.
std::unique_ptr<fake_ledger> written(store& s, std::size_t blocks) {
  auto ledger = std::make_unique<fake_ledger>(seed);
  CAF_REQUIRE(open_for(s, ledger->cluster(), ledger->self).has_value());
  ledger->write_blocks(s, blocks);
  return ledger;
}

digest state_in(const reader& s) {
  market::page_tree tree;
  auto ok = load_pages(s, [&](market::page_key key, byte_view content) -> expected<void> {
    tree.apply(key, content);
    return {};
  });
  CAF_REQUIRE(ok.has_value());
  auto c = good(load_checkpoint(s));
  return market::state_digest(c->sequence, c->chain, tree.root());
}

using content = std::map<std::pair<family, bytes>, bytes>;

content all_of(const reader& s) {
  content out;
  for (std::size_t i = 0; i < family_count; ++i) {
    auto f = static_cast<family>(i);
    CAF_REQUIRE(s.scan(f, {}, {}, [&](byte_view k, byte_view v) {
                   out[{f, bytes{k}}] = v;
                   return true;
                 }).has_value());
  }
  return out;
}

bool has(const reader& s, family f, const bytes& key) {
  return good(s.get(f, key)).has_value();
}

/// A ledger that is far ahead, and what it would give to others.
struct source {
  source() : s(open_memory_store(disk)), ledger(written(*s, all_blocks)), base(own_base(*s)) {}

  memory_disk disk;
  std::unique_ptr<store> s;
  std::unique_ptr<fake_ledger> ledger;
  base_record base;
};

/// Two that the state ahead has executed and one that it has not.
std::vector<submission_ptr> late_bodies(const source& ahead) {
  std::vector<submission_ptr> out;
  for (std::size_t i = 10; out.size() < 2; ++i)
    if (const auto& executed = ahead.ledger->blocks().at(i).submissions; !executed.empty())
      out.push_back(executed[0]);
  verified_submission next;
  next.content = {client_id{0}, stream_id{0}, submission_number{1000}, {}};
  next.source.body = encode(next.content);
  next.digest = hash(next.source.body);
  out.push_back(std::make_shared<const verified_submission>(std::move(next)));
  return out;
}

/// A node that has executed up to 6 and holds later blocks and votes.
void write_laggard(store& s, const source& ahead) {
  written(s, 6);
  write_batch batch;
  for (std::uint64_t n = 17; n <= 18; ++n) {
    const auto& b = ahead.ledger->blocks()[n - 1];
    append(batch, consensus::record{consensus::committed_record{b.committed}});
    append(batch,
           block_bodies{b.result->sequence, b.result->block_digest, b.submissions, b.voided});
    for (const auto& r : b.reports)
      append(batch, *r);
    append(batch, consensus::record{consensus::vote_record{consensus::vote_kind::commit,
                                                           b.committed.certificate.what}});
  }
  append(batch, consensus::record{consensus::view_record{view_number{7}}});
  for (const auto& body : late_bodies(ahead))
    append_pending(batch, *body);
  write(s, batch);
}

void stage(store& s, const source& ahead) {
  write_batch batch;
  append_own_pages(batch, *ahead.s);
  write(s, batch);
}

void check_taken_over(const reader& s, const source& ahead) {
  auto n = ahead.base.what.sequence;
  CAF_CHECK(state_in(s) == ahead.base.what.state);
  auto c = good(load_consensus(s, ahead.ledger->cluster()));
  CAF_CHECK(c.executed == n);
  CAF_CHECK(c.chain == ahead.base.what.chain);
  CAF_CHECK(c.stable == ahead.base.proof);
  CAF_CHECK(c.view == view_number{7});
  CAF_CHECK_EQUAL(c.votes.size(), 2u);
  CAF_CHECK_EQUAL(c.committed.size(), 2u);
  CAF_CHECK_EQUAL(good(first_kept(s)).value(), 17u);
  CAF_CHECK(good(load_checkpoint(s))->time == ahead.base.what.time);
  CAF_CHECK(!has(s, family::blocks, layout::sequence_key(sequence_number{6})));
  CAF_CHECK(
      good(load_bodies(s, sequence_number{17}, ahead.ledger->blocks()[16].result->block_digest))
          .size()
      == ahead.ledger->blocks()[16].submissions.size());
  // Of each chain the head in the state, had it been here, and what is above it.
  std::map<replica_id, std::vector<std::uint64_t>> chains;
  CAF_REQUIRE(load_reports(s, replica_id{0}, report_index{0},
                           [&](const chain_head& name, auto) -> expected<bool> {
                             chains[name.replica].push_back(name.index.value());
                             return true;
                           })
                  .has_value());
  CAF_CHECK_EQUAL(chains.size(), 4u);
  for (auto& [replica, indexes] : chains)
    CAF_CHECK((indexes == std::vector<std::uint64_t>{17, 18}));
  std::vector<signed_submission> pending;
  CAF_REQUIRE(load_pending(s, [&](auto&, signed_submission body) -> expected<void> {
                pending.push_back(std::move(body));
                return {};
              }).has_value());
  CAF_CHECK(pending == std::vector{late_bodies(ahead).back()->source});
  CAF_CHECK(!good(s.last(family::results, {}, {})));
  CAF_CHECK(!good(s.last(family::reports, {}, {})));
}

} // namespace

CAF_TEST(a page of a base that has no good key ends the list) {
  for (const auto& key : {bytes{"x"}, layout::sequence_key(sequence_number{7}) + "x",
                          layout::base_page_key(sequence_number{UINT64_MAX}, {})})
    for (auto& disk : both_disks()) {
      auto s = good(disk->open());
      write_batch batch;
      batch.put(family::base, key, layout::seal(family::base, key, {}));
      write(*s, batch);
      auto all = list_base_pages(*s);
      CAF_REQUIRE(!all);
      CAF_CHECK_EQUAL(all.error().code, errc::corrupt);
    }
}

CAF_TEST(pages of several bases lie side by side) {
  for (auto& disk : both_disks()) {
    auto s = good(disk->open());
    write_batch batch;
    auto a = sequence_number{8};
    auto b = sequence_number{300};
    market::page_key first{market::page_kind::accounts, 0, 1};
    market::page_key second{market::page_kind::orders, 3, 7};
    append_base_page(batch, a, first, "1");
    append_base_page(batch, a, second, "2");
    append_base_page(batch, b, second, "3");
    write(*s, batch);
    CAF_CHECK(good(list_base_pages(*s)) == (std::vector{a, b}));
    CAF_CHECK(good(load_base_page(*s, a, second)) == bytes{"2"});
    CAF_CHECK(good(load_base_page(*s, b, second)) == bytes{"3"});
    CAF_CHECK(!good(load_base_page(*s, b, first)));
    auto keys = [&](sequence_number of, market::page_key from, std::size_t most) {
      std::vector<market::page_key> out;
      auto ok = load_base_pages(
          *s, of,
          [&](market::page_key key, byte_view) -> expected<bool> {
            out.push_back(key);
            return out.size() < most;
          },
          from);
      CAF_REQUIRE(ok.has_value());
      return out;
    };
    CAF_CHECK(keys(a, {}, 9) == (std::vector{first, second}));
    CAF_CHECK(keys(a, {}, 1) == std::vector{first});
    CAF_CHECK(keys(a, second, 9) == std::vector{second});
    batch.clear();
    erase_base_pages(batch, a);
    write(*s, batch);
    CAF_CHECK(good(list_base_pages(*s)) == std::vector{b});
    CAF_CHECK(keys(a, {}, 9).empty());
    CAF_CHECK(!good(load_base(*s)));
    CAF_CHECK_EQUAL(good(first_kept(*s)).value(), 1u);
  }
}

CAF_TEST(a state from elsewhere replaces the own one) {
  source ahead;
  for (auto& disk : both_disks()) {
    CAF_MESSAGE("on " << disk->name());
    auto s = good(disk->open());
    write_laggard(*s, ahead);
    stage(*s, ahead);
    CAF_CHECK(good(load_base_time(*s, ahead.base.what.sequence)) == ahead.base.what.time);
    CAF_CHECK(!good(restore_base(*s)));
    write_batch junk; // of a transfer that came to nothing
    append_base_page(junk, sequence_number{12}, {market::page_kind::accounts, 0, 0}, "x");
    append_base_page(junk, sequence_number{20}, {market::page_kind::accounts, 0, 0}, "x");
    append_next_base(junk, {*good(load_checkpoint(*s)), *good(load_stable(*s))});
    write(*s, junk);
    write_batch batch;
    CAF_REQUIRE(good(append_install(batch, *s, ahead.base)));
    write(*s, batch);
    CAF_CHECK(good(list_base_pages(*s)) == std::vector{ahead.base.what.sequence});
    CAF_CHECK(!good(load_next_base(*s)));
    CAF_CHECK(good(restore_base(*s)));
    check_taken_over(*s, ahead);
    CAF_CHECK(!good(restore_base(*s)));
    batch.clear();
    CAF_CHECK(!good(append_install(batch, *s, ahead.base)));
    CAF_CHECK(batch.empty());
    disk->kill(std::move(s));
    s = good(disk->open());
    check_taken_over(*s, ahead);
  }
}

CAF_TEST(a newer stable checkpoint than the base is kept) {
  source ahead;
  memory_disk disk;
  auto s = open_memory_store(disk);
  write_laggard(*s, ahead);
  stage(*s, ahead);
  auto newer = ahead.base.proof;
  newer.what.sequence = sequence_number{17};
  write_batch batch;
  append(batch, consensus::record{consensus::stable_record{newer}});
  write(*s, batch);
  batch.clear();
  CAF_REQUIRE(good(append_install(batch, *s, ahead.base)));
  write(*s, batch);
  CAF_CHECK(good(restore_base(*s)));
  auto c = good(load_consensus(*s, ahead.ledger->cluster()));
  CAF_CHECK(c.stable == newer);
  CAF_CHECK(c.executed == ahead.base.what.sequence);
  CAF_CHECK_EQUAL(c.votes.size(), 1u); // of block 18 alone
  CAF_CHECK_EQUAL(c.committed.size(), 2u);
}

CAF_TEST(a base whose proof is of another state is refused) {
  source ahead;
  for (int field = 0; field < 2; ++field) {
    auto b = ahead.base;
    if (field == 0)
      b.proof.what.state = hash("another");
    else
      b.proof.what.sequence = b.proof.what.sequence.next();
    write_batch batch;
    append_next_base(batch, b);
    write(*ahead.s, batch);
    auto found = load_next_base(*ahead.s);
    CAF_REQUIRE(!found);
    CAF_CHECK(found.error().code == errc::corrupt);
  }
}

CAF_TEST(what lies below a base that moves up is gone and the rest is as before) {
  for (auto& disk : both_disks()) {
    CAF_MESSAGE("on " << disk->name());
    auto s = good(disk->open());
    fake_ledger ledger{seed};
    CAF_REQUIRE(open_for(*s, ledger.cluster(), ledger.self).has_value());
    for (auto at : {8U, 16U}) { // twice, the second time from a base
      ledger.write_blocks(*s, at - ledger.last().value());
      auto base = own_base(*s);
      CAF_REQUIRE_EQUAL(base.what.sequence.value(), at);
      write_next_base(*s);
      CAF_CHECK(good(load_next_base(*s))->what.sequence == base.what.sequence);
      ledger.write_blocks(*s, 2);
      auto before = all_of(*s);
      prune(*s);

      auto after = all_of(*s);
      CAF_CHECK(!good(load_next_base(*s)));
      CAF_CHECK(good(list_base_pages(*s)) == std::vector{base.what.sequence});
      CAF_CHECK(good(load_base(*s))->what.state == base.what.state);
      std::size_t wrong = 0;
      for (auto& [place, value] : before) {
        auto& [f, key] = place;
        if (f == family::meta || f == family::base)
          continue;
        if (f == family::stamps) { // one report of each replica a block; the heads stay
          bool covered = key.front() == 'r' && layout::unpack_chain_key(key)->index.value() < at;
          wrong += after.contains(place) == covered;
          continue;
        }
        layout::unpacker in{f == family::reports ? value : key};
        if (f == family::results)
          in.u8();
        bool below = f == family::reports ? in.u64() <= at : in.big_u64() <= at;
        bool goes = f == family::blocks || f == family::bodies || f == family::results
                    || f == family::reports;
        wrong += after.contains(place) != !(goes && below);
      }
      CAF_CHECK_EQUAL(wrong, 0u);
      for (std::uint32_t client = 0; client < 4; ++client) {
        auto first = good(load_base_reports(*s, base.what.sequence, client_id{client}));
        report_number next{1};
        for (std::uint64_t n = 0; n < at; ++n)
          for (auto& part : ledger.blocks()[n].result->reports)
            if (part.client == client_id{client})
              next = report_number{part.first.value() + part.count};
        CAF_CHECK(first == next);
      }
      CAF_CHECK(!load_base_reports(*s, base.what.sequence, client_id{4}));
    }
  }
}

CAF_TEST(taking a state over survives crashes at every write) {
  source ahead;
  for (auto& disk : both_disks()) {
    CAF_MESSAGE("on " << disk->name());
    std::mt19937_64 random{5};
    int cut = 0;
    // The disk fails after so many writes, and loses some of what was not synced.
    for (std::uint64_t round = 0; round < 40; ++round) {
      auto fresh = disk->name() == "memory" ? std::unique_ptr<test_disk>{new memory_test_disk}
                                            : std::unique_ptr<test_disk>{new rocks_test_disk};
      auto s = good(fresh->open());
      write_laggard(*s, ahead);
      stage(*s, ahead);
      bool done = false;
      for (int life = 0; !done; ++life) {
        fresh->fill_up_after(life > 20 ? 1'000'000
                                       : random() % (disk->name() == "memory" ? 6 : 12));
        auto go = [&]() -> expected<void> {
          if (auto base = load_base(*s); !base)
            return tl::unexpected{base.error()};
          else if (!*base) {
            write_batch batch;
            if (auto ok = append_install(batch, *s, ahead.base); !ok)
              return tl::unexpected{ok.error()};
            if (auto ok = s->write(batch, durability::synced); !ok)
              return ok;
          }
          auto taken = restore_base(*s, 200);
          return taken ? expected<void>{} : tl::unexpected{taken.error()};
        };
        done = go().has_value();
        cut += !done;
        fresh->crash(std::move(s), [&](std::size_t n) { return n == 0 ? 0 : random() % (n + 1); });
        s = good(fresh->open());
      }
      check_taken_over(*s, ahead);
    }
    CAF_MESSAGE(cut << " times cut short");
    CAF_CHECK(cut > 40);
  }
}
