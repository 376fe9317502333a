#include "simulation/attack.hpp"

#include <algorithm>
#include <array>

namespace bourse::simulation {

namespace {

/// More than a boundary and the way of a report.
constexpr std::uint64_t after_reports_us = 30'000;

using play = attack_play;
using stamps = attack_stamps;
using heads = attack_heads;
using pace = attack_pace;
using batch = attack_batch;

constexpr std::array table{
    attack{.name = "none", .what = "all are honest", .colludes = false},
    attack{.name = "permute",
           .what = "what came last goes first",
           .play = play::front,
           .stamps = stamps::reversed,
           .heads = heads::every_set,
           .batch = batch::reversed},
    attack{.name = "sandwich",
           .what = "one order in front of a victim and one behind",
           .play = play::sandwich,
           .stamps = stamps::favour,
           .heads = heads::every_set,
           .batch = batch::around},
    attack{.name = "drop",
           .what = "victims are left out",
           .play = play::offer,
           .stamps = stamps::favour,
           .heads = heads::avoiding,
           .batch = batch::withholding},
    attack{.name = "delay",
           .what = "the primary is as slow as others bear",
           .play = play::offer,
           .stamps = stamps::favour,
           .pace = pace::late,
           .batch = batch::around},
    attack{.name = "stamp-zero",
           .what = "the own orders are stamped with the least times",
           .play = play::front,
           .stamps = stamps::zero,
           .batch = batch::around},
    attack{.name = "stamp-future",
           .what = "victims are stamped far in the future",
           .play = play::front,
           .stamps = stamps::far_future,
           .batch = batch::around},
    attack{.name = "two-chains",
           .what = "two chains, and the primary names the better one",
           .play = play::front,
           .stamps = stamps::two_chains,
           .heads = heads::every_set,
           .batch = batch::around},
    attack{.name = "every-set",
           .what = "the best of all sets of 2f+1 chains is named",
           .play = play::front,
           .stamps = stamps::favour,
           .heads = heads::every_set,
           .batch = batch::around},
    attack{.name = "peek",
           .what = "open orders are seen and raced, at once",
           .play = play::front,
           .batch = batch::around,
           .reaction_us = 0},
    attack{.name = "stall",
           .what = "the own order is made when all reports of the victim are seen",
           .play = play::front,
           .stamps = stamps::favour,
           .pace = pace::stalling,
           .batch = batch::around,
           .reaction_us = after_reports_us},
    attack{.name = "flood",
           .what = "blocks are filled with requests of a better lane",
           .play = play::flood,
           .stamps = stamps::favour,
           .batch = batch::around},
    attack{.name = "outbid",
           .what = "the own order asks for so much that it is of a better lane",
           .play = play::outbid,
           .stamps = stamps::favour,
           .batch = batch::around},
};

} // namespace

std::span<const attack> all_attacks() {
  return table;
}

const attack* find_attack(std::string_view name) {
  auto it = std::ranges::find(table, name, &attack::name);
  return it == table.end() ? nullptr : &*it;
}

} // namespace bourse::simulation
