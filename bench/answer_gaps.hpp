// When answers did not come: how long clients waited around a moment, such as a failure.
#pragma once

#include <chrono>
#include <vector>

namespace bourse::bench {

class answer_gaps {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// Something was answered; times do not go back.
  void add(time_point now);
  /// The longest time between two consecutive answers of which the later came after `from` and the
  /// earlier before `to`. The silence after the last answer counts up to `to`.
  duration longest(time_point from, time_point to) const;

private:
  /// Shorter ones are not kept, or memory would grow with every answer.
  static constexpr std::chrono::milliseconds least{1};

  struct gap {
    time_point begin;
    time_point end;
  };
  std::vector<gap> gaps_; ///< ascending
  time_point last_{};
};

} // namespace bourse::bench
