// The links of a replica to its peers over TCP, and the door where clients knock.
#pragma once

#include <memory>

#include <caf/actor_system.hpp>

#include "actors/connection_slots.hpp"
#include "actors/interfaces.hpp"
#include "actors/link.hpp"
#include "config/genesis.hpp"
#include "messages/crypto.hpp"

namespace bourse::actors {

/// Who this node is, for its links; shared by all of them for the node's life.
struct link_identity {
  config::genesis genesis;
  replica_id self;
  key_pair key;
};
using link_identity_ptr = std::shared_ptr<const link_identity>;

struct door_options {
  link_identity_ptr identity;
  config::endpoint listen;
  link_limits limits;
  connection_caps caps;
  std::shared_ptr<link_totals> totals;
};

/// The real peers actor: the replica with the lower id dials the one with the higher. A second link
/// of one peer replaces the first, which may be dead without knowing it. `listen` is bound before
/// this returns; it dials and accepts from start_atom on. Errors: io_failed, with the address.
expected<peers_actor> spawn_tcp_peers(caf::actor_system& system, door_options options);

/// Admits clients that the genesis names and passes them to the gateway; ends with shut_atom.
/// Errors: io_failed, with the address.
expected<caf::actor> spawn_client_door(caf::actor_system& system, gateway_actor gateway,
                                       door_options options);

} // namespace bourse::actors
