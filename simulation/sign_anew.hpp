// Changed messages with signatures that fit them, as far as the liar has the key.
#pragma once

#include <optional>

#include "simulation/field_mutation.hpp"
#include "simulation/liar.hpp"

namespace bourse::simulation {

/// `message` with the liar's own signatures made good again. Nothing if it cannot be read, or means
/// what it meant before: there is nothing to sign anew.
std::optional<bytes> sign_anew(liar& who, speech whose, const bytes& message, const bytes& before);

} // namespace bourse::simulation
