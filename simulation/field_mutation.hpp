// Every field of every message between replicas, of what gateways tell clients, and of what clients
// send, and what can be done to it on the wire (Winter,
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

/// Who says it to whom; each has its envelope.
enum class speech : std::uint8_t { peer, gateway, client };

/// The kinds of all envelopes are numbered through.
constexpr std::uint32_t kind_in(speech s, std::uint32_t number) {
  return static_cast<std::uint32_t>(s) * 1000 + number;
}

/// The way from the envelope to a field, through submessages, and through bytes that hold an
/// encoded message themselves.
struct field_path {
  struct step {
    const wire_field* field;
    std::string message; ///< what is entered; empty in the last step
  };
  std::vector<step> steps;
  speech whose = speech::peer;
  /// What the body of an answer must hold, if it goes through there: "BookView".
  std::string view;

  /// "new_view.body.changes.by.signature", "answer.body(BookView).bids.price"
  std::string name() const;
  /// See kind_in.
  std::uint32_t kind() const {
    return kind_in(whose, steps.front().field->number);
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
  swap,     ///< with the value that an earlier message had there, or nothing if it is the same
};
inline constexpr auto mutations = static_cast<std::size_t>(mutation::swap) + 1;

std::string_view to_string(mutation m);

/// Changes that field in an encoded envelope, in one of its occurrences if there are many. What
/// lies on the way is made if it is not there. `earlier`: for swap, as value_of gave it; may be
/// empty.
bytes mutate(byte_view message, const field_path& where, mutation how, splitmix64& random,
             byte_view earlier);

/// The field as it is encoded, without its number; one of its occurrences if there are many.
std::optional<bytes> value_of(byte_view message, const field_path& where, splitmix64& random);

/// True if that field is anywhere in the message.
bool has_field(byte_view message, const field_path& where);

/// The number of the kind in an encoded envelope; 0 if it cannot be read.
std::uint32_t kind_of(byte_view message);

} // namespace bourse::simulation
