// Whatever arrives, nothing but counters changes.
#define CAF_SUITE hostile
#include "tests/suite.hpp"

#include "simulation/liar.hpp"
#include "tests/actors/cluster_checks.hpp"

using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

bytes random_bytes(random_source& random, std::size_t most) {
  bytes out(random.below(most + 1), '\0');
  for (auto& c : out)
    c = static_cast<char>(random.next());
  return out;
}

/// Well-formed messages that no honest replica would send.
peer_message absurd(random_source& random) {
  statement what{view_number{random.next()}, sequence_number{random.next()}, random_digest(random)};
  if (random.below(2) == 0)
    what = {view_number{0}, sequence_number{random.below(20)}, random_digest(random)};
  replica_signature by{replica_id{static_cast<std::uint16_t>(random.below(6))}, {}};
  switch (random.below(8)) {
    case 0:
      return pre_prepare{what, {}, std::make_shared<const bytes>(random_bytes(random, 100))};
    case 1:
      return prepare{what, by};
    case 2:
      return commit{what, by};
    case 3:
      return bourse::messages::checkpoint{{what.sequence, what.digest}, by};
    case 4:
      return progress{what.view, what.sequence, what.sequence};
    case 5:
      return fetch_blocks{what.sequence, sequence_number{random.next()}};
    case 6:
      return fetch_bodies{what.sequence, {random_digest(random)}};
    default:
      return bodies{{signed_submission{random_bytes(random, 200), {}}}};
  }
}

} // namespace

CAF_TEST(garbage from peers and clients changes nothing but counters) {
  auto seed = test_seed("garbage");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  auto& random = c.universe().random();
  traders.trade(400, 4, 2000);
  plain_client villain{c, client_named(c.genesis(), "trader")};
  c.universe().run(10);
  auto session = c.connect(1, villain);
  for (int i = 0; i < 3000; ++i)
    c.universe().after(random.below(2'000'000'000), [&] {
      auto to = random.below(4);
      auto from = replica_id{static_cast<std::uint16_t>(random.below(5))};
      auto on = static_cast<channel>(random.below(6));
      bytes frame;
      switch (random.below(4)) {
        case 0:
          frame = random_bytes(random, 300);
          break;
        case 1:
          append_message(frame, on, random_bytes(random, 300));
          break;
        case 2:
          append_message(frame, random.below(2) == 0 ? channel::consensus : channel::bodies,
                         encode(absurd(random)));
          break;
        default: {
          auto s = villain.sign({dead_man_switch{}}, static_cast<std::uint8_t>(random.below(16)),
                                submission_number{random.next()});
          s.signature.data[0] ^= static_cast<std::uint8_t>(random.below(2));
          append_message(frame, channel::client, encode(client_message{submit{{s}}}));
        }
      }
      c.inject(to, from, frame);
      c.inject(to, session, frame);
    });
  CAF_CHECK(c.universe().run(
      30'000, [&] { return traders.submitted() == 100 && traders.unconfirmed() == 0; }));
  CAF_CHECK(c.agree(5000));
  for (const auto& complaint : traders.complaints())
    CAF_ERROR(complaint);
  auto s = c.status(1);
  CAF_CHECK(s["malformed"]["peers"] > 0);
  CAF_CHECK(s["malformed"]["clients"] > 0);
  CAF_CHECK_EQUAL(s["view"], 0);
}
