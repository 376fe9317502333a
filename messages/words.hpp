// Messages as people read them, in traces and refusals.
#pragma once

#include <string>

#include "messages/consensus.hpp"

namespace bourse::messages {

/// "COMMIT of block 7 in view 0, digest 3f09a1b2, by 2"
std::string in_words(const peer_message& m);

} // namespace bourse::messages
