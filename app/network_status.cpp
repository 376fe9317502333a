#include "app/network_status.hpp"

#include <chrono>

#include <caf/all.hpp>

#include "actors/client.hpp"
#include "bench/measure.hpp"

namespace bourse::app {

using namespace std::chrono_literals;

namespace {

/// Through a client of its own; null if there is no such client.
actors::question_answer_ptr ask(caf::actor_system& system, const load_target& target,
                                messages::client_id as, actors::question what) {
  auto& genesis = target.genesis();
  auto key = target.keys()(genesis.market.clients[as.value()].name);
  if (!key)
    return nullptr;
  actors::client_options options;
  options.genesis = genesis;
  options.key = std::make_shared<const messages::key_pair>(std::move(*key));
  auto client = actors::attach(system, std::move(options));
  if (!client)
    return nullptr;
  what.timeout_ms = 3000;
  actors::question_answer_ptr answer;
  caf::scoped_actor self{system};
  self->request(*client, 10s, actors::ask_atom::value, what)
      .receive([&](const actors::question_answer_ptr& a) { answer = a; }, [](const caf::error&) {});
  self->send(*client, actors::shut_atom::value);
  return answer;
}

} // namespace

std::vector<std::string> ask_each(caf::actor_system& system, const load_target& target,
                                  messages::client_id as, const actors::question& what) {
  std::vector<std::string> bodies(target.genesis().size.n);
  auto question = what;
  question.how = actors::trust::each;
  if (auto answer = ask(system, target, as, question))
    for (const auto& one : answer->each)
      if (!one.problem && one.replica.value() < bodies.size())
        bodies[one.replica.value()] = one.body;
  return bodies;
}

messages::expected<bool> book_is_empty(caf::actor_system& system, const load_target& target,
                                       messages::client_id as, messages::instrument_id instrument) {
  actors::question best;
  best.kind = messages::query_kind::book;
  best.subject = instrument.value();
  best.limit = 1;
  auto answer = ask(system, target, as, best);
  if (!answer)
    return messages::fail(messages::errc::unreachable, "the network does not answer");
  if (answer->problem)
    return tl::unexpected(*answer->problem);
  auto book = messages::decode_book_view(answer->body);
  if (!book)
    return tl::unexpected(book.error());
  return book->bids.empty() && book->asks.empty();
}

bool same_states(caf::actor_system& system, const load_target& target, messages::client_id as,
                 std::string& detail) {
  // Subject 1 asks for the state digest as of now.
  actors::question states{messages::query_kind::status, 1, 0, {}, actors::trust::each, 0};
  auto end = std::chrono::steady_clock::now() + 10s;
  while (!bench::same_state(ask_each(system, target, as, states), detail))
    if (std::chrono::steady_clock::now() > end)
      return false;
  return true;
}

} // namespace bourse::app
