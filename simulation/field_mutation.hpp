// Every field of every message between replicas, and what can be done to it on the wire (Winter,
// Buse, de Graaf, von Gleissenthall and Ozkan, "Randomized Testing of Byzantine Fault Tolerant
// Algorithms", OOPSLA 2023).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/splitmix64.hpp"
#include "simulation/wire_schema.hpp"

namespace bourse::simulation {

using messages::byte_view;
using messages::bytes;
using messages::splitmix64;

/// The way from the envelope to a field, through submessages, and through bytes that hold an
/// encoded message themselves.
struct field_path {
  struct step {
    const wire_field* field;
    std::string message; ///< what is entered; empty in the last step
  };
  std::vector<step> steps;

  /// "new_view.body.changes.by.signature"
  std::string name() const;
  /// Of the message kind, as in the envelope.
  std::uint32_t kind() const {
    return steps.front().field->number;
  }
  const wire_field& last() const {
    return *steps.back().field;
  }
};

/// All of them, in a fixed order.
const std::vector<field_path>& all_fields();

enum class mutation : std::uint8_t {
  drop,      ///< left out
  repeat,    ///< said twice
  zero,      ///< 0; of bytes, as many zeros
  plus_one,  ///< bytes: as a little-endian number
  minus_one, ///< likewise
  max,       ///< all ones
  random,    ///< as long as it was
  bit_flip,
  truncate, ///< a number loses its high bits, bytes their end
  grow,     ///< bytes are followed by more; a number has a byte that it does not need
  retype,   ///< another wire type under the same number
  swap,     ///< with the value that an earlier message had there
};
inline constexpr std::size_t mutations = 12;

std::string_view to_string(mutation m);

/// Changes that field in an encoded envelope, in one of its occurrences if there are many. What
/// lies on the way is made if it is not there. `earlier`: for swap, as value_of gave it; may be
/// empty.
bytes mutate(byte_view message, const field_path& where, mutation how, splitmix64& random,
             byte_view earlier);

/// The field as it is encoded, without its number; one of its occurrences if there are many.
std::optional<bytes> value_of(byte_view message, const field_path& where, splitmix64& random);

/// The kind of an encoded envelope; 0 if it cannot be read.
std::uint32_t kind_of(byte_view message);

} // namespace bourse::simulation
