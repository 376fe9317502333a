#define CAF_SUITE state_server
#include "tests/suite.hpp"

#include "actors/state_server.hpp"
#include "storage/memory_store.hpp"

using namespace bourse;
using namespace bourse::actors;

CAF_TEST(a fresh state is taken once in a while whoever asks) {
  state_server server;
  CAF_CHECK(server.may_take_fresh(5'000));
  for (std::uint64_t ms = 5'000; ms < 5'000 + state_server::fresh_ms; ms += 10)
    CAF_CHECK(!server.may_take_fresh(ms));
  CAF_CHECK(server.may_take_fresh(5'000 + state_server::fresh_ms));
}

CAF_TEST(an empty database has no state to give) {
  storage::memory_disk disk;
  auto store = std::shared_ptr<storage::store>{storage::open_memory_store(disk)};
  state_server server;
  server.add(snapshot_ptr{store->snapshot()}, 1);
  CAF_CHECK(!server.has_any({}));
  CAF_CHECK(server.offers({}, 2).empty());
  CAF_CHECK(server.answer(fetch_state_nodes{1, sequence_number{8}, {{}}}, 3).nodes.empty());
  CAF_CHECK(server.answer(fetch_state_pages{2, sequence_number{8}, {1}}, 4).pages.empty());
}
