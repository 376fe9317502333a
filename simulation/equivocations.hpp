// How much the two copies of a twin contradict each other. Each is correct, so they never vote
// differently on what another replica leads; but the two of them can lead.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "messages/consensus.hpp"

namespace bourse::simulation {

class equivocations {
public:
  /// Something that a node of that identity said, and that arrived.
  void heard(messages::replica_id who, messages::byte_view message) {
    auto m = messages::decode_peer_message(message, {});
    if (const auto* p = m ? std::get_if<messages::pre_prepare>(&*m) : nullptr)
      proposals_[{who, p->what.view, p->what.sequence}].insert(p->what.digest);
  }
  /// Slots for which one identity proposed more than one block.
  std::uint64_t slots() const {
    std::uint64_t n = 0;
    for (const auto& [slot, digests] : proposals_)
      n += digests.size() > 1 ? 1 : 0;
    return n;
  }

private:
  using slot = std::tuple<messages::replica_id, messages::view_number, messages::sequence_number>;
  std::map<slot, std::set<messages::digest>> proposals_;
};

} // namespace bourse::simulation
