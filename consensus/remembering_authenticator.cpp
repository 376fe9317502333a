#include "consensus/remembering_authenticator.hpp"

#include <utility>

namespace bourse::consensus {

namespace {

digest name_of(replica_id by, purpose why, byte_view payload, const signature& sig) {
  return hasher{}
      .add_u64(by.value())
      .add_u64(static_cast<std::uint64_t>(why))
      .add(sig.view())
      .add(payload)
      .finish();
}

} // namespace

bool remembering_authenticator::verify(replica_id by, purpose why, byte_view payload,
                                       const signature& sig) const {
  auto name = name_of(by, why, payload, sig);
  if (young_.contains(name))
    return true;
  if (old_.contains(name)) {
    keep(name);
    return true;
  }
  ++checks_;
  if (!below_.verify(by, why, payload, sig))
    return false;
  keep(name);
  return true;
}

void remembering_authenticator::remember(replica_id by, purpose why, byte_view payload,
                                         const signature& sig) const {
  keep(name_of(by, why, payload, sig));
}

void remembering_authenticator::keep(const digest& d) const {
  if (young_.size() >= capacity_)
    old_ = std::exchange(young_, {});
  young_.insert(d);
}

} // namespace bourse::consensus
