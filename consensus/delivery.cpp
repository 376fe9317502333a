#include "consensus/delivery.hpp"

#include "messages/assert.hpp"

namespace bourse::consensus {

execution delivery::deliver(const committed_block& b) {
  const auto& what = b.certificate.what;
  BOURSE_ASSERT(room() && what.sequence == delivered_.next());
  delivered_ = what.sequence;
  chain_ = chain_next(chain_, what.digest);
  known_.emplace(what.sequence, what.digest);
  if (known_.size() > most_known_)
    known_.erase(known_.begin());
  return {what.sequence, what.digest, chain_, b.block, what.sequence.value() % interval_ == 0};
}

bool delivery::contradicts(sequence_number n, const digest& d) const {
  if (n > delivered_)
    return false;
  auto known = known_.find(n);
  return known == known_.end() || known->second != d;
}

void delivery::on_executed(sequence_number n) {
  BOURSE_ASSERT(n == executed_.next() && n <= delivered_);
  executed_ = n;
}

} // namespace bourse::consensus
