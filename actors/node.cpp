#include "actors/node.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include "actors/clearing.hpp"
#include "actors/gateway.hpp"
#include "actors/ledger.hpp"
#include "actors/matcher.hpp"
#include "actors/mempool.hpp"
#include "actors/recovery.hpp"
#include "actors/replica.hpp"
#include "actors/sequencer.hpp"
#include "actors/state_transfer.hpp"
#include "actors/verifier.hpp"
#include "actors/view_change.hpp"
#include "consensus/key_authenticator.hpp"
#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

std::unique_ptr<const consensus::authenticator> authenticator_of(const node_context& c) {
  return std::make_unique<consensus::key_authenticator>(c.key.copy(), keys_of(c.genesis),
                                                        c.cluster());
}

market::pending_pool pool_of(const market::rules& rules, const market::clearing_house& house) {
  market::pending_pool pool{rules};
  for (std::uint32_t c = 0; c < rules.clients.size(); ++c)
    for (std::uint8_t s = 0; s < max_streams; ++s)
      if (auto next = house.next_submission(client_id{c}, stream_id{s}); next.value() > 1)
        pool.set_next(client_id{c}, stream_id{s}, next);
  return pool;
}

std::vector<client_position> positions_of(const market::rules& rules,
                                          const market::clearing_house& house) {
  std::vector<client_position> all(rules.clients.size());
  for (std::uint32_t c = 0; c < rules.clients.size(); ++c) {
    for (std::uint8_t s = 0; s < max_streams; ++s)
      all[c].next[s] = house.next_submission(client_id{c}, stream_id{s});
    all[c].next_report = house.next_report(client_id{c});
  }
  return all;
}

/// Spawns the actors, each with its part of what was recovered, and remembers them in the order in
/// which they are to end: first whoever lets work in, last the ledger that keeps its results.
class assembly {
public:
  assembly(caf::actor_system& system, context_ptr context, peers_actor peers)
      : system_(system), context_(std::move(context)) {
    routes_->peers = std::move(peers);
  }

  void spawn(recovered_node from, std::unique_ptr<storage::store> store) {
    const auto& rules = context_->genesis.market;
    routes_->gateway
        = own("gateway",
              spawn_gateway(system_, {context_, from.executed(), positions_of(rules, from.house)}));
    mempool_setup pool{context_, pool_of(rules, from.house), {}};
    for (std::uint32_t i = 0; i < context_->options.verifiers; ++i)
      pool.verifiers.push_back(spawn_verifier(system_, context_));
    auto verifiers = pool.verifiers;
    routes_->mempool = own("mempool", spawn_mempool(system_, std::move(pool)));
    for (const auto& v : verifiers)
      own("verifier", v);
    auto executed = from.executed();
    auto chain = from.consensus.chain;
    auto view = from.consensus.view;
    auto new_view = from.consensus.new_view;
    bool silent = from.silence.has_value();
    auto where = std::make_shared<const position>(position{executed, from.consensus.stable});
    routes_->sequencer
        = own("sequencer",
              spawn_sequencer(system_, {context_, std::move(from.order), view, executed,
                                        from.house.next_due(), std::move(from.reports),
                                        std::move(from.bodies), std::move(from.executed_before)}));
    routes_->replica
        = own("replica", spawn_replica(system_, {context_, authenticator_of(*context_),
                                                 std::move(from.consensus), from.checkpoint}));
    clearing_setup clearing{context_, std::move(from.house), std::move(from.tree), {}, executed,
                            chain};
    for (std::size_t i = 0; i < from.books.size(); ++i)
      clearing.matchers.push_back(spawn_matcher(system_, context_,
                                                instrument_id{static_cast<std::uint16_t>(i)},
                                                std::move(from.books[i])));
    auto matchers = clearing.matchers;
    routes_->clearing = own("clearing", spawn_clearing(system_, std::move(clearing)));
    for (const auto& m : matchers)
      own("matcher", m);
    routes_->view_change
        = own("view_change", spawn_view_change(system_, {context_, authenticator_of(*context_),
                                                         view, std::move(new_view), silent}));
    routes_->transfer
        = own("transfer", spawn_state_transfer(system_, {context_, authenticator_of(*context_),
                                                         std::move(where), from.silence}));
    own("peers", routes_->peers);
    routes_->ledger = own("ledger", spawn_ledger(system_, {context_, std::move(store), executed}));
  }

