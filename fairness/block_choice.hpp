// One block's choice among what is ready.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "fairness/ranking_state.hpp"

namespace bourse::fairness {

class block_choice {
public:
  /// `rules` outlive it. `now` is T of the block.
  block_choice(const market::rules& r, stamp_time now) : rules_(r), now_(now) {}

  /// Puts first what the block executes, in order, and gives ranks. Returns how many these are;
  /// what follows is in no order.
  std::size_t choose(std::vector<contender>& ready);

  /// Ranks are given.
  bool goes_first(const contender& a, const contender& b) {
    return a.rank != b.rank ? a.rank < b.rank : before(a, b);
  }
  /// The client with the lower one goes first where times are equal.
  const digest& tie(client_id client);

private:
  void rank(std::vector<contender>& ready);
  bool before(const contender& a, const contender& b);

  const market::rules& rules_;
  stamp_time now_;
  std::unordered_map<client_id, digest> ties_; ///< of those that met at one time
};

} // namespace bourse::fairness
