// The market that attacks are tried on, and what honest clients send: the same whatever the
// attack and the rule of order.
#pragma once

#include <cstdint>
#include <vector>

#include "market/rules.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::simulation {

using namespace messages;

/// Who trades. Client and account have the same number.
struct attack_members {
  static constexpr std::uint32_t house = 0; ///< has the book at first, and the fees
  static constexpr std::uint32_t first_trader = 1;
  static constexpr std::uint32_t traders = 8;
  static constexpr std::uint32_t first_victim = first_trader + traders;
  static constexpr std::uint32_t victims = 2;
  static constexpr std::uint32_t attacker = first_victim + victims; ///< trades
  static constexpr std::uint32_t accomplice = attacker + 1;         ///< floods
  static constexpr std::uint32_t count = accomplice + 1;

  static bool collude(client_id c) {
    return c.value() >= attacker;
  }
};

/// What one account owns at first: more than it can trade.
inline constexpr std::int64_t attack_base = 1'000'000;
inline constexpr std::int64_t attack_quote = 1'000'000'000'000;
/// In ticks, of the book at first. A victim takes `victim_levels` of them, of `level_lots` each.
inline constexpr std::int64_t attack_mid = 10'000;
inline constexpr std::int64_t level_lots = 10;
inline constexpr std::int64_t victim_levels = 6;
/// More than a victim's; an order of so many has lane 3 at any price here.
inline constexpr std::int64_t high_value_lots = 2 * victim_levels * level_lots;

/// An order that an honest client sends.
struct attack_intent {
  std::uint64_t at_us = 0;
  submission_header about;
  request what;
};

struct attack_flow {
  market::rules rules;
  submission_ptr book;                ///< executes before all else
  std::vector<attack_intent> intents; ///< by time
  std::uint64_t end_us = 0;           ///< of the last
};

attack_flow draw_attack_flow(std::uint64_t seed);

/// As a replica holds it once its signature, which nobody checks here, is checked.
submission_ptr attack_body(const market::rules& rules, const submission_header& about,
                           std::vector<request> requests);

/// A limit order of the account that belongs to the client.
place attack_place(client_id by, std::uint64_t name, side s, std::int64_t price, std::int64_t lots,
                   time_in_force tif);

} // namespace bourse::simulation
