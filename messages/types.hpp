// The vocabulary of Bourse: every number that crosses a function boundary has a type of its own,
// so that a price can't be passed for a quantity or a view for a sequence number.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace bourse::messages {

/// An integer with a meaning. It compares and hashes like its representation but converts to
/// nothing by itself; arithmetic is done on `value()` where its units are in view.
template <class Tag, class Rep>
class strong {
public:
  using rep = Rep;

  constexpr strong() = default;
  constexpr explicit strong(Rep value) : value_(value) {}

  constexpr Rep value() const {
    return value_;
  }

  constexpr strong next() const {
    return strong{static_cast<Rep>(value_ + 1)};
  }

  friend constexpr auto operator<=>(strong, strong) = default;

private:
  Rep value_{};
};

/// Index of a replica in the genesis file, 0 to n-1.
using replica_id = strong<struct replica_id_tag, std::uint16_t>;
/// Index of a client (a member with a key) in the genesis file.
using client_id = strong<struct client_id_tag, std::uint32_t>;
/// Index of an account in the genesis file.
using account_id = strong<struct account_id_tag, std::uint32_t>;
/// Index of an instrument in the genesis file.
using instrument_id = strong<struct instrument_id_tag, std::uint16_t>;
/// Index of an asset in the genesis file.
using asset_id = strong<struct asset_id_tag, std::uint16_t>;

/// PBFT's view; replica `view mod n` is its primary (Castro and Liskov, OSDI 1999, section 4).
using view_number = strong<struct view_number_tag, std::uint64_t>;
/// PBFT's sequence number; the first block has 1, 0 is the genesis state.
using sequence_number = strong<struct sequence_number_tag, std::uint64_t>;

/// One of a client's independent streams of submissions, 0 to 15.
using stream_id = strong<struct stream_id_tag, std::uint8_t>;
/// Position of a submission within its stream; the first is 1.
using submission_number = strong<struct submission_number_tag, std::uint64_t>;
/// Position of an execution report among all of one client's; the first is 1.
using report_number = strong<struct report_number_tag, std::uint64_t>;

/// The exchange's name of an order: block sequence << 16 | index of the request in the block.
/// Ascending order ids are time priority.
using order_id = strong<struct order_id_tag, std::uint64_t>;
/// The client's name of an order, chosen by it, not 0, unique among an account's open orders.
using client_order_id = strong<struct client_order_id_tag, std::uint64_t>;
/// The exchange's name of a trade: block sequence << 24 | index of the fill in the block.
using trade_id = strong<struct trade_id_tag, std::uint64_t>;

/// A price in ticks of its instrument; valid prices are 1 to `max_price`.
using price = strong<struct price_tag, std::int64_t>;
/// A quantity in lots of its instrument; valid quantities are 1 to `max_quantity`.
using quantity = strong<struct quantity_tag, std::int64_t>;
/// An amount of one asset in its smallest unit. May be negative as a difference.
using amount = strong<struct amount_tag, std::int64_t>;
/// Hundredths of a percent.
using basis_points = strong<struct basis_points_tag, std::uint16_t>;

/// Time of a block in milliseconds since the Unix epoch, as its primary proposed it. It is the only
/// clock that the market knows.
using block_time = strong<struct block_time_tag, std::uint64_t>;
/// Milliseconds of some local, monotone clock. Never part of replicated state.
using local_time_ms = strong<struct local_time_ms_tag, std::uint64_t>;

inline constexpr std::size_t max_streams = 16;
inline constexpr std::int64_t max_price = std::int64_t{1} << 46;
inline constexpr std::int64_t max_quantity = std::int64_t{1} << 56;

/// Replicas, faults and quorums of a cluster with n = 3f+1 (Castro and Liskov, OSDI 1999,
/// section 4).
struct cluster_size {
  std::uint16_t n = 4;

  constexpr std::uint16_t f() const {
    return static_cast<std::uint16_t>((n - 1) / 3);
  }
  /// 2f+1 for n = 3f+1: any two quorums share an honest replica.
  constexpr std::uint16_t quorum() const {
    return static_cast<std::uint16_t>(2 * f() + 1);
  }
  /// f+1: at least one honest replica.
  constexpr std::uint16_t weak_quorum() const {
    return static_cast<std::uint16_t>(f() + 1);
  }
  constexpr replica_id primary_of(view_number view) const {
    return replica_id{static_cast<std::uint16_t>(view.value() % n)};
  }
  std::vector<replica_id> everyone() const {
    std::vector<replica_id> all;
    for (std::uint16_t i = 0; i < n; ++i)
      all.push_back(replica_id{i});
    return all;
  }
  friend constexpr bool operator==(cluster_size, cluster_size) = default;
};

} // namespace bourse::messages

template <class Tag, class Rep>
struct std::hash<bourse::messages::strong<Tag, Rep>> {
  std::size_t operator()(bourse::messages::strong<Tag, Rep> x) const noexcept {
    return std::hash<Rep>{}(x.value());
  }
};
