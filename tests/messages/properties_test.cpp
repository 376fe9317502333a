// What holds of every codec and every value: rapidcheck draws the seed of a value (see
// tests/messages/generators.hpp) and what is done to its encoding, and prints its own seed, which
// RC_PARAMS="seed=..." repeats.
#define CAF_SUITE properties
#include "tests/suite.hpp"

#include <rapidcheck.h>

#include <set>
#include <variant>

#include "messages/batch.hpp"
#include "tests/messages/generators.hpp"

// RC_ASSERT takes an expression apart and then evaluates all of it: && and || stand in parentheses.

using namespace bourse::messages;

namespace {

splitmix64 any_random() {
  return splitmix64{*rc::gen::arbitrary<std::uint64_t>()};
}

/// Some bytes of an encoding are others, or there are more or fewer.
bytes any_change(bytes b) {
  auto at = *rc::gen::inRange<std::size_t>(0, b.size() + 1);
  auto with = static_cast<char>(*rc::gen::inRange(0, 256));
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      if (at < b.size())
        b[at] = with;
      break;
    case 1:
      b.insert(at, 1, with);
      break;
    case 2:
      b.erase(at, 1);
      break;
    default:
      b.resize(at);
  }
  return b;
}

/// A value comes out of its encoding as it went in, and a changed encoding is another value or
/// none.
template <class Make, class Decode>
void check_codec(const std::string& what, bool canonical, Make make, Decode decode) {
  CAF_CHECK(rc::check(what, [&] {
    auto random = any_random();
    auto value = make(random);
    auto encoded = encode(value);
    auto decoded = decode(encoded);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT((*decoded == value && encode(*decoded) == encoded));

    auto changed = any_change(encoded);
    auto other = decode(changed);
    if (!other)
      return;
    if (canonical)
      RC_ASSERT((encode(*other) == changed && (changed == encoded) == (*other == value)));
    auto again = decode(encode(*other));
    RC_ASSERT((again && *again == *other));
  }));
}

} // namespace

CAF_TEST(messages between replicas) {
  std::set<std::size_t> kinds;
  check_codec(
      "peer messages", false,
      [&](splitmix64& random) {
        auto m = random_peer_message(random);
        kinds.insert(m.index());
        return m;
      },
      [](byte_view x) { return decode_peer_message(x, {}); });
  CAF_CHECK(kinds.size() > std::variant_size_v<peer_message> / 2); // of a hundred draws
}

CAF_TEST(messages between clients and nodes) {
  check_codec("client messages", false, random_client_message,
              [](byte_view x) { return decode_client_message(x, {}); });
  check_codec("gateway messages", false, random_gateway_message, decode_gateway_message);
  check_codec("books", false, random_book, decode_book_view);
  check_codec("accounts", false, random_account, decode_account_view);
  check_codec("trades", false, random_trades, decode_trades_view);
  check_codec("shares of receipts", false, random_share, decode_receipt_share);
  check_codec("receipts", false, random_receipt, decode_receipt);
}

CAF_TEST(what is signed hashed or stored has one encoding) {
  check_codec(
      "submissions", true, [](splitmix64& random) { return random_submission(random, 8); },
      [](byte_view x) { return decode_submission(x, {}); });
  check_codec(
      "blocks", true, [](splitmix64& random) { return random_block(random, 8); }, decode_block);
  check_codec("view changes", true, random_view_change_content,
              [](byte_view x) { return decode_view_change_content(x, {}); });
  check_codec("new views", true, random_new_view_content,
              [](byte_view x) { return decode_new_view_content(x, {}); });
  check_codec("signed new views", true, random_new_view, decode_new_view);
  check_codec("prepared certificates", true, random_prepared, decode_prepared_certificate);
  check_codec("commit certificates", true, random_commits, decode_commit_certificate);
  check_codec("stable checkpoints", true, random_stable, decode_stable_checkpoint);
  check_codec("evidence", true, random_equivocation, decode_equivocation);
}

CAF_TEST(messages of a frame come out as they went in) {
  CAF_CHECK(rc::check("batches", [] {
    auto random = any_random();
    std::vector<std::pair<channel, bytes>> sent;
    bytes frame;
    for (auto n = random.below(6); n > 0; --n) {
      auto on = static_cast<channel>(1 + random.below(6));
      sent.emplace_back(on, random_bytes(random, 1 + random.below(300)));
      append_message(frame, on, sent.back().second);
    }
    std::vector<std::pair<channel, bytes>> got;
    auto read
        = for_each_message(frame, [&](channel on, byte_view m) { got.emplace_back(on, bytes{m}); });
    RC_ASSERT(read.has_value());
    RC_ASSERT(got == sent);
  }));
}
