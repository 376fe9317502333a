// A whole trader: places one limit order, and prints what becomes of it.
//
//   bourse testnet --output net      (and start its nodes, as that says)
//   place_order net
//
// Link it with bourse_actors and bourse_config; see CMakeLists.txt.

#include <chrono>
#include <iostream>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/client.hpp"
#include "config/decimal.hpp"
#include "config/load.hpp"

using namespace bourse;
using namespace bourse::messages;

int main(int argc, char** argv) {
  init_crypto();
  // Who the replicas are, what they trade, and the key of the client "taker".
  auto trader = config::load_client(argc > 1 ? argv[1] : "net", "taker").value();
  actors::client_options options;
  options.genesis = trader.genesis;
  options.key = std::make_shared<key_pair>(std::move(trader.key));

  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  caf::actor_system system{config};
  auto client = actors::attach(system, options).value();

  auto& btc_usd = trader.genesis.market.instruments[0];
  place order;
  order.account = trader.entry().accounts[0];
  order.client_order = client_order_id{1}; // a name of our own, for a later cancel
  order.side = side::buy;
  order.price = config::parse_price("236.47", btc_usd).value();
  order.quantity = config::parse_quantity("0.5", btc_usd).value();

  // Answered once f+1 replicas agree, so nobody has to be trusted.
  caf::scoped_actor self{system};
  self->request(client, std::chrono::seconds{10}, actors::place_atom::value, stream_id{0},
                actors::requests({order}))
      .receive(
          [&](const actors::placed_ptr& placed) {
            if (placed->problem)
              std::cout << to_string(*placed->problem) << '\n';
            for (auto& r : placed->reports)
              std::cout << to_string(r.kind) << ' ' << config::to_text(r.quantity, btc_usd)
                        << " at " << config::to_text(r.price, btc_usd) << ' ' << to_string(r.why)
                        << '\n';
          },
          [&](const caf::error& e) { std::cout << system.render(e) << '\n'; });
  caf::anon_send(client, actors::shut_atom::value);
}
