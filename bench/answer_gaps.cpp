#include "bench/answer_gaps.hpp"

#include <algorithm>

namespace bourse::bench {

void answer_gaps::add(time_point now) {
  if (last_ != time_point{} && now - last_ >= least)
    gaps_.push_back({last_, now});
  last_ = now;
}

answer_gaps::duration answer_gaps::longest(time_point from, time_point to) const {
  duration most{0};
  for (auto g = gaps_.rbegin(); g != gaps_.rend() && g->end > from; ++g)
    if (g->begin < to)
      most = std::max(most, g->end - g->begin);
  if (last_ != time_point{} && last_ < to)
    most = std::max(most, to - last_);
  return most;
}

} // namespace bourse::bench
