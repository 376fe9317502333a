// What the own disk holds must be readable: if not, this node can vouch for nothing.
#pragma once

#include <stdexcept>
#include <type_traits>
#include <utility>

#include "messages/error.hpp"

namespace bourse::actors {

/// The value. Throws what ends the actor, and with it the node.
template <class T>
T intact(messages::expected<T> x) {
  if (!x)
    throw std::runtime_error("the database cannot be read: " + to_string(x.error()));
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

} // namespace bourse::actors
