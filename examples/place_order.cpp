// A whole trader: places one limit order, and prints what becomes of it.
//
//   bourse testnet --output net      (and start its nodes, as that says)
//   place_order net
//
// Link it with bourse_actors and bourse_config; see CMakeLists.txt.

#include <chrono>
#include <iostream>

#include <caf/all.hpp>

#include "actors/client.hpp"
#include "actors/system_config.hpp"
#include "config/decimal.hpp"

using namespace bourse;
using namespace bourse::messages;
using namespace std::chrono_literals;

int main(int argc, char** argv) try {
  init_crypto();
  // Who the replicas are, what they trade, and the key of the client "taker".
  auto taker = config::load_client(argc > 1 ? argv[1] : "net", "taker").value();
  auto& btc_usd = taker.genesis.market.instruments[0];
  place order;
  order.account = taker.entry().accounts[0];
  // A name of our own, for a later cancel, that no open order of the account has.
  order.client_order = client_order_id(std::chrono::system_clock::now().time_since_epoch().count());
  order.side = side::buy;
  order.price = config::parse_price("236.47", btc_usd).value();
  order.quantity = config::parse_quantity("0.5", btc_usd).value();

  actors::system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto client = actors::attach(system, taker).value();
  // Answered once f+1 replicas agree, so nobody has to be trusted.
  auto placed = actors::place_and_wait(self, client, actors::requests({order}), 10s);
  caf::anon_send(client, actors::shut_atom::value);
  for (auto& r : placed.value()->reports)
    std::cout << to_string(r.kind) << ' ' << config::to_text(r.quantity, btc_usd) << " at "
              << config::to_text(r.price, btc_usd) << ' ' << to_string(r.why) << '\n';
} catch (const tl::bad_expected_access<error>& e) {
  std::cerr << to_string(e.error()) << '\n';
  return 1;
}
