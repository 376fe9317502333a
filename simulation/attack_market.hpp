// The books and accounts of a run under attack.
#pragma once

#include <cstdint>
#include <vector>

#include "market/exchange.hpp"
#include "simulation/attack_flow.hpp"

namespace bourse::simulation {

class attack_market {
public:
  /// `flow` outlives it. Its book is there.
  explicit attack_market(const attack_flow& flow) : exchange_(flow.rules) {
    execute({flow.book}, block_time{0});
  }

  void execute(std::vector<submission_ptr> block, block_time time) {
    sequence_ = sequence_.next();
    exchange_.execute({sequence_, {}, time, std::move(block)});
  }
  /// What an account has more than at first, held or free: lots, and ticks times lots.
  struct gain {
    std::int64_t base = 0, quote = 0;

    /// In ticks times lots, at half of that price.
    std::int64_t worth(std::int64_t twice_price) const {
      return quote + base * twice_price / 2;
    }
  };
  gain gain_of(std::uint32_t member) const {
    auto view = exchange_.account(account_id{member});
    auto of = [&](std::size_t asset) {
      const auto& b = view.balances[asset];
      return b.free.value() + b.held.value();
    };
    return {of(0) - attack_base, of(1) - attack_quote};
  }
  /// Twice the middle between the best bid and the best ask.
  std::int64_t twice_mid() const {
    auto book = exchange_.book(instrument_id{0}, 1);
    if (book.bids.empty() || book.asks.empty())
      return 2 * attack_mid;
    return book.bids.front().price.value() + book.asks.front().price.value();
  }

private:
  market::exchange exchange_;
  sequence_number sequence_;
};

} // namespace bourse::simulation
