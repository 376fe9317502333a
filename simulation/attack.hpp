// Attacks on the order: what a Byzantine primary, f-1 replicas that collude with it and clients of
// theirs do together. Each is a row of choices, so that another one is another row.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bourse::simulation {

/// What the colluding clients trade on what the colluding replicas see.
enum class attack_play : std::uint8_t {
  none,     ///< nothing
  front,    ///< buy before a large buyer does, and sell to it once it has executed
  outbid,   ///< the same, with an order that asks for more than there is, and so has a better lane
  sandwich, ///< the same, with a sale sent at once, to stand right behind
  offer,    ///< the same, with the sale at once, and waiting at a price that the buyer will pay
  flood,    ///< `front`, and so many requests of a better lane that blocks are full
};

/// What the colluding replicas report.
enum class attack_stamps : std::uint8_t {
  truth,
  reversed,   ///< what came last as if it had come first
  favour,     ///< the own as early as the chain allows, victims not at all
  zero,       ///< as favour, in a chain that never leaves the time 0
  far_future, ///< victims, and whatever comes after, far ahead of all clocks
  two_chains, ///< one chain as favour and one true, each told to some peers
};

/// Which heads the primary names.
enum class attack_heads : std::uint8_t {
  newest,
  every_set, ///< of all sets of 2f+1 chains, each as far as it is known or one report less, the one
             ///< that serves the colluding client best
  avoiding,  ///< only such as leave the victims out
};

/// When the primary proposes.
enum class attack_pace : std::uint8_t {
  prompt,
  stalling, ///< once it has seen reports of the victim, it waits until its own orders are in others
  late,     ///< at the last moment before others suspect it
};

/// What the primary makes of its batch where it may choose that (the plain rule).
enum class attack_batch : std::uint8_t {
  arrival,    ///< as orders came: honest
  around,     ///< victims wait for the colluding client's order, which goes in front, and what it
              ///< sends to follow them goes right behind
  reversed,   ///< the last first
  withholding ///< no victim, as long as nobody suspects it
};

struct attack {
  std::string_view name;
  std::string_view what; ///< in words
  bool colludes = true;  ///< else all replicas are honest
  attack_play play = attack_play::none;
  attack_stamps stamps = attack_stamps::truth;
  attack_heads heads = attack_heads::newest;
  attack_pace pace = attack_pace::prompt;
  attack_batch batch = attack_batch::arrival;
  /// From seeing a victim to sending: 0, or so long that all honest reports of it have been seen.
  std::uint64_t reaction_us = 100;
};

/// Every attack; the first is none at all, for comparison.
std::span<const attack> all_attacks();
/// Null if there is none of that name.
const attack* find_attack(std::string_view name);

} // namespace bourse::simulation
