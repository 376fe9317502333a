// How many files, sockets included, a node may have open, and what that leaves for connections.
#pragma once

#include <cstdint>

namespace bourse::app {

/// Raises this process's limit as far as it goes; returns it.
std::uint64_t raise_file_limit();

/// How many connections of replicas, and as many of clients, a node of `replicas` may have when it
/// may open so many files; 0 if that is too few to work with.
std::uint32_t connections_within(std::uint64_t files, std::uint32_t replicas);

} // namespace bourse::app
