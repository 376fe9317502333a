#define CAF_SUITE records
#include "tests/suite.hpp"

#include <array>
#include <utility>

#include "messages/merkle.hpp"
#include "storage/records.hpp"
#include "tests/storage/ledger_store.hpp"

using namespace bourse::storage;
using namespace bourse::tests;
namespace consensus = bourse::consensus;

namespace {

template <class T>
T good(expected<T> x) {
  if (!x)
    CAF_FAIL(to_string(x.error()));
  return std::move(*x);
}

template <class T>
errc code_of(const expected<T>& x) {
  CAF_REQUIRE(!x.has_value());
  CAF_MESSAGE(to_string(x.error()));
  return x.error().code;
}

struct fixture : ledger_store {
  fixture() : ledger_store(1) {}

  /// Flips one bit in the value.
  void damage(family f, const bytes& key) {
    auto value = good(s->get(f, key));
    CAF_REQUIRE(value.has_value());
    (*value)[value->size() / 2] ^= 4;
    write_batch batch;
    batch.put(f, key, *value);
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  }

  /// All reports of a client in the ledger, by the blocks that hold them.
  std::vector<std::pair<sequence_number, client_reports>> reports_of(client_id client) const {
    std::vector<std::pair<sequence_number, client_reports>> out;
    for (auto& b : ledger.blocks())
      for (auto& part : b.result->reports)
        if (part.client == client)
          out.emplace_back(b.result->sequence, part);
    return out;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(records_tests, fixture)

CAF_TEST(a store belongs to one cluster and replica) {
  CAF_CHECK(open_for(*s, ledger.cluster(), ledger.self).has_value());
  CAF_CHECK(code_of(open_for(*s, hash("another"), ledger.self)) == errc::wrong_cluster);
  CAF_CHECK(code_of(open_for(*s, ledger.cluster(), replica_id{2})) == errc::wrong_cluster);
}

CAF_TEST(the identity survives a crash) {
  memory_disk fresh;
  CAF_REQUIRE(open_for(*open_memory_store(fresh), ledger.cluster(), ledger.self).has_value());
  fresh.crash();
  CAF_CHECK(code_of(open_for(*open_memory_store(fresh), hash("another"), ledger.self))
            == errc::wrong_cluster);
}

CAF_TEST(a store of unknown format is refused) {
  auto payload = layout::packer{}
                     .u32(layout::identity::current_format + 1)
                     .raw("something else altogether")
                     .take();
  put(family::meta, bytes{layout::identity_key}, payload);
  CAF_CHECK(code_of(open_for(*s, ledger.cluster(), ledger.self)) == errc::unsupported_version);
}

CAF_TEST(a used store without identity is refused) {
  write_batch batch;
  batch.erase(family::meta, bytes{layout::identity_key});
  CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  CAF_CHECK(code_of(open_for(*s, ledger.cluster(), ledger.self)) == errc::corrupt);
}

CAF_TEST(a damaged identity is refused) {
  damage(family::meta, bytes{layout::identity_key});
  CAF_CHECK(code_of(open_for(*s, ledger.cluster(), ledger.self)) == errc::corrupt);
}

CAF_TEST(an empty store gives the beginning) {
  memory_disk fresh;
  auto empty = open_memory_store(fresh);
  auto c = good(load_consensus(*empty, ledger.cluster()));
  CAF_CHECK(c.view == view_number{0});
  CAF_CHECK(!c.new_view);
  CAF_CHECK(c.stable == stable_checkpoint{});
  CAF_CHECK(c.executed == sequence_number{0});
  CAF_CHECK(c.chain == ledger.cluster());
  CAF_CHECK(c.proposals.empty() && c.votes.empty() && c.prepared.empty() && c.committed.empty());
  CAF_CHECK(!good(load_checkpoint(*empty)));
  CAF_CHECK(good(last_committed(*empty)) == sequence_number{0});
  CAF_CHECK(!good(load_block(*empty, sequence_number{1})));
  CAF_CHECK(good(load_blocks(*empty, sequence_number{1}, 10, 1000)).empty());
  CAF_CHECK(good(load_reports(*empty, client_id{0}, report_number{1}, 10)).empty());
  CAF_CHECK(good(load_trades(*empty, instrument_id{0}, sequence_number{9}, 10)).empty());
  CAF_CHECK(code_of(load_settlements(*empty, sequence_number{1})) == errc::not_found);
  CAF_CHECK(code_of(load_receipt(*empty, client_id{0}, report_number{1})) == errc::not_found);
  CAF_CHECK(code_of(load_bodies(*empty, sequence_number{1}, digest{})) == errc::not_found);
  CAF_CHECK(!good(load_report(*empty, {replica_id{0}, report_index{1}, digest{}})));
}

CAF_TEST(consensus gets back what lies above the stable checkpoint) {
  auto c = good(load_consensus(*s, ledger.cluster()));
  CAF_CHECK(c.view == view_number{1});
  CAF_REQUIRE(c.new_view.has_value());
  auto began = good(decode_new_view_content(c.new_view->body, {}));
  CAF_CHECK(began.view == view_number{1});
  CAF_CHECK(c.new_view->by.replica == replica_id{1});
  CAF_CHECK(c.stable.what.sequence == sequence_number{16});
  CAF_CHECK(c.stable.what.state == block(16).state);
  CAF_CHECK_EQUAL(c.stable.proof.size(), 3u);
  CAF_CHECK(c.executed == sequence_number{16});
  CAF_CHECK(c.chain == block(16).chain);
  CAF_REQUIRE_EQUAL(c.proposals.size(), 3u); // 17, 18 and the open slot
  CAF_CHECK(c.proposals[0].what == block(17).committed.certificate.what);
  CAF_CHECK(*c.proposals[0].block == *block(17).committed.block);
  CAF_CHECK(c.proposals[2].what.sequence == sequence_number{19});
  CAF_REQUIRE_EQUAL(c.votes.size(), 4u);
  CAF_CHECK(c.votes[0].kind == consensus::vote_kind::prepare);
  CAF_CHECK(c.votes[1].kind == consensus::vote_kind::commit);
  CAF_CHECK(c.votes[1].what == block(17).committed.certificate.what);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 2u);
  CAF_CHECK(c.prepared[1].what == block(18).committed.certificate.what);
  CAF_CHECK_EQUAL(c.prepared[1].prepares.size(), 2u);
  CAF_REQUIRE_EQUAL(c.committed.size(), 2u);
  CAF_CHECK(c.committed[1].certificate == block(18).committed.certificate);
}

CAF_TEST(records below the stable checkpoint are gone) {
  for (auto kind :
       {layout::record_kind::proposal, layout::record_kind::vote, layout::record_kind::prepared}) {
    auto found = good(
        s->last(family::consensus, layout::record_bound(kind, 0), layout::record_bound(kind, 16)));
    CAF_CHECK(!found);
  }
}

CAF_TEST(blocks between the own and the stable checkpoint come back too) {
  // The others were faster: 16 is stable, but the own pages are still those of 12.
  put(family::meta, bytes{layout::checkpoint_key},
      layout::packer{}.u64(12).fixed(block(12).chain).fixed(block(12).state).u64(1).take());
  auto c = good(load_consensus(*s, ledger.cluster()));
  CAF_CHECK(c.executed == sequence_number{12});
  CAF_REQUIRE_EQUAL(c.committed.size(), 6u);
  CAF_CHECK(c.committed.front().certificate.what.sequence == sequence_number{13});
}

CAF_TEST(evidence is kept) {
  auto e = good(load_evidence(*s));
  CAF_REQUIRE_EQUAL(e.size(), 1u);
  CAF_CHECK(e[0].first.sequence == sequence_number{19});
  CAF_CHECK(e[0].first.digest != e[0].second.digest);
}

CAF_TEST(prepared certificates of several views come back in order of view) {
  memory_disk fresh;
  auto other = open_memory_store(fresh);
  write_batch batch;
  for (std::uint64_t view : {300, 2, 70'000})
    append(batch, consensus::prepared_record{
                      {{view_number{view}, sequence_number{1}, hash("b")}, {}, {}}});
  CAF_REQUIRE(other->write(batch, durability::synced).has_value());
  auto c = good(load_consensus(*other, ledger.cluster()));
  CAF_REQUIRE_EQUAL(c.prepared.size(), 3u);
  CAF_CHECK(c.prepared[0].what.view == view_number{2});
  CAF_CHECK(c.prepared[2].what.view == view_number{70'000});
}

CAF_TEST(what several views say of one slot is kept until it is stable) {
  memory_disk fresh;
  auto other = open_memory_store(fresh);
  write_batch batch;
  auto block = std::make_shared<const bytes>("b");
  for (std::uint64_t n : {1, 2})
    for (std::uint64_t view : {300, 2, 70'000}) {
      statement what{view_number{view}, sequence_number{n}, hash(*block)};
      append(batch, consensus::proposal_record{{what, {}, block}});
      append(batch, consensus::vote_record{consensus::vote_kind::prepare, what});
      append(batch, consensus::prepared_record{{what, {}, {}}});
      append(batch, consensus::vote_record{consensus::vote_kind::commit, what});
    }
  auto sizes = [&] {
    CAF_REQUIRE(other->write(batch, durability::synced).has_value());
    batch = {};
    auto c = good(load_consensus(*other, ledger.cluster()));
    for (std::size_t i = 1; i < c.proposals.size(); ++i) {
      auto& a = c.proposals[i - 1].what;
      auto& b = c.proposals[i].what;
      CAF_CHECK(std::pair(a.sequence, a.view) < std::pair(b.sequence, b.view));
    }
    return std::array{c.proposals.size(), c.votes.size(), c.prepared.size()};
  };
  CAF_CHECK((sizes() == std::array<std::size_t, 3>{6, 12, 6}));
  append(batch, consensus::stable_record{{{sequence_number{1}, digest{}}, {}}});
  CAF_CHECK((sizes() == std::array<std::size_t, 3>{3, 6, 3}));
  append(batch, consensus::stable_record{{{sequence_number{2}, digest{}}, {}}});
  CAF_CHECK((sizes() == std::array<std::size_t, 3>{0, 0, 0}));
}

CAF_TEST(a new view replaces the one before and outlives stable checkpoints) {
  auto store_and_load = [&](const new_view& v) {
    write_batch batch;
    append(batch, consensus::new_view_record{v});
    append(batch, consensus::stable_record{{{sequence_number{18}, digest{}}, {}}});
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
    return good(load_consensus(*s, ledger.cluster())).new_view == v;
  };
  CAF_CHECK(store_and_load({"the body", {replica_id{3}, {}}}));
  CAF_CHECK(store_and_load({"another", {replica_id{0}, {}}}));
}

CAF_TEST(a new view that is none is refused) {
  auto key = layout::record_key(layout::record_kind::new_view);
  put(family::consensus, key, "no new view");
  CAF_CHECK(code_of(load_consensus(*s, ledger.cluster())) == errc::corrupt);
}

CAF_TEST(blocks are read back) {
  CAF_CHECK(good(last_committed(*s)) == sequence_number{18});
  auto b = good(load_block(*s, sequence_number{5}));
  CAF_REQUIRE(b.has_value());
  CAF_CHECK(b->certificate == block(5).committed.certificate);
  CAF_CHECK(*b->block == *block(5).committed.block);
  CAF_CHECK(!good(load_block(*s, sequence_number{19})));
}

CAF_TEST(runs of blocks end at the count the size or a gap) {
  auto sequences = [&](std::uint64_t from, std::size_t count, std::size_t size) {
    std::string out;
    for (auto& b : good(load_blocks(*s, sequence_number{from}, count, size)))
      out += std::to_string(b.certificate.what.sequence.value()) + " ";
    return out;
  };
  CAF_CHECK_EQUAL(sequences(3, 4, 1'000'000), "3 4 5 6 ");
  CAF_CHECK_EQUAL(sequences(17, 10, 1'000'000), "17 18 ");
  CAF_CHECK_EQUAL(sequences(19, 10, 1'000'000), "");
  CAF_CHECK_EQUAL(sequences(3, 0, 1'000'000), "");
  CAF_CHECK_EQUAL(sequences(3, 10, 1), "3 "); // one at least, or a peer would never catch up
  write_batch batch;
  batch.erase(family::blocks, layout::sequence_key(sequence_number{5}));
  CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  CAF_CHECK_EQUAL(sequences(3, 10, 1'000'000), "3 4 ");
  CAF_CHECK_EQUAL(sequences(5, 10, 1'000'000), "");
}

CAF_TEST(bodies are read back in block order) {
  for (auto& b : ledger.blocks()) {
    auto& what = b.committed.certificate.what;
    auto bodies = good(load_bodies(*s, what.sequence, what.digest));
    CAF_REQUIRE_EQUAL(bodies.size(), b.submissions.size());
    for (std::size_t i = 0; i < bodies.size(); ++i)
      CAF_CHECK(bodies[i] == b.submissions[i]->source);
  }
}

CAF_TEST(single bodies are found in a block or in one behind it) {
  ledger.write_rivals(*s);
  auto sizes = [&](std::uint64_t n) {
    auto value = good(s->get(
        family::bodies, layout::bodies_key(sequence_number{n}, block(n).result->block_digest)));
    return value->size() - layout::seal_size;
  };
  std::size_t to_rivals = 0;
  std::size_t all = 0;
  std::vector<digest> wanted{hash("nobody has this one")};
  for (std::uint64_t n = 5; n <= ledger.last().value(); ++n) {
    all += sizes(n);
    to_rivals = all;
    for (auto& body : block(n).submissions)
      wanted.push_back(body->digest);
  }
  auto& rivals = ledger.blocks().back();
  CAF_REQUIRE_EQUAL(rivals.voided.size(), 2u);
  std::size_t read = 0;
  auto found = good(load_bodies(*s, sequence_number{5}, wanted, read));
  CAF_CHECK_EQUAL(found.size(), wanted.size() - 1);
  CAF_CHECK_EQUAL(read, all); // in vain, but not for nothing
  wanted = {rivals.voided[1]->digest, rivals.submissions[0]->digest, rivals.voided[1]->digest};
  read = 0;
  found = good(load_bodies(*s, sequence_number{5}, wanted, read));
  CAF_REQUIRE_EQUAL(found.size(), 2u); // once is enough
  for (auto& f : found)
    CAF_CHECK(std::count(wanted.begin(), wanted.end(), hash(f.body)) > 0);
  CAF_CHECK_EQUAL(read, to_rivals);
  CAF_CHECK(good(load_bodies(*s, sequence_number{5}, std::vector<digest>{}, read)).empty());
  CAF_CHECK_EQUAL(read, to_rivals);
  CAF_CHECK(good(load_bodies(*s, ledger.last().next(), wanted, read)).empty());
  // What block 5 executed, later ones do not have.
  for (auto& body : block(5).submissions)
    CAF_CHECK(good(load_bodies(*s, sequence_number{6}, {body->digest}, read)).empty());
}

CAF_TEST(a search for bodies ends after some megabytes) {
  auto big = std::make_shared<verified_submission>();
  big->source.body.assign(3'000'000, 'x');
  big->digest = hash(big->source.body);
  auto last = std::make_shared<verified_submission>();
  last->source.body = "behind them";
  last->digest = hash(last->source.body);
  auto write = [&](std::uint64_t n, submission_ptr body) {
    write_batch batch;
    append(batch, block_bodies{sequence_number{n}, hash("b"), {std::move(body)}, {}});
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  };
  write(30, big);
  write(31, last);
  std::size_t read = 0;
  CAF_CHECK_EQUAL(good(load_bodies(*s, sequence_number{30}, {last->digest}, read)).size(), 1u);
  write(31, big);
  write(32, last);
  CAF_CHECK_EQUAL(good(load_bodies(*s, sequence_number{30}, {last->digest}, read)).size(), 0u);
  CAF_CHECK_EQUAL(good(load_bodies(*s, sequence_number{31}, {last->digest}, read)).size(), 1u);
}

CAF_TEST(the own checkpoint and its pages restore the state) {
  auto c = good(load_checkpoint(*s));
  CAF_REQUIRE(c.has_value());
  CAF_CHECK(c->sequence == sequence_number{16});
  CAF_CHECK(c->chain == block(16).chain);
  CAF_CHECK(c->time == block(16).result->time);
  bourse::fairness::fair_exchange x{ledger.genesis().rules, ledger.genesis().size,
                                    ledger.genesis().checkpoint_interval};
  auto ok = load_pages(
      *s, [&](bourse::market::page_key k, byte_view content) { return x.restore(k, content); });
  CAF_REQUIRE(ok.has_value());
  CAF_REQUIRE(x.finish_restore().has_value());
  CAF_CHECK(bourse::market::state_digest(c->sequence, c->chain, x.page_root()) == c->state);
}

CAF_TEST(an error of a page visitor ends the reading) {
  int calls = 0;
  auto ok = load_pages(*s, [&](bourse::market::page_key, byte_view) -> expected<void> {
    ++calls;
    return fail(errc::malformed, "no");
  });
  CAF_CHECK(code_of(ok) == errc::malformed);
  CAF_CHECK_EQUAL(calls, 1);
}

CAF_TEST(reports are found from any number on) {
  for (std::uint32_t c = 0; c < 4; ++c) {
    auto all = reports_of(client_id{c});
    CAF_REQUIRE(all.size() > 3);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (auto k : {0u, all[i].second.count - 1}) {
        auto from = report_number{all[i].second.first.value() + k};
        auto found = good(load_reports(*s, client_id{c}, from, 3));
        auto expected_size = std::min<std::size_t>(3, all.size() - i);
        CAF_REQUIRE_EQUAL(found.size(), expected_size);
        for (std::size_t j = 0; j < found.size(); ++j) {
          CAF_CHECK(found[j].what.sequence == all[i + j].first);
          CAF_CHECK(found[j].reports.first == all[i + j].second.first);
          CAF_CHECK(found[j].reports.encoded == all[i + j].second.encoded);
        }
      }
    auto end = all.back().second.first.value() + all.back().second.count;
    CAF_CHECK(good(load_reports(*s, client_id{c}, report_number{end}, 3)).empty());
    CAF_CHECK(good(load_reports(*s, client_id{c}, report_number{UINT64_MAX}, 3)).empty());
    CAF_CHECK_EQUAL(good(load_reports(*s, client_id{c}, report_number{0}, 1000)).size(),
                    all.size());
    CAF_CHECK(good(load_reports(*s, client_id{c}, report_number{0}, 0)).empty());
  }
  CAF_CHECK(good(load_reports(*s, client_id{77}, report_number{1}, 3)).empty());
  CAF_CHECK(good(load_reports(*s, client_id{UINT32_MAX}, report_number{1}, 3)).empty());
}

CAF_TEST(every report has its proof) {
  std::uint64_t proofs = 0;
  for (auto& b : ledger.blocks())
    for (auto& part : b.result->reports)
      for (std::uint32_t i = 0; i < part.count; ++i) {
        auto number = report_number{part.first.value() + i};
        auto share = good(load_receipt(*s, part.client, number));
        CAF_REQUIRE(merkle_verify(b.result->results_root, share.report, share.index, share.count,
                                  share.path));
        CAF_REQUIRE(share.what.results == b.result->results_root);
        CAF_REQUIRE(share.what.block == b.result->block_digest);
        CAF_REQUIRE(share.by == b.by);
        CAF_REQUIRE(good(decode_report(share.report)).number == number);
        ++proofs;
      }
  CAF_CHECK(proofs > 50);
  auto last = reports_of(client_id{1}).back().second;
  CAF_CHECK(code_of(load_receipt(*s, client_id{1}, report_number{last.first.value() + last.count}))
            == errc::not_found);
  CAF_CHECK(code_of(load_receipt(*s, client_id{1}, report_number{0})) == errc::not_found);
  CAF_CHECK(code_of(load_receipt(*s, client_id{99}, report_number{1})) == errc::not_found);
}

CAF_TEST(trades come newest first and as of a block) {
  auto last = ledger.last();
  for (std::uint16_t i = 0; i < 2; ++i) {
    std::vector<trade> all;
    for (auto& b : ledger.blocks()) {
      for (auto& x : b.result->settlements)
        if (x.trade != trade_id{} && x.instrument == instrument_id{i})
          all.insert(all.begin(), {x.trade, b.result->time, x.price, x.quantity, x.taker_side});
      CAF_CHECK(good(load_trades(*s, instrument_id{i}, b.result->sequence, 1000)) == all);
    }
    CAF_REQUIRE(all.size() > 5);
    CAF_CHECK(good(load_trades(*s, instrument_id{i}, last, 1000)) == all);
    auto newest = all;
    newest.resize(4);
    CAF_CHECK(good(load_trades(*s, instrument_id{i}, last, 4)) == newest);
  }
  CAF_CHECK(good(load_trades(*s, instrument_id{9}, last, 4)).empty());
  CAF_CHECK(good(load_trades(*s, instrument_id{0}, last, 0)).empty());
}

CAF_TEST(settlements are read back) {
  for (auto& b : ledger.blocks())
    CAF_CHECK(good(load_settlements(*s, b.result->sequence)) == b.result->settlements);
  CAF_CHECK(code_of(load_settlements(*s, sequence_number{19})) == errc::not_found);
}

CAF_TEST(damage is named by family and key) {
  auto n = sequence_number{5};
  damage(family::blocks, layout::sequence_key(n));
  damage(family::bodies, layout::bodies_key(n, block(5).result->block_digest));
  damage(family::results, layout::results_key(n));
  auto b = load_block(*s, n);
  CAF_CHECK(code_of(b) == errc::corrupt);
  CAF_CHECK(b.error().detail.find("blocks, key 0000000000000005") != bytes::npos);
  CAF_CHECK(code_of(load_blocks(*s, sequence_number{4}, 3, 100'000)) == errc::corrupt);
  CAF_CHECK(code_of(load_bodies(*s, n, block(5).result->block_digest)) == errc::corrupt);
  std::size_t read = 0;
  CAF_CHECK(code_of(load_bodies(*s, n, std::vector{hash("x")}, read)) == errc::corrupt);
  CAF_CHECK(code_of(load_settlements(*s, n)) == errc::corrupt);
  damage(family::consensus, layout::record_key(layout::record_kind::view));
  CAF_CHECK(code_of(load_consensus(*s, ledger.cluster())) == errc::corrupt);
}

CAF_TEST(a value is good for its own key alone) {
  auto value = good(s->get(family::blocks, layout::sequence_key(sequence_number{5})));
  write_batch batch;
  batch.put(family::blocks, layout::sequence_key(sequence_number{6}), *value);
  CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  CAF_CHECK(code_of(load_block(*s, sequence_number{6})) == errc::corrupt);
}

CAF_TEST(values that are sealed and make no sense are refused) {
  // As a program with a bug may have written them: every cut of every value.
  std::size_t read = 0;
  for (std::size_t f = 0; f < family_count; ++f) {
    auto where = static_cast<family>(f);
    std::vector<std::pair<bytes, bytes>> values;
    CAF_REQUIRE(s->scan(where, {}, {}, [&](byte_view k, byte_view v) {
                   values.emplace_back(k, v);
                   return true;
                 }).has_value());
    for (auto& [key, value] : values)
      for (std::size_t size = 0; size < value.size() - layout::seal_size; size += 1 + size / 8) {
        put(where, key, value.substr(0, size));
        // The results do not matter; it must not crash, and most are refused.
        (void)load_consensus(*s, ledger.cluster());
        (void)load_blocks(*s, sequence_number{1}, 30, 1'000'000);
        (void)load_bodies(*s, sequence_number{5}, std::vector{hash("x")}, read);
        (void)load_settlements(*s, sequence_number{5});
        (void)load_reports(*s, replica_id{0}, report_index{0},
                           [](auto&, auto) -> expected<bool> { return true; });
        (void)load_pending(*s, [](auto&, auto) -> expected<void> { return {}; });
        (void)load_reports(*s, client_id{1}, report_number{1}, 5);
        (void)load_receipt(*s, client_id{1}, report_number{1});
        (void)load_trades(*s, instrument_id{0}, ledger.last(), 100);
        (void)open_for(*s, ledger.cluster(), ledger.self);
      }
  }
  CAF_CHECK(!load_consensus(*s, ledger.cluster()));
}

CAF_TEST_FIXTURE_SCOPE_END()