  /// Gives everybody all handles, and only then sets going those who speak first.
  node_handles start(std::function<std::string()> more_status) {
    routes_->supervisor
        = spawn_supervisor(system_, {context_, routes_, children_, std::move(more_status)});
    routes_ptr routes = routes_;
    caf::anon_send(routes->ledger, start_atom::value, routes);
    caf::anon_send(routes->clearing, start_atom::value, routes);
    caf::anon_send(routes->view_change, start_atom::value, routes);
    caf::anon_send(routes->replica, start_atom::value, routes);
    caf::anon_send(routes->mempool, start_atom::value, routes);
    caf::anon_send(routes->sequencer, start_atom::value, routes);
    caf::anon_send(routes->gateway, start_atom::value, routes);
    caf::anon_send(routes->transfer, start_atom::value, routes);
    caf::anon_send(routes->peers, start_atom::value,
                   peer_routes{routes->replica, routes->mempool, routes->sequencer,
                               routes->view_change, routes->transfer});
    caf::anon_send(routes->replica, clock_atom::value);
    caf::anon_send(routes->sequencer, clock_atom::value);
    caf::anon_send(routes->view_change, clock_atom::value);
    caf::anon_send(routes->transfer, clock_atom::value);
    return {routes->supervisor, routes, children_, context_};
  }

private:
  template <class Handle>
  Handle own(const char* name, Handle handle) {
    children_.push_back({name, caf::actor_cast<caf::actor>(handle)});
    return handle;
  }

  caf::actor_system& system_;
  context_ptr context_;
  std::shared_ptr<routes> routes_ = std::make_shared<routes>();
  std::vector<child> children_;
};

context_ptr context_of(node_setup setup, const node_seams& seams) {
  auto log = std::move(setup.log);
  if (!log)
    log = std::make_shared<spdlog::logger>("bourse",
                                           std::make_shared<spdlog::sinks::null_sink_mt>());
  return context_ptr{new node_context{std::move(setup.genesis),
                                      setup.self,
                                      std::move(setup.key),
                                      setup.options,
                                      std::move(log),
                                      seams.wall_clock_ms,
                                      seams.deterministic,
                                      {},
                                      {}}};
}

/// Ends a node that could not open its door, and waits for it: whoever destroys the actor system
/// next would stop the clock that its ending needs.
void end(caf::actor_system& system, const node_handles& node, bool deterministic) {
  if (deterministic) {
    caf::anon_send(node.supervisor, stop_atom::value);
    return;
  }
  caf::scoped_actor self{system};
  self->monitor(node.supervisor);
  caf::anon_send(node.supervisor, stop_atom::value);
  self->receive([](const caf::down_msg&) {});
}

} // namespace

expected<node_handles> spawn_node(caf::actor_system& system, node_setup setup, node_seams seams) {
  BOURSE_ASSERT(seams.spawn_peers && seams.store && seams.wall_clock_ms);
  auto context = context_of(std::move(setup), seams);
  context->observer = seams.observer;
  context->counters.times_processor = !seams.deterministic;
  auto mark = seams.database_mark != 0 ? seams.database_mark : fresh_hash_seed() | 1;
  auto recovered = recover(*seams.store, context->genesis, context->self, mark);
  if (!recovered)
    return tl::unexpected(recovered.error());
  context->log->info("replica {} starts at block {}", context->self.value(),
                     recovered->executed().value());
  auto peers = seams.spawn_peers(system);
  if (!peers)
    return tl::unexpected(peers.error());
  if (context->observer)
    context->observer->started(core_options(*context), recovered->consensus);
  assembly node{system, context, *peers};
  node.spawn(std::move(*recovered), std::move(seams.store));
  auto handles = node.start(std::move(seams.more_status));
  if (!seams.open_door)
    return handles;
  auto door = seams.open_door(system, handles.routes->gateway);
  if (!door) {
    end(system, handles, seams.deterministic);
    return tl::unexpected(door.error());
  }
  caf::anon_send(handles.supervisor, watch_atom::value, *door);
  return handles;
}

} // namespace bourse::actors
