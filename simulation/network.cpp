// The other half of cluster.cpp: what lies between the nodes, and between them and their clients.
#include <caf/all.hpp>

#include "simulation/cluster.hpp"
#include "simulation/memory_links.hpp"
#include "simulation/plain_client.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint64_t us = 1000;
/// How long a replica takes to notice that a link is gone: its heartbeats stay out.
constexpr std::uint64_t notice_ns = 1'000'000 * us;

} // namespace

// -- between replicas ----------------------------------------------------------------------------

void cluster::cut(std::size_t a, std::size_t b, bool on) {
  cut_one_way(a, b, on);
  cut_one_way(b, a, on);
}

void cluster::cut_one_way(std::size_t from, std::size_t to, bool on) {
  if (on)
    cuts_.insert({from, to});
  else
    cuts_.erase({from, to});
  if (network_.links_break)
    world_.after(on ? notice_ns : 1000 * us, [this, from, to] {
      look_at_links(from);
      look_at_links(to);
    });
}

void cluster::look_at_links(std::size_t i) {
  auto& n = nodes_[i];
  if (!network_.links_break || !n.handles)
    return;
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (nodes_[other].identity == n.identity)
      continue;
    bool now_up = up(other) && reaches(i, other) && reaches(other, i);
    if (now_up == n.linked.contains(other))
      continue;
    auto who = nodes_[other].identity;
    if (now_up) {
      n.linked.insert(other);
      caf::anon_send(n.handles->routes->view_change, linked_atom::value, who);
      caf::anon_send(n.handles->routes->transfer, linked_atom::value, who);
    } else {
      n.linked.erase(other);
      caf::anon_send(n.handles->routes->view_change, unlinked_atom::value, who);
    }
  }
}

std::uint64_t cluster::delay_ns() {
  auto spread = network_.most_delay_us - network_.least_delay_us + 1;
  auto delay = network_.least_delay_us + world_.random().below(spread);
  if (network_.tail_percent > 0 && world_.random().below(100) < network_.tail_percent)
    delay += world_.random().below(network_.tail_us + 1);
  return delay * us;
}

void cluster::from_peer(std::size_t from, std::uint64_t life, std::size_t to, channel c,
                        const shared_bytes& message) {
  if (nodes_[from].life != life)
    return;
  ++nodes_[from].sent[c];
  if (listener_)
    listener_(from, c, *message);
  if (!censor_ || censor_(from, to, c, *message))
    transmit(from, to, c, message, 0);
}

void cluster::post(std::size_t from, std::size_t to, channel c, const shared_bytes& message,
                   std::uint64_t delay_us) {
  transmit(from, to, c, message, delay_us);
}

void cluster::transmit(std::size_t from, std::size_t to, channel c, const shared_bytes& message,
                       std::uint64_t extra_us) {
  ++traffic_.sent;
  if (!reaches(from, to) || world_.random().below(100) < network_.loss_percent) {
    ++traffic_.lost;
    return;
  }
  bool twice = world_.random().below(100) < network_.duplicate_percent;
  for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
    auto arrival
        = world_.now() + delay_ns() + (extra_us + nodes_[from].slow_us + nodes_[to].slow_us) * us;
    if (network_.in_order) {
      auto& last = last_arrival_ns_[{from, to}];
      arrival = last = std::max(arrival, last);
    }
    world_.at(arrival, [this, from, to, c, message, life = nodes_[to].life] {
      if (nodes_[to].life == life)
        deliver(from, to, c, message);
    });
  }
}

void cluster::deliver(std::size_t from, std::size_t to, channel c, const shared_bytes& message) {
  if (!up(to))
    return;
  world_.trace(world_.now());
  world_.trace(*message);
  if (arrival_listener_)
    arrival_listener_(from, to, *message);
  if (stamps_listener_ && c == channel::stamps)
    if (auto m = decode_peer_message(*message, {}))
      if (const auto* r = std::get_if<stamp_reports>(&*m))
        for (const auto& one : r->reports)
          stamps_listener_(one);
  bytes frame;
  append_message(frame, c, *message);
  inject(to, nodes_[from].identity, std::move(frame));
}

void cluster::inject(std::size_t to, replica_id from, bytes frame) {
  auto shared = std::make_shared<const bytes>(std::move(frame));
  const auto& routes = *nodes_[to].handles->routes;
  caf::anon_send(routes.replica, frame_atom::value, from, shared);
  caf::anon_send(routes.mempool, frame_atom::value, from, shared);
  caf::anon_send(routes.sequencer, frame_atom::value, from, shared);
  caf::anon_send(routes.view_change, frame_atom::value, from, shared);
  caf::anon_send(routes.transfer, frame_atom::value, from, shared);
}

std::uint64_t cluster::sent(std::size_t i, channel c) const {
  auto it = nodes_[i].sent.find(c);
  return it == nodes_[i].sent.end() ? 0 : it->second;
}

// -- clients --------------------------------------------------------------------------------

session_id cluster::connect(std::size_t i, plain_client& client) {
  auto session = new_session();
  auto life = nodes_[i].life;
  auto link = spawn_memory_link(world_.system(), [this, i, life, session,
                                                  &client](const shared_bytes& m) {
    if (nodes_[i].life != life)
      return;
    if (m)
      told_client(i, *m);
    world_.after(m ? delay_ns() : 0, [&client, i, session, m] { client.receive(i, session, m); });
  });
  caf::anon_send(nodes_[i].handles->routes->gateway, linked_atom::value, session, client.id(),
                 link);
  return session;
}

void cluster::disconnect(std::size_t i, session_id session) {
  if (up(i))
    caf::anon_send(nodes_[i].handles->routes->gateway, unlinked_atom::value, session);
}

void cluster::from_client(std::size_t i, session_id session, bytes message) {
  if (client_listener_)
    client_listener_(message);
  world_.after(delay_ns(), [this, i, session, message = std::move(message), life = nodes_[i].life] {
    if (!up(i) || nodes_[i].life != life)
      return;
    world_.trace(message);
    if (client_arrival_listener_)
      client_arrival_listener_(i, session, message);
    bytes frame;
    append_message(frame, channel::client, message);
    inject(i, session, std::move(frame));
  });
}

void cluster::inject(std::size_t i, session_id session, bytes frame) {
  caf::anon_send(nodes_[i].handles->routes->gateway, frame_atom::value, session,
                 std::make_shared<const bytes>(std::move(frame)));
}

} // namespace bourse::simulation
