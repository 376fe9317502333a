#include "actors/peers.hpp"

#include <algorithm>
#include <optional>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "actors/door.hpp"

namespace bourse::actors {

namespace {

channel_settings settings_of(const door_options& options) {
  return {options.identity->genesis.cluster(), peer_role::replica, options.limits.max_frame_bytes};
}

/// What a peer's link tells: that it is there to the peers actor, its frames to those concerned.
link_events peer_events(const peers_actor& peers, const peer_routes& routes,
                        link_identity_ptr identity, std::optional<replica_id> dialled) {
  struct shared {
    link_actor link;
    std::optional<replica_id> who;
  };
  auto state = std::make_shared<shared>();
  state->who = dialled;
  link_events events;
  events.up = [=](const link_actor& link, const public_key& key) {
    state->link = link;
    state->who = replica_of(identity->genesis, key);
    caf::anon_send(peers, linked_atom::value, *state->who, link);
  };
  events.frame = [=](const frame_ptr& frame, std::uint32_t channels) {
    if (channels & channel_bit(channel::consensus))
      caf::anon_send(routes.replica, frame_atom::value, *state->who, frame);
    if (channels & channel_bit(channel::bodies))
      caf::anon_send(routes.mempool, frame_atom::value, *state->who, frame);
    if (channels & channel_bit(channel::stamps))
      caf::anon_send(routes.sequencer, frame_atom::value, *state->who, frame);
    if (channels & channel_bit(channel::view))
      caf::anon_send(routes.view_change, frame_atom::value, *state->who, frame);
    if (channels & channel_bit(channel::state))
      caf::anon_send(routes.transfer, frame_atom::value, *state->who, frame);
  };
  events.down = [=](const error&) {
    if (state->link || dialled)
      caf::anon_send(peers, unlinked_atom::value, *state->who, state->link);
    state->link = link_actor{};
  };
  return events;
}

class tcp_peers : public peers_actor::base {
public:
  tcp_peers(caf::actor_config& config, door_options options, caf::io::doorman_ptr doorman)
      : peers_actor::base(config),
        options_(std::move(options)),
        doorman_(std::move(doorman)),
        peers_(options_.identity->genesis.replicas.size()) {}

  const char* name() const override {
    return "peers";
  }

  behavior_type make_behavior() override {
    return {
        [this](start_atom, const peer_routes& routes) { start(routes); },
        [this](send_atom, replica_id to, channel c, const shared_bytes& message) {
          if (to.value() < peers_.size())
            pass_on(peers_[to.value()], c, message);
        },
        [this](broadcast_atom, channel c, const shared_bytes& message) {
          for (std::size_t i = 0; i < peers_.size(); ++i)
            if (i != self_id().value())
              pass_on(peers_[i], c, message);
        },
        [this](linked_atom, replica_id who, const link_actor& link) { linked(who, link); },
        [this](unlinked_atom, replica_id who, const link_actor& link) { unlinked(who, link); },
        [this](clock_atom) { dial_missing(); },
        [this](status_atom) { return status(); },
    };
  }

  void on_exit() override {
    for (auto& p : peers_)
      if (p.link)
        caf::anon_send(p.link, shut_atom::value);
    if (door_)
      caf::anon_send(door_, shut_atom::value);
    peers_.clear();
    routes_ = {};
    door_ = nullptr;
    doorman_.reset();
  }

private:
  struct peer {
    link_actor link;
    bool dialling = false;
    bool waiting = false; ///< for the next attempt
    std::uint32_t backoff_ms = redial_ms;
    std::uint64_t connects = 0;
  };

  replica_id self_id() const {
    return options_.identity->self;
  }

  void start(const peer_routes& routes) {
    routes_ = routes;
    door_setup setup;
    setup.caps = options_.caps;
    setup.totals = options_.totals;
    setup.admit = [options = options_, routes, unread = unread_, self = peers_actor{this}] {
      auto identity = options.identity;
      auto known = [identity](peer_role role, const public_key& key) -> expected<void> {
        auto who = replica_of(identity->genesis, key);
        if (role != peer_role::replica || !who || *who == identity->self)
          return fail(errc::unknown_replica, "not a replica of this cluster");
        return {};
      };
      return link_setup{secure_channel::listener(settings_of(options), identity->key, known,
                                                 fresh_handshake_seed()),
                        options.limits, peer_events(self, routes, identity, std::nullopt),
                        options.totals, unread};
    };
    door_ = open_door(system(), std::move(doorman_), std::move(setup));
    dial_missing();
  }

  void pass_on(const peer& p, channel c, const shared_bytes& message) {
    if (p.link)
      send(p.link, send_atom::value, c, message);
    else
      ++options_.totals->dropped;
  }

