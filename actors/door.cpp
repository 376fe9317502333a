#include "actors/door.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

namespace bourse::actors {

namespace {

/// Keeps nothing of the link alive.
connection_slots::ending ending_of(const caf::actor& link) {
  return [address = link.address()] {
    if (auto alive = caf::actor_cast<caf::actor>(address))
      caf::anon_send(alive, shut_atom::value);
  };
}

caf::behavior door(caf::io::broker* self, caf::io::doorman_ptr doorman,
                   std::shared_ptr<door_setup> setup) {
  self->add_doorman(std::move(doorman));
  auto slots = std::make_shared<connection_slots>(setup->caps);
  return {
      [=](const caf::io::new_connection_msg& message) {
        auto slot = slots->take(address_group(self->remote_addr(message.handle)));
        if (!slot) {
          ++setup->totals->refused_connections;
          self->close(message.handle);
          return;
        }
        auto state = std::make_shared<link_setup>(setup->admit());
        state->events.up = [slots, id = *slot, up = std::move(state->events.up)](
                               const link_actor& link, const public_key& peer) {
          slots->proved(id);
          up(link, peer);
        };
        auto link = self->fork(accepted_link, message.handle, std::move(state));
        link->attach_functor([slots, id = *slot] { slots->give_back(id); });
        if (auto end_stranger = slots->began(*slot, ending_of(link))) {
          ++setup->totals->refused_connections;
          end_stranger();
        }
      },
      [=](const caf::io::acceptor_closed_msg&) { self->quit(); },
      [=](shut_atom) { self->quit(); },
  };
}

} // namespace

expected<caf::io::doorman_ptr> bind_door(caf::actor_system& system, const config::endpoint& where) {
  auto host = where.host.empty() ? nullptr : where.host.c_str();
  auto doorman = system.middleman().backend().new_tcp_doorman(where.port, host, true);
  if (!doorman)
    return fail(errc::io_failed, "can't listen on " + config::to_string(where)
                                     + ": is another process using the port?");
  return std::move(*doorman);
}

caf::actor open_door(caf::actor_system& system, caf::io::doorman_ptr doorman, door_setup setup) {
  return system.middleman().spawn_broker(door, std::move(doorman),
                                         std::make_shared<door_setup>(std::move(setup)));
}

} // namespace bourse::actors
