#include "app/network_status.hpp"

#include <caf/all.hpp>

#include "actors/client.hpp"
#include "bench/measure.hpp"

namespace bourse::app {

using namespace std::chrono_literals;

bool same_states(caf::actor_system& system, const load_target& target, messages::client_id as,
                 std::string& detail) {
  auto& genesis = target.genesis();
  auto key = target.keys()(genesis.market.clients[as.value()].name);
  if (!key) {
    detail = messages::to_string(key.error());
    return false;
  }
  actors::client_options options;
  options.genesis = genesis;
  options.key = std::make_shared<const messages::key_pair>(std::move(*key));
  auto client = actors::attach(system, std::move(options));
  if (!client) {
    detail = messages::to_string(client.error());
    return false;
  }
  caf::scoped_actor self{system};
  bool same = false;
  for (int attempt = 0; attempt < 10 && !same; ++attempt) {
    std::vector<std::string> states(genesis.size.n);
    // Subject 1 asks for the state digest as of now.
    self
      ->request(*client, 10s, actors::ask_atom::value,
                actors::question{messages::query_kind::status, 1, 0, {}, actors::trust::each, 3000})
      .receive(
        [&](const actors::question_answer_ptr& a) {
          for (auto& one : a->each)
            if (!one.problem && one.replica.value() < states.size())
              states[one.replica.value()] = one.body;
        },
        [](const caf::error&) {});
    same = bench::same_state(states, detail);
  }
  self->send(*client, actors::shut_atom::value);
  return same;
}

} // namespace bourse::app
