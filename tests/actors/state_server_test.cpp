#define CAF_SUITE state_server
#include "tests/suite.hpp"

#include "actors/state_server.hpp"
#include "fairness/chain_heads.hpp"
#include "market/pages.hpp"
#include "storage/memory_store.hpp"
#include "tests/storage/base_steps.hpp"

using namespace bourse;
using namespace bourse::actors;

namespace {

constexpr std::uint64_t spacing = 100;
constexpr replica_id honest{1};
constexpr replica_id greedy{2};
constexpr std::uint64_t start = 5'000;

market::page_key page(std::uint64_t i) {
  return {market::page_kind::accounts, 0, i};
}

stable_checkpoint proof_at(std::uint64_t n) {
  stable_checkpoint out;
  out.what.sequence = sequence_number{n};
  return out;
}

/// A database whose own checkpoint moves on, with a server of its states.
struct fixture {
  fixture() : store(storage::open_memory_store(disk)) {}

  void checkpoint(std::uint64_t n) {
    auto changed = "as of " + std::to_string(n);
    state_tree tree;
    tree.set(page(1).packed(), "always the same");
    tree.set(page(2).packed(), changed);
    tree.set(chains.packed(), heads);
    auto chain = hash(changed);
    stable_checkpoint stable;
    stable.what = {sequence_number{n}, state_digest(sequence_number{n}, chain, tree.root())};
    storage::write_batch batch;
    append(batch, storage::stored_checkpoint{sequence_number{n}, chain, stable.what.state, {}},
           {{page(1), "always the same"}, {page(2), changed}, {chains, heads}});
    append(batch, consensus::record{consensus::stable_record{stable}});
    CAF_REQUIRE(store->write(batch, storage::durability::buffered).has_value());
    server.on_stable(stable);
  }
  snapshot_ptr snapshot() {
    return snapshot_ptr{store->snapshot()};
  }
  void hand_out(std::uint64_t n, std::uint64_t now) {
    checkpoint(n);
    server.add(snapshot(), now);
  }
  bool take_fresh(std::uint64_t above, std::uint64_t now) {
    if (!server.may_take_fresh(sequence_number{above}, now))
      return false;
    server.add_fresh(snapshot(), now);
    return true;
  }
  std::vector<std::uint64_t> offered(std::uint64_t above, std::uint64_t now) {
    std::vector<std::uint64_t> out;
    for (const auto& o : server.offers(sequence_number{above}, now))
      out.push_back(o.stable.what.sequence.value());
    return out;
  }
  bool fetches(replica_id who, std::uint64_t n, std::uint64_t now) {
    return !server.answer(who, fetch_state_nodes{1, sequence_number{n}, {{}}}, now).nodes.empty();
  }

  static constexpr auto chains = fairness::chain_heads::page;
  const bytes heads = fairness::chain_heads{digest{}, cluster_size{4}}.encode();
  storage::memory_disk disk;
  std::unique_ptr<storage::store> store;
  state_server server{spacing};
};

using numbers = std::vector<std::uint64_t>;

} // namespace

CAF_TEST(a fresh state is taken once in a while whoever asks) {
  state_server server{spacing};
  server.on_stable(proof_at(8));
  CAF_CHECK(server.may_take_fresh({}, start));
  for (auto ms = start; ms < start + state_server::fresh_ms; ms += 10)
    CAF_CHECK(!server.may_take_fresh({}, ms));
  CAF_CHECK(server.may_take_fresh({}, start + state_server::fresh_ms));
}

CAF_TEST(no fresh state is taken for who is above all that is stable) {
  state_server server{spacing};
  server.on_stable(proof_at(8));
  CAF_CHECK(!server.may_take_fresh(sequence_number{8}, start));
  CAF_CHECK(!server.may_take_fresh(sequence_number{~std::uint64_t{0}}, start));
  CAF_CHECK(server.may_take_fresh(sequence_number{7}, start));
}

