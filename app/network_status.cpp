#include "app/network_status.hpp"

#include <caf/all.hpp>

#include "actors/client.hpp"
#include "bench/measure.hpp"

namespace bourse::app {

using namespace std::chrono_literals;

std::vector<std::string> ask_each(caf::actor_system& system, const load_target& target,
                                  messages::client_id as, const actors::question& what) {
  auto& genesis = target.genesis();
  std::vector<std::string> bodies(genesis.size.n);
  auto key = target.keys()(genesis.market.clients[as.value()].name);
  if (!key)
    return bodies;
  actors::client_options options;
  options.genesis = genesis;
  options.key = std::make_shared<const messages::key_pair>(std::move(*key));
  auto client = actors::attach(system, std::move(options));
  if (!client)
    return bodies;
  auto question = what;
  question.how = actors::trust::each;
  question.timeout_ms = 3000;
  caf::scoped_actor self{system};
  self->request(*client, 10s, actors::ask_atom::value, question)
    .receive(
      [&](const actors::question_answer_ptr& a) {
        for (auto& one : a->each)
          if (!one.problem && one.replica.value() < bodies.size())
            bodies[one.replica.value()] = one.body;
      },
      [](const caf::error&) {});
  self->send(*client, actors::shut_atom::value);
  return bodies;
}

bool same_states(caf::actor_system& system, const load_target& target, messages::client_id as,
                 std::string& detail) {
  // Subject 1 asks for the state digest as of now.
  actors::question states{messages::query_kind::status, 1, 0, {}, actors::trust::each, 0};
  for (int attempt = 0; attempt < 10; ++attempt)
    if (bench::same_state(ask_each(system, target, as, states), detail))
      return true;
  return false;
}

} // namespace bourse::app
