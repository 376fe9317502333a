// The view-change manager as an actor: consensus::view_manager decides, this carries out.
#pragma once

#include <memory>
#include <optional>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "consensus/authenticator.hpp"

namespace bourse::actors {

struct view_change_setup {
  context_ptr context;
  std::unique_ptr<const consensus::authenticator> authenticator;
  view_number view;
  /// The last NEW-VIEW that is stored; may be of an earlier view.
  std::optional<messages::new_view> new_view;
  bool silent = false;
};

view_change_actor spawn_view_change(caf::actor_system& system, view_change_setup setup);

} // namespace bourse::actors
