// How a node's actors come to life: the actor is only a shell around an object of a plain class,
// which is destroyed when the actor ends. So handles in it form no cycles.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/logger.h>

#include "actors/context.hpp"

namespace bourse::actors {

/// What time it is for an actor: a monotone clock, which tests move.
template <class Actor>
std::uint64_t now_ns(const Actor* self) {
  return static_cast<std::uint64_t>(self->clock().now().time_since_epoch().count());
}

template <class T>
struct shell {
  const char* name = T::name;
  std::unique_ptr<T> content;
};

/// Whether an actor shares the scheduler's threads or has one of its own.
enum class runs : std::uint8_t { shared, alone };

/// Spawns an actor with the behaviour of a T, which has `name`, a constructor from the actor's
/// pointer and `Setup`, and `behavior()`. `Setup` has a `context`. What T throws is logged with its
/// text and ends the actor, and with it the node: see the supervisor.
template <class T, class Interface, class Setup>
Interface spawn_shell(caf::actor_system& system, Setup setup, runs where = runs::shared) {
  auto shared = std::make_shared<Setup>(std::move(setup));
  auto body = [shared](typename Interface::template stateful_pointer<shell<T>> self) ->
      typename Interface::behavior_type {
        auto context = shared->context;
        self->set_exception_handler([context](std::exception_ptr& thrown) -> caf::error {
          try {
            std::rethrow_exception(thrown);
          } catch (const std::exception& e) {
            context->log->critical("{} failed: {}", T::name, e.what());
          } catch (...) {
            context->log->critical("{} failed", T::name);
          }
          return caf::sec::runtime_error;
        });
        self->state.content = std::make_unique<T>(self, std::move(*shared));
        return self->state.content->behavior();
      };
  if (where == runs::alone && !shared->context->deterministic)
    return system.spawn<caf::detached>(body);
  return system.spawn(body);
}

} // namespace bourse::actors
