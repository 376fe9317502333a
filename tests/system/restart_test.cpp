#define CAF_SUITE restart
#include "tests/suite.hpp"

#include <set>

#include <caf/all.hpp>

#include "actors/client.hpp"
#include "actors/system_config.hpp"
#include "app/ledger_comparison.hpp"
#include "app/load_target.hpp"
#include "messages/client.hpp"

using namespace bourse;
using namespace bourse::messages;
using namespace std::chrono_literals;

namespace {

/// A network of real processes and a client of it.
struct fixture {
  std::unique_ptr<app::load_target> target;
  actors::system_config config;
  caf::actor_system system{config};
  actors::client_actor client;

  fixture() {
    app::target_options options;
    // The nodes are this project's program, not the test's.
    options.program = BOURSE_PROGRAM;
    auto opened = app::load_target::open(options);
    if (!opened)
      CAF_FAIL(to_string(opened.error()));
    target = std::move(*opened);
    actors::client_options o;
    o.genesis = target->genesis();
    auto key = target->keys()("maker");
    CAF_REQUIRE(key);
    o.key = std::make_shared<const key_pair>(std::move(*key));
    auto attached = actors::attach(system, std::move(o));
    CAF_REQUIRE(attached);
    client = *attached;
  }

  ~fixture() {
    caf::anon_send(client, actors::shut_atom::value);
    client = nullptr;
  }

  /// A buy far below any price: it stays open.
  request resting_order(std::uint64_t name) const {
    place p;
    p.account = target->genesis().market.clients.front().accounts.front();
    p.client_order = client_order_id{name};
    p.price = price{100};
    p.quantity = quantity{1000};
    return p;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(restart_tests, fixture)

CAF_TEST(all four are killed and started again and nothing acknowledged is lost) {
  constexpr std::uint64_t orders = 300;
  constexpr std::uint64_t kill_after = 100;
  constexpr std::uint64_t in_flight = 10;
  caf::scoped_actor self{system};
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  auto send = [&] {
    self->send(client, actors::place_atom::value, stream_id{0},
               actors::requests({resting_order(++sent)}));
  };
  while (sent < in_flight)
    send();
  while (acknowledged < orders) {
    bool silent = false;
    self->receive(
        [&](const actors::placed_ptr& placed) {
          CAF_CHECK(!placed->problem);
          ++acknowledged;
          if (sent < orders)
            send();
        },
        caf::after(60s) >> [&] { silent = true; });
    CAF_REQUIRE(!silent);
    if (acknowledged == kill_after) {
      auto& network = *target->temporary();
      for (std::size_t i = 0; i < network.size(); ++i)
        network.node(i).kill();
      auto restarted = network.start_nodes();
      CAF_REQUIRE(restarted);
    }
  }

  bytes body;
  self->request(client, 20s, actors::ask_atom::value,
                actors::question{query_kind::account,
                                 target->genesis().market.clients.front().accounts.front().value(),
                                 0,
                                 {},
                                 actors::trust::quorum,
                                 15'000})
      .receive([&](const actors::question_answer_ptr& a) { body = a->body; },
               [&](const caf::error& e) { CAF_MESSAGE(system.render(e)); });
  auto view = decode_account_view(body);
  CAF_REQUIRE(view);
  std::set<client_order_id> open;
  for (auto& o : view->orders)
    CAF_CHECK(open.insert(o.client_order).second);
  CAF_CHECK_EQUAL(open.size(), orders);

  target->temporary()->stop_nodes();
  auto all = app::compare_ledgers(*target->temporary());
  for (auto& [what, how] : all.findings)
    CAF_MESSAGE(what << ": " << how);
  CAF_CHECK(all.good);
}

CAF_TEST_FIXTURE_SCOPE_END()
