// The client library: attaches a program to the exchange (docs/PROTOCOL, "Messages of clients").
//
//   auto client = attach(system, config::load_client("net", "taker").value()).value();
//   auto placed = place_and_wait(self, client, requests({order}), 10s);
//   caf::anon_send(client, shut_atom::value);
//
// The actor links to all replicas, signs, sends again what is lost, and believes what f+1 of them
// say. examples/place_order.cpp is a whole program; interfaces.hpp has all messages.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include "actors/client_session.hpp"
#include "actors/interfaces.hpp"
#include "actors/link.hpp"
#include "config/load.hpp"
#include "messages/crypto.hpp"

namespace bourse::actors {

/// Makes one connection to a replica, later: tells the client by linked_atom and then
/// unlinked_atom, or by unlinked_atom alone, with a null handle, if it can not be made.
using client_dialler = std::function<void(replica_id, const client_actor&)>;

struct client_options {
  config::genesis genesis;
  /// Of one of the genesis file's clients, which it names.
  std::shared_ptr<const key_pair> key;
  client_tuning tuning;
  /// Where an earlier run stopped: the first report that is wanted. Otherwise those from now on.
  std::optional<report_number> reports_from;
  link_limits limits;
  /// What its links did, to be read by others.
  std::shared_ptr<link_totals> totals = std::make_shared<link_totals>();
  /// Empty: over TCP, to the addresses in the genesis file.
  client_dialler dial;
};

/// Returns at once; links come up in the background, and come back whenever they break. The system
/// must have loaded caf::io::middleman, and outlive the client, which ends by shut_atom only.
/// Errors: unknown_client.
expected<client_actor> attach(caf::actor_system& system, client_options options);
expected<client_actor> attach(caf::actor_system& system, const config::loaded_client& who);

/// For place_atom messages.
inline requests_ptr requests(std::vector<request> list) {
  return std::make_shared<const std::vector<request>>(std::move(list));
}
inline presigned_ptr presigned(std::vector<signed_submission> list) {
  return std::make_shared<const std::vector<signed_submission>>(std::move(list));
}

/// For programs that have no actors of their own: places, and waits for what becomes of it. Errors:
/// placed::problem; unreachable if f+1 replicas have not confirmed it in time, in which case it may
/// still execute.
expected<placed_ptr> place_and_wait(const caf::scoped_actor& self, const client_actor& client,
                                    const requests_ptr& what, std::chrono::milliseconds patience,
                                    stream_id stream = stream_id{0});

/// The dialler that `attach` uses.
client_dialler tcp_dialler(caf::actor_system& system, const client_options& options);

} // namespace bourse::actors
