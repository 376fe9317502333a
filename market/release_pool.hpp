// What one matcher released in one block, by account: the cover for orders whose account was short
// at the block's start (docs/PROTOCOL, "Execution", funds).
#pragma once

#include <cstdint>
#include <vector>

#include "market/rules.hpp"
#include "market/work.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

class release_pool {
public:
  /// For the accounts below `accounts` and the two assets of `i`.
  release_pool(std::size_t accounts, const instrument& i) : entries_(accounts), base_(i.base) {}

  /// Forgets the block before and writes what follows to `to`, which outlives the block.
  void begin(std::vector<release>& to) {
    ++block_;
    to_ = &to;
  }

  /// Frees `units`; with `covers`, later orders of the account in this block may use them.
  void give(account_id account, asset_id asset, std::int64_t units, bool covers) {
    BOURSE_ASSERT(units >= 0);
    if (units == 0)
      return;
    to_->push_back({account, asset, amount{units}});
    if (covers)
      units_of(account, asset) += units;
  }

  bool covers(account_id account, asset_id asset, std::int64_t units) {
    return units <= 0 || units_of(account, asset) >= units;
  }

  /// Holds `units` of what was given. Precondition: covers(...).
  void take(account_id account, asset_id asset, std::int64_t units) {
    if (units <= 0)
      return;
    units_of(account, asset) -= units;
    to_->push_back({account, asset, amount{-units}});
  }

private:
  struct entry {
    std::uint64_t block = 0; ///< that the units are of; an older one: there are none
    std::int64_t base = 0;
    std::int64_t quote = 0;
  };

  std::int64_t& units_of(account_id account, asset_id asset) {
    auto& e = entries_[account.value()];
    if (e.block != block_)
      e = {block_, 0, 0};
    return asset == base_ ? e.base : e.quote;
  }

  std::vector<entry> entries_;
  asset_id base_;
  std::vector<release>* to_ = nullptr;
  std::uint64_t block_ = 0;
};

} // namespace bourse::market