CAF_TEST(walks over fresh states take a small part of the time) {
  state_server server{spacing};
  server.on_stable(proof_at(8));
  CAF_CHECK(server.may_take_fresh({}, start));
  server.on_walk(700);
  CAF_CHECK(!server.may_take_fresh({}, start + 13'999));
  CAF_CHECK(server.may_take_fresh({}, start + 14'000));
}

CAF_TEST(a walk is charged once) {
  fixture f;
  f.hand_out(100, start);
  CAF_CHECK_EQUAL(f.server.take_charge(), 0u);
  CAF_CHECK_EQUAL(f.offered(0, start), numbers{100});
  CAF_CHECK_EQUAL(f.server.take_charge(), (15 + 9 + f.heads.size() + 7) / 8); // of the bytes
  f.offered(0, start + 1);
  CAF_CHECK_EQUAL(f.server.take_charge(), 0u);
}

CAF_TEST(fresh states evict nothing but one another) {
  fixture f;
  f.hand_out(100, start);
  f.hand_out(200, start);
  CAF_CHECK(f.fetches(honest, 100, start));
  auto now = start;
  for (std::uint64_t n = 201; n < 299; ++n, now += 1'500) {
    f.checkpoint(n);
    f.take_fresh(n - 1, now);
    CAF_CHECK(f.offered(100, now).size() <= 2);
  }
  CAF_CHECK(f.fetches(honest, 100, now)); // though it asked nothing all the time
  CAF_CHECK(f.fetches(honest, 200, now));
}

CAF_TEST(a fresh state stays while it is fetched) {
  fixture f;
  f.hand_out(100, start);
  f.checkpoint(108);
  CAF_CHECK(f.take_fresh(100, start));
  CAF_CHECK_EQUAL(f.offered(100, start), numbers{108});
  f.checkpoint(116);
  CAF_CHECK(!f.take_fresh(108, start + 9'000)); // whoever got the offer may begin with it yet
  CAF_CHECK(f.fetches(honest, 108, start + 9'000));
  CAF_CHECK(!f.take_fresh(108, start + 18'000));
  CAF_CHECK(f.fetches(honest, 108, start + 18'000));
  CAF_CHECK(f.take_fresh(108, start + 30'000));
  CAF_CHECK(!f.fetches(honest, 108, start + 30'000));
  CAF_CHECK(f.fetches(honest, 116, start + 30'000));
}

CAF_TEST(what is fetched stays whatever another peer asks for) {
  fixture f;
  f.hand_out(100, start);
  auto now = start;
  for (std::uint64_t n = 200; n < 4'000; n += 100, now += 400) {
    f.hand_out(n, now);
    CAF_CHECK(f.fetches(honest, 100, now));
    f.offered(0, now);
    for (auto any = n; any >= 200 && any + 1'000 > n; any -= 100)
      f.fetches(greedy, any, now); // as many as it can
  }
  // And what nobody fetches any more goes.
  for (std::uint64_t n = 4'000; n < 4'400; n += 100)
    f.hand_out(n, now += state_server::in_use_ms);
  CAF_CHECK(!f.fetches(honest, 100, now));
  CAF_CHECK_EQUAL(f.offered(0, now), (numbers{4'200, 4'300}));
}

CAF_TEST(the base is offered however many states lie above it) {
  fixture f;
  auto now = start;
  f.checkpoint(150);
  tests::write_next_base(*f.store);
  f.checkpoint(190);
  tests::prune(*f.store);
  f.server.add(f.snapshot(), now); // the base has moved
  CAF_CHECK_EQUAL(f.offered(0, now), numbers{150});
  for (std::uint64_t n = 200; n < 1'000; n += 100)
    f.hand_out(n, now += 60'000);
  CAF_CHECK_EQUAL(f.offered(0, now), (numbers{150, 800, 900}));
  CAF_CHECK_EQUAL(f.offered(150, now), (numbers{800, 900}));
  CAF_CHECK(f.fetches(honest, 150, now));
  auto pages = f.server.answer(
      honest, fetch_state_pages{2, sequence_number{150}, {page(1).packed(), page(2).packed()}},
      now);
  CAF_REQUIRE_EQUAL(pages.pages.size(), 2u);
  CAF_CHECK_EQUAL(pages.pages[1].content, "as of 150");
  // Another takes its place.
  tests::write_next_base(*f.store);
  tests::prune(*f.store);
  f.server.add(f.snapshot(), now);
  f.hand_out(1'000, now += 60'000);
  f.hand_out(1'100, now += 60'000);
  CAF_CHECK_EQUAL(f.offered(0, now), (numbers{900, 1'000, 1'100}));
}

CAF_TEST(an empty database has no state to give) {
  fixture f;
  f.server.add(f.snapshot(), 1);
  f.server.add_fresh(f.snapshot(), 1);
  CAF_CHECK(!f.server.has_any({}));
  CAF_CHECK(f.offered(0, 2).empty());
  CAF_CHECK(!f.fetches(honest, 8, 3));
  CAF_CHECK(
      f.server.answer(honest, fetch_state_pages{2, sequence_number{8}, {1}}, 4).pages.empty());
}
