// The clearing house as an actor: it leads the matchers through one block after another, takes
// checkpoints, and answers readers between blocks.
#pragma once

#include <vector>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "market/clearing_house.hpp"
#include "market/pages.hpp"

namespace bourse::actors {

struct clearing_setup {
  context_ptr context;
  market::clearing_house house;
  market::page_tree tree;              ///< over the pages that house and books were restored from
  std::vector<matcher_actor> matchers; ///< by instrument
  sequence_number executed;            ///< the block that all of this is the state after
  digest chain;
};

clearing_actor spawn_clearing(caf::actor_system& system, clearing_setup setup);

} // namespace bourse::actors
