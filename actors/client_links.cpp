// How a client reaches the replicas' doors over TCP.

#include <memory>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/client.hpp"

namespace bourse::actors {

namespace {

/// What all connections of one client need, for as long as one of them lives: channels refer to the
/// key.
struct dial_context {
  caf::actor_system& system;
  digest cluster;
  std::vector<config::replica_entry> replicas;
  std::shared_ptr<const key_pair> key;
  link_limits limits;
  std::shared_ptr<link_totals> totals;
};
using dial_context_ptr = std::shared_ptr<const dial_context>;

/// The client is held weakly: its links must not keep it alive, nor outlive it.
link_events events_of(const dial_context_ptr& context, replica_id who, const client_actor& client) {
  auto link = std::make_shared<link_actor>();
  auto weak_client = caf::actor_cast<caf::weak_actor_ptr>(client);
  auto tell = [=](auto... message) {
    if (auto strong = weak_client.lock())
      caf::anon_send(caf::actor_cast<client_actor>(strong), std::move(message)...);
  };
  link_events events;
  events.up = [=](const link_actor& self, const public_key&) {
    *link = self;
    auto shut = [weak_link = caf::actor_cast<caf::weak_actor_ptr>(self)] {
      if (auto strong = weak_link.lock())
        caf::anon_send(caf::actor_cast<link_actor>(strong), shut_atom::value);
    };
    if (auto strong = weak_client.lock())
      caf::actor_cast<client_actor>(strong)->attach_functor(shut); // at once if it has ended
    else
      shut();
    tell(linked_atom::value, who, self);
  };
  events.frame = [=](const frame_ptr& frame, std::uint32_t channels) {
    if (channels & channel_bit(channel::client))
      tell(frame_atom::value, who, frame);
  };
  // The channel refers to the key, which the context holds for as long as the link has its events.
  events.down = [=, keep = context](const error&) {
    tell(unlinked_atom::value, who, *link);
    *link = link_actor{};
  };
  return events;
}

} // namespace

client_dialler tcp_dialler(caf::actor_system& system, const client_options& options) {
  auto context = std::make_shared<const dial_context>(
      dial_context{system, options.genesis.cluster(), options.genesis.replicas, options.key,
                   options.limits, options.totals});
  return [context](replica_id who, const client_actor& client) {
    // Connecting blocks, so it has a thread of its own for as long as it lasts.
    context->system.spawn<caf::detached + caf::hidden>([=](caf::event_based_actor*) {
      auto& entry = context->replicas[who.value()];
      auto socket = connect_socket(entry.clients.host, entry.clients.port, connect_timeout_ms);
      if (!socket) {
        caf::anon_send(client, unlinked_atom::value, who, link_actor{});
        return;
      }
      channel_settings settings{context->cluster, peer_role::client,
                                context->limits.max_frame_bytes};
      auto setup = std::make_shared<link_setup>(link_setup{
          secure_channel::dialer(settings, *context->key, entry.key, fresh_handshake_seed()),
          context->limits, events_of(context, who, client), context->totals});
      context->system.middleman().spawn_broker(dialled_link, *socket, std::move(setup));
    });
  };
}

} // namespace bourse::actors
