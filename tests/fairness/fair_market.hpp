// A market, submissions of every lane, and stamps for tests of the fair order.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "market/rules.hpp"
#include "messages/assert.hpp"
#include "messages/crypto.hpp"
#include "messages/request.hpp"
#include "messages/splitmix64.hpp"
#include "messages/stamps.hpp"

namespace bourse::fairness {

using namespace messages;

/// The first of a random test's seeds: as the environment has it, so that a run can be repeated.
inline std::uint64_t first_seed() {
  auto* given = std::getenv("BOURSE_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 1;
}

/// One instrument; clients that may liquidate, and credits of two.
inline market::rules fair_rules(std::uint32_t clients = 4) {
  market::rules r;
  r.cluster = hash("fair");
  r.assets = {{"BTC", 8}, {"USD", 2}};
  market::instrument i;
  i.name = "BTC-USD";
  i.quote = asset_id{1};
  i.high_value = amount{1000};
  r.instruments = {i};
  for (std::uint32_t c = 0; c < clients; ++c) {
    market::client member;
    member.name = "client";
    member.key.data[0] = static_cast<std::uint8_t>(c + 1);
    member.liquidator = true;
    r.clients.push_back(member);
  }
  r.stream_window = 2;
  return r;
}

/// `requests` orders of a lane; bodies of different variants differ.
inline submission_ptr submission_of(const market::rules& r, const submission_header& about, lane l,
                                    std::size_t requests = 1, std::uint64_t variant = 0) {
  place p;
  p.client_order = client_order_id{1 + variant};
  p.price = price{l == lane::high_value ? 1000 : 1};
  p.quantity = quantity{1};
  p.liquidation = l == lane::liquidation;
  p.tif = p.liquidation      ? time_in_force::immediate_or_cancel
          : l == lane::maker ? time_in_force::post_only
                             : time_in_force::good_till_cancel;
  verified_submission s;
  s.content = {about.client, about.stream, about.number, std::vector<request>(requests, p)};
  s.source.body = encode(s.content);
  s.source.signature.data[0] = static_cast<std::uint8_t>(variant);
  s.digest = hash(s.source.body);
  s.lane = market::lane_of(s.content, r);
  BOURSE_ASSERT(s.lane == l);
  return std::make_shared<const verified_submission>(std::move(s));
}

inline submission_header header(std::uint32_t client, std::uint8_t stream, std::uint64_t number) {
  return {client_id{client}, stream_id{stream}, submission_number{number}};
}

inline submission_header header_of(const verified_submission& s) {
  return {s.content.client, s.content.stream, s.content.number};
}

/// Bodies by name, as a replica holds them.
class body_shelf {
public:
  submission_ptr put(submission_ptr s) {
    return all_[s->digest] = std::move(s);
  }
  std::vector<submission_ptr> get(const std::vector<digest>& names) const {
    std::vector<submission_ptr> result;
    for (auto& name : names)
      result.push_back(all_.at(name));
    return result;
  }

private:
  std::map<digest, submission_ptr> all_;
};

} // namespace bourse::fairness
