// One honest replica against the world: all others are the input's, each with its key, so that
// every message can be made to hold. More than f liars may break agreement, but not this replica's
// own promises: no vote against an earlier one, none before it is durable, execution in order,
// nothing prepared forgotten in a VIEW-CHANGE, a bounded log. And no message may end it.
//
// The first byte says who it is and where it begins, then come its events.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/adversary.hpp"
#include "tests/fuzz/honest_node.hpp"

namespace {

using namespace bourse::fuzz;
using bourse::consensus::suspicion;

constexpr std::size_t most_events = 400;

node_settings settings_of(choices& c) {
  node_settings s;
  s.outnumbered = true;
  s.n = c.below(8) == 7 ? 7 : 4;
  s.self = static_cast<std::uint16_t>(c.below(s.n));
  s.view = c.below(4) == 3 ? c.below(2ul * s.n) : 0;
  s.silent = c.below(8) == 7;
  s.window = c.below(2) == 0 ? 4 : 8;
  return s;
}

adversary::target target_of(const honest_node& n) {
  return {n.core().view(), n.core().stable().what.sequence, n.core().executed(),
          n.settings().window, n.settings().checkpoint_interval};
}

/// The others take one block through, as if they were honest.
void agree_on_next(honest_node& node, adversary& others, choices& c) {
  auto size = cluster_size{node.settings().n};
  auto v = node.core().view();
  auto n = sequence_number{node.core().committed().value() + 1};
  auto primary = size.primary_of(v);
  auto block
      = bourse::test::share(std::to_string(n.value()) + " agreed " + std::to_string(c.below(2)));
  statement what{v, n, hash(*block)};
  if (primary.value() == node.settings().self) {
    if (!node.has_grant())
      return;
    node.propose(" agreed");
    what.digest = hash(std::to_string(n.value()) + " agreed");
  }
  auto signed_as = [&](replica_id by, purpose why) {
    return replica_signature{by, bourse::test::stand_in{by}.sign(why, signed_bytes(what))};
  };
  if (others.owns(primary))
    node.hear(primary.value(),
              pre_prepare{what, signed_as(primary, purpose::pre_prepare).signature, block});
  node.work();
  auto phases = c.below(3); // 0: all of them
  for (auto by : size.everyone())
    if (others.owns(by) && by != primary)
      node.hear(by.value(), prepare{what, signed_as(by, purpose::prepare)});
  node.work();
  for (auto by : size.everyone())
    if (others.owns(by) && phases == 0)
      node.hear(by.value(), commit{what, signed_as(by, purpose::commit)});
  node.work();
}

void event(honest_node& node, adversary& others, choices& c) {
  auto other = [&] {
    auto i = c.below(node.settings().n - 1u);
    return static_cast<std::uint16_t>(i + (i >= node.settings().self ? 1 : 0));
  };
  switch (c.below(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6: {
      auto m = others.forge(c, target_of(node));
      node.hear(other(), m);
      return;
    }
    case 7:
    case 8:
    case 9:
      return agree_on_next(node, others, c);
    case 10:
    case 11:
      return node.work();
    case 12:
    case 13:
      return node.persist();
    case 14:
      return node.answer(c.below(4), c.below(4) != 3);
    case 15:
      return node.execute();
    case 16:
      return node.take_checkpoint();
    case 17:
    case 18:
      return node.pass(std::uint64_t{1} << c.below(12));
    case 19:
      return node.propose(" own " + std::to_string(c.below(2)));
    case 20:
      return node.restart(c.below(4));
    case 21:
      return node.suspect(static_cast<suspicion>(c.below(bourse::consensus::suspicions)));
    case 22:
      return c.below(2) == 0 ? node.resign() : node.speak();
    default:
      return node.link(other(), c.below(2) == 1);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices c{data, size};
  auto settings = settings_of(c);
  std::set<std::uint16_t> keys;
  for (std::uint16_t i = 0; i < settings.n; ++i)
    if (i != settings.self)
      keys.insert(i);
  adversary others{settings.n, keys};
  honest_node node{settings,
                   {[&](const bourse::consensus::send& s) {
                      others.overhear(bourse::test::replica(settings.self), s.what);
                    },
                    [](sequence_number, const digest&) {
                    }}};
  for (std::size_t i = 0; i < most_events && !c.used_up(); ++i)
    event(node, others, c);
  return 0;
}