  void linked(replica_id who, const link_actor& link) {
    auto& p = peers_[who.value()];
    if (p.link)
      send(p.link, shut_atom::value);
    p.link = link;
    p.dialling = false;
    p.backoff_ms = redial_ms;
    ++p.connects;
    send(routes_.view_change, linked_atom::value, who);
    send(routes_.transfer, linked_atom::value, who);
  }

  /// A null link: the attempt to dial failed.
  void unlinked(replica_id who, const link_actor& link) {
    auto& p = peers_[who.value()];
    if (!link)
      p.dialling = false;
    else if (p.link != link)
      return; // one that was replaced before
    else
      send(routes_.view_change, unlinked_atom::value, who);
    p.link = link_actor{};
    if (self_id() < who && !p.waiting) {
      p.waiting = true;
      delayed_send(this, std::chrono::milliseconds(p.backoff_ms), clock_atom::value);
      p.backoff_ms = std::min(p.backoff_ms * 2, redial_at_most_ms);
    }
  }

  void dial_missing() {
    for (auto i = std::size_t{self_id().value()} + 1; i < peers_.size(); ++i) {
      auto& p = peers_[i];
      p.waiting = false;
      if (!p.link && !p.dialling) {
        p.dialling = true;
        dial(replica_id{static_cast<std::uint16_t>(i)});
      }
    }
  }

  /// Connecting blocks, so it has a thread of its own for as long as it lasts.
  void dial(replica_id who) {
    system().spawn<caf::detached>([options = options_, routes = routes_, who, unread = unread_,
                                   peers = peers_actor{this}](caf::event_based_actor* dialler) {
      auto& entry = options.identity->genesis.replicas[who.value()];
      auto socket = connect_socket(entry.peers.host, entry.peers.port, connect_timeout_ms);
      if (!socket) {
        caf::anon_send(peers, unlinked_atom::value, who, link_actor{});
        return;
      }
      auto& identity = options.identity;
      auto setup = std::make_shared<link_setup>(link_setup{
          secure_channel::dialer(settings_of(options), identity->key, entry.key,
                                 fresh_handshake_seed()),
          options.limits, peer_events(peers, routes, identity, who), options.totals, unread});
      dialler->system().middleman().spawn_broker(dialled_link, *socket, std::move(setup));
    });
  }

  std::string status() const {
    nlohmann::json out;
    out["links"] = nlohmann::json::array();
    for (std::size_t i = 0; i < peers_.size(); ++i)
      if (i != self_id().value())
        out["links"].push_back({{"replica", i},
                                {"up", static_cast<bool>(peers_[i].link)},
                                {"connects", peers_[i].connects}});
    return out.dump();
  }

  door_options options_;
  caf::io::doorman_ptr doorman_;
  std::vector<peer> peers_;
  peer_routes routes_;
  std::shared_ptr<unread_bytes> unread_ = std::make_shared<unread_bytes>();
  caf::actor door_;
};

link_events client_events(const gateway_actor& gateway, link_identity_ptr identity,
                          session_id session) {
  auto up = std::make_shared<bool>(false);
  link_events events;
  events.up = [=](const link_actor& link, const public_key& key) {
    *up = true;
    caf::anon_send(gateway, linked_atom::value, session, *client_of(identity->genesis, key), link);
  };
  events.frame = [=](const frame_ptr& frame, std::uint32_t channels) {
    if (channels & channel_bit(channel::client))
      caf::anon_send(gateway, frame_atom::value, session, frame);
  };
  events.down = [=](const error&) {
    if (*up)
      caf::anon_send(gateway, unlinked_atom::value, session);
    *up = false;
  };
  return events;
}

} // namespace

expected<peers_actor> spawn_tcp_peers(caf::actor_system& system, door_options options) {
  auto doorman = bind_door(system, options.listen);
  if (!doorman)
    return tl::unexpected(doorman.error());
  return system.spawn<tcp_peers>(std::move(options), std::move(*doorman));
}

expected<caf::actor> spawn_client_door(caf::actor_system& system, gateway_actor gateway,
                                       door_options options) {
  auto doorman = bind_door(system, options.listen);
  if (!doorman)
    return tl::unexpected(doorman.error());
  door_setup setup;
  setup.caps = options.caps;
  setup.totals = options.totals;
  setup.admit = [options, gateway, unread = std::make_shared<unread_bytes>(),
                 next = std::make_shared<std::uint64_t>(0)] {
    auto identity = options.identity;
    auto known = [identity](peer_role role, const public_key& key) -> expected<void> {
      if (role != peer_role::client || !client_of(identity->genesis, key))
        return fail(errc::unknown_client, "not a client of this cluster");
      return {};
    };
    return link_setup{secure_channel::listener(settings_of(options), identity->key, known,
                                               fresh_handshake_seed()),
                      options.limits, client_events(gateway, identity, session_id{++*next}),
                      options.totals, unread};
  };
  return open_door(system, std::move(*doorman), std::move(setup));
}

} // namespace bourse::actors
