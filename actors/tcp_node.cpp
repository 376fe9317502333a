#include "actors/tcp_node.hpp"

#include <chrono>

#include <nlohmann/json.hpp>

#include "actors/event_observer.hpp"
#include "actors/peers.hpp"
#include "actors/system_config.hpp"
#include "actors/trace_file.hpp"
#include "storage/rocks_store.hpp"

namespace bourse::actors {

namespace {

std::uint64_t wall_clock_ms() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

nlohmann::json to_json(const link_totals& t) {
  return {{"bytes_in", t.bytes_in.load()},
          {"bytes_out", t.bytes_out.load()},
          {"messages_out", t.messages_out.load()},
          {"frames_in", t.frames_in.load()},
          {"frames_out", t.frames_out.load()},
          {"dropped", t.dropped.load()},
          {"dropped_in", t.dropped_in.load()},
          {"handshakes_failed", t.handshakes_failed.load()},
          {"malformed", t.malformed.load()},
          {"refused_connections", t.refused_connections.load()}};
}

/// Null if the node is to write no trace.
expected<std::shared_ptr<observer>> tracer(const config::node_config& file,
                                           const config::genesis& g, replica_id self,
                                           const std::shared_ptr<spdlog::logger>& log) {
  if (file.trace.empty())
    return nullptr;
  conformance::identity who{g.cluster(), g.size, self, g.window, g.checkpoint_interval};
  auto trace = trace_file::open(file.trace, who, std::uint64_t{file.trace_limit_mb} << 20, log);
  if (!trace)
    return tl::unexpected(trace.error());
  return std::make_shared<event_observer>([to = *trace](const conformance::event& e) {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    to->append(static_cast<std::uint64_t>(std::chrono::nanoseconds{now}.count()), e);
  });
}

} // namespace

expected<node_handles> spawn_tcp_node(caf::actor_system& system, config::loaded_node node,
                                      std::shared_ptr<spdlog::logger> log) {
  auto& config = node.file;
  auto directory = config.data;
  auto store = storage::open_rocks_store(
      {config.data, config.write_buffer_mb, config.block_cache_mb, false, nullptr});
  if (!store)
    return tl::unexpected(store.error());
  auto trace = tracer(config, node.genesis, node.self, log);
  if (!trace)
    return tl::unexpected(trace.error());
  auto identity = std::make_shared<const link_identity>(
      link_identity{node.genesis, node.self, node.key.copy()});
  link_limits limits;
  limits.handshake_timeout_ms = config.handshake_timeout_ms;
  limits.heartbeat_ms = config.heartbeat_ms;
  limits.outbox_bytes = limits.inbox_bytes = config.peer_queue_mb << 20;
  connection_caps caps{config.max_connections, config.max_connections_per_address};
  door_options peers{identity, node.peers, limits, caps, std::make_shared<link_totals>()};
  limits.outbox_bytes = limits.inbox_bytes = config.client_queue_mb << 20;
  door_options clients{identity, node.clients, limits, caps, std::make_shared<link_totals>()};

  node_setup setup{std::move(node.genesis), node.self, std::move(node.key), {}, std::move(log)};
  auto threads = threads_for(config.threads);
  setup.options.verifiers = config.verifiers == 0 ? threads : config.verifiers;
  setup.options.batch_delay_us = config.batch_delay_us;
  setup.options.max_in_flight = config.max_in_flight;
  setup.options.stall_ms = config.stall_ms;
  setup.options.order_ms = config.order_ms;
  setup.options.link_grace_ms = config.link_grace_ms;
  setup.options.new_view_ms = config.new_view_ms;
  setup.options.retain_blocks = config.retain_blocks;
  setup.options.transfer_after_blocks = config.transfer_after_blocks;
  setup.options.serve_mb_per_s = config.serve_mb_per_s;
  setup.options.max_sessions_per_client = config.max_sessions_per_client;
  node_seams seams;
  seams.spawn_peers = [peers](caf::actor_system& s) {
    return spawn_tcp_peers(s, peers);
  };
  seams.open_door = [clients](caf::actor_system& s, const gateway_actor& gateway) {
    return spawn_client_door(s, gateway, clients);
  };
  seams.store = std::move(*store);
  seams.wall_clock_ms = wall_clock_ms;
  seams.observer = std::move(*trace);
  seams.more_status = [p = peers.totals, c = clients.totals] {
    nlohmann::json more;
    more["traffic"] = {{"peers", to_json(*p)}, {"clients", to_json(*c)}};
    more["cpu_us"] = {{"links", (p->cpu_ns + c->cpu_ns) / 1000}};
    return more.dump();
  };
  auto handles = spawn_node(system, std::move(setup), std::move(seams));
  // What else can go wrong is an address, which the error names.
  if (!handles && handles.error().code != errc::io_failed)
    return tl::unexpected(storage::located(handles.error(), directory));
  return handles;
}

} // namespace bourse::actors
