// What the genesis file fixes for the market: assets, instruments, accounts, clients, limits. Plain
// data, the same on every replica for the life of the cluster.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/block.hpp"
#include "messages/bytes.hpp"
#include "messages/error.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::market {

using namespace messages;

struct asset {
  std::string name;
  /// The smallest unit is 10^-decimals.
  std::uint8_t decimals = 0;
};

struct instrument {
  std::string name;
  asset_id base;
  asset_id quote;
  /// For people and files: one tick is `tick` of the quote asset, one lot `lot` of the base asset.
  std::string tick = "0.01";
  std::string lot = "1";
  /// Smallest units of the base asset in one lot; 1 or more.
  std::int64_t lot_units = 1;
  /// Smallest units of the quote asset that one lot costs at a price of one tick; 1 or more.
  std::int64_t tick_lot_units = 1;
  basis_points maker_fee;
  basis_points taker_fee;
  /// Orders whose notional is this or more (in the quote asset's smallest unit) are lane 3.
  amount high_value{INT64_MAX};
};

struct account {
  std::string name;
  std::vector<amount> balances; ///< by asset
};

struct client {
  std::string name;
  public_key key;
  std::vector<account_id> accounts; ///< sorted
  bool liquidator = false;
  bool treasurer = false;
};

/// What fixes the order of submissions (docs/PROTOCOL, "Blocks and their order").
struct order_rules {
  /// Boundaries of reports are multiples of this.
  std::uint32_t grid_ms = 20;
  /// Requests of lane 3 that go ahead of lane 4 in one block.
  std::uint32_t high_value_requests = 250;
  /// Most stamps in one report.
  std::uint32_t max_stamps = 4096;
  /// Most stamps of one replica that wait for their bodies to execute.
  std::uint32_t max_open_stamps = 262'144;
};

struct rules {
  digest cluster;
  std::vector<asset> assets;
  std::vector<instrument> instruments;
  std::vector<account> accounts;
  std::vector<client> clients;
  /// Where fees go.
  account_id fee_account;
  submission_limits submissions;
  block_limits blocks;
  order_rules order;
  /// Credit: how far ahead of its next number a stream may be.
  std::uint32_t stream_window = 64;
  std::uint32_t stream_window_bytes = 1024 * 1024;
  /// Most open orders in one book; beyond it new ones are rejected.
  std::uint32_t max_open_orders = 4'000'000;
  /// Most open orders of one account, over all instruments.
  std::uint32_t max_account_orders = 4'000'000;
};

/// No hold, notional, deposit or withdrawal is more: so sums of a few of them fit.
inline constexpr std::int64_t max_amount = INT64_MAX / 4;
/// What all accounts together may own of an asset. Since no balance is negative, no sum of balances
/// is more.
inline constexpr std::int64_t max_supply = INT64_MAX;

/// What the market takes for granted: references to what is there, supplies within max_supply, fees
/// of at most the notional, blocks whose requests have 16-bit positions. Errors: config_invalid.
expected<void> check_rules(const rules& r);

/// The worst lane of the submission's requests under these rules (docs/PROTOCOL, "Blocks"). It
/// depends on the submission and the genesis alone.
lane lane_of(const submission& s, const rules& r);

} // namespace bourse::market
