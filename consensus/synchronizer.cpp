#include "consensus/synchronizer.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace bourse::consensus {

void synchronizer::on_wish(replica_id who, view_number v) {
  auto& known = wishes_[who.value()];
  known = std::max(known, v);
  auto& own = wishes_[self_.value()];
  own = std::max(own, wished_by(size_.weak_quorum()));
}

void synchronizer::advance() {
  if (entered_.value() < std::numeric_limits<std::uint64_t>::max())
    on_wish(self_, entered_.next());
}

bool synchronizer::jump(view_number v) {
  if (v <= entered_)
    return false;
  on_wish(self_, v);
  entered_ = v;
  return true;
}

std::optional<view_number> synchronizer::take_entry() {
  auto v = wished_by(size_.quorum());
  if (v <= entered_ || wished_by(size_.weak_quorum()) != v)
    return std::nullopt;
  entered_ = v;
  return v;
}

view_number synchronizer::wished_by(std::uint16_t count) const {
  auto sorted = wishes_;
  std::ranges::sort(sorted, std::greater{});
  return sorted[count - 1u];
}

} // namespace bourse::consensus
