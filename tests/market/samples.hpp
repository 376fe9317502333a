// Rules and submissions for tests of the market.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "market/rules.hpp"
#include "messages/crypto.hpp"
#include "messages/request.hpp"

namespace bourse::market::samples {

/// A new seed each run, or that of the environment variable BOURSE_SEED to repeat one.
inline std::uint64_t test_seed() {
  auto* given = std::getenv("BOURSE_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

/// Two instruments (0: asset 0 for asset 1, 1: asset 2 for asset 1) and four traders with one
/// account each; client 4 may liquidate, client 5 is the treasurer, account 4 takes the fees.
inline rules small_rules(std::int64_t balance = 1'000'000) {
  rules r;
  r.assets = {{"BTC", 8}, {"USD", 2}, {"ETH", 8}};
  instrument btc;
  btc.name = "BTC-USD";
  btc.base = asset_id{0};
  btc.quote = asset_id{1};
  btc.maker_fee = basis_points{10};
  btc.taker_fee = basis_points{25};
  instrument eth = btc;
  eth.name = "ETH-USD";
  eth.base = asset_id{2};
  r.instruments = {btc, eth};
  for (std::uint32_t i = 0; i < 4; ++i) {
    r.accounts.push_back({"trader", {amount{balance}, amount{balance}, amount{balance}}});
    r.clients.push_back({"trader", {}, {account_id{i}}});
  }
  r.accounts.push_back({"fees", {amount{0}, amount{0}, amount{0}}});
  r.clients.push_back({"liquidator", {}, {}, true, false});
  r.clients.push_back({"treasurer", {}, {}, false, true});
  r.fee_account = account_id{4};
  return r;
}

inline place limit_order(std::uint32_t account, std::uint16_t instrument, std::uint64_t name,
                         side way, std::int64_t price, std::int64_t quantity,
                         time_in_force tif = time_in_force::good_till_cancel) {
  place p;
  p.account = account_id{account};
  p.instrument = instrument_id{instrument};
  p.client_order = client_order_id{name};
  p.side = way;
  p.price = messages::price{price};
  p.quantity = messages::quantity{quantity};
  p.tif = tif;
  return p;
}

/// A submission with a body that names its content, as far as these tests need one.
inline submission_ptr submission_of(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                                    std::vector<request> requests, const rules& r,
                                    std::size_t body_bytes = 64, char variant = 'a') {
  verified_submission s;
  s.content
      = {client_id{client}, stream_id{stream}, submission_number{number}, std::move(requests)};
  s.source.body = std::to_string(client) + '/' + std::to_string(stream) + '/'
                  + std::to_string(number) + variant;
  s.source.body.resize(std::max(body_bytes, s.source.body.size()), '.');
  s.digest = hash(s.source.body);
  s.lane = lane_of(s.content, r);
  return std::make_shared<const verified_submission>(std::move(s));
}

} // namespace bourse::market::samples
