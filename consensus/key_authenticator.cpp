#include "consensus/key_authenticator.hpp"

namespace bourse::consensus {

key_authenticator::key_authenticator(key_pair own, std::vector<public_key> replicas,
                                     const digest& cluster)
    : own_(std::move(own)), replicas_(std::move(replicas)), cluster_(cluster) {}

signature key_authenticator::sign(purpose why, byte_view payload) const {
  return own_.sign(why, cluster_, payload);
}

bool key_authenticator::verify(replica_id by, purpose why, byte_view payload,
                               const signature& sig) const {
  return by.value() < replicas_.size()
         && messages::verify(replicas_[by.value()], why, cluster_, payload, sig);
}

} // namespace bourse::consensus
