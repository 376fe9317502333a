#include "consensus/message_log.hpp"

#include <limits>

#include "messages/assert.hpp"

namespace bourse::consensus {

message_log::message_log(cluster_size size, std::uint32_t window, sequence_number low)
    : size_(size), window_(window), low_(low) {}

sequence_number message_log::high() const {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return low_.value() > most - window_ ? sequence_number{most}
                                       : sequence_number{low_.value() + window_};
}

slot* message_log::find(sequence_number n) {
  auto i = slots_.find(n);
  return i == slots_.end() ? nullptr : &i->second;
}

const slot* message_log::find(sequence_number n) const {
  auto i = slots_.find(n);
  return i == slots_.end() ? nullptr : &i->second;
}

slot& message_log::at(sequence_number n) {
  BOURSE_ASSERT(inside(n));
  return slots_.try_emplace(n, n, size_).first->second;
}

void message_log::truncate(sequence_number low) {
  BOURSE_ASSERT(low >= low_);
  low_ = low;
  slots_.erase(slots_.begin(), slots_.upper_bound(low));
}

} // namespace bourse::consensus
