// Seeded random values for the tests of codecs: the same seed gives the same values everywhere. The
// values are those that decoders accept, with a liking for the ends of their ranges.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "messages/block.hpp"
#include "messages/bytes.hpp"
#include "messages/client.hpp"
#include "messages/consensus.hpp"
#include "messages/report.hpp"
#include "messages/request.hpp"
#include "messages/splitmix64.hpp"
#include "messages/stamps.hpp"

namespace bourse::messages {

/// 0 to max, often near one of them.
std::uint64_t up_to(splitmix64& random, std::uint64_t max);

inline bool flip(splitmix64& random) {
  return random.next() % 2 == 0;
}

bytes random_bytes(splitmix64& random, std::size_t size);

/// A value of a strong type, from 0 to `max`.
template <class Strong>
Strong random_strong(splitmix64& random, std::uint64_t max = static_cast<std::uint64_t>(
                                             std::numeric_limits<typename Strong::rep>::max())) {
  return Strong{static_cast<typename Strong::rep>(up_to(random, max))};
}

/// A value of an enum without gaps.
template <class Enum>
Enum random_enum(splitmix64& random, Enum first, Enum last) {
  auto low = static_cast<std::uint64_t>(first);
  return static_cast<Enum>(low + random.below(static_cast<std::uint64_t>(last) - low + 1));
}

template <class Fixed>
Fixed random_fixed(splitmix64& random) {
  Fixed out;
  out.assign(random_bytes(random, Fixed::size));
  return out;
}

template <class Make>
auto random_list(splitmix64& random, std::size_t max, Make make) {
  std::vector<decltype(make(random))> out;
  for (auto n = random.below(max + 1); n > 0; --n)
    out.push_back(make(random));
  return out;
}

inline replica_id random_replica(splitmix64& random) {
  return random_strong<replica_id>(random, peer_limits{}.max_replicas - 1);
}

inline std::vector<digest> random_digests(splitmix64& random, std::size_t max) {
  return random_list(random, max, random_fixed<digest>);
}

request random_request(splitmix64& random);
submission random_submission(splitmix64& random, std::size_t max_requests);
signed_submission random_signed_submission(splitmix64& random);
report random_report(splitmix64& random);
chain_head random_head(splitmix64& random);
block random_block(splitmix64& random, std::size_t max_heads);
stamp_report random_stamp_report(splitmix64& random, std::size_t max_stamps);
signed_report random_signed_report(splitmix64& random);

statement random_statement(splitmix64& random);
replica_signature random_signature(splitmix64& random);
prepared_certificate random_prepared(splitmix64& random);
commit_certificate random_commits(splitmix64& random);
stable_checkpoint random_stable(splitmix64& random);
equivocation random_equivocation(splitmix64& random);
view_change_content random_view_change_content(splitmix64& random);
new_view_content random_new_view_content(splitmix64& random);
new_view random_new_view(splitmix64& random);
peer_message random_peer_message(splitmix64& random);

client_message random_client_message(splitmix64& random);
gateway_message random_gateway_message(splitmix64& random);
book_view random_book(splitmix64& random);
account_view random_account(splitmix64& random);
trades_view random_trades(splitmix64& random);
receipt_share random_share(splitmix64& random);
receipt random_receipt(splitmix64& random);

} // namespace bourse::messages
