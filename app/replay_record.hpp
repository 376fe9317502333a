// What became of replayed orders, as execution reports tell it: the same record for a run through a
// cluster and for one through a single book, so that the two can be compared row for row.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/order_flow.hpp"
#include "market/rules.hpp"
#include "messages/report.hpp"

namespace bourse::app {

/// Who replays what: one client acts for the account of all buyers and that of all sellers.
struct replay_roles {
  messages::client_id client;
  messages::account_id bids;
  messages::account_id asks;
  messages::instrument_id instrument;
};
/// The client `trader` with its accounts `bids` and `asks`. Errors: not_found.
messages::expected<replay_roles> find_replay_roles(const market::rules& r,
                                                   const std::string& instrument);

/// The instruction as a request of that client.
messages::request to_request(const flow_event& e, const replay_roles& roles);

struct replayed_order {
  messages::client_order_id id;
  messages::side side = messages::side::buy;
  messages::price price;
  messages::quantity quantity;
  messages::quantity filled;

  friend bool operator==(const replayed_order&, const replayed_order&) = default;
};

struct replayed_trade {
  messages::client_order_id maker;
  messages::client_order_id taker;
  messages::price price;
  messages::quantity quantity;

  friend bool operator==(const replayed_trade&, const replayed_trade&) = default;
};

class replay_record {
public:
  /// An instruction, in file order, before any report on it.
  void add(const flow_event& e);
  /// A report on the replaying client's orders; in any order within a trade.
  void apply(const messages::report& r);

  /// In the order of their creation.
  const std::vector<replayed_order>& orders() const {
    return orders_;
  }
  /// In the order of their happening.
  std::vector<replayed_trade> trades() const;
  std::int64_t volume_lots() const;
  std::uint64_t instructions() const {
    return instructions_;
  }
  /// Rejected instructions, by reason. A feed cancels orders that it never created.
  const std::map<messages::reason, std::uint64_t>& rejected() const {
    return rejected_;
  }

  /// "id,side,price,qty,filled", an order a row. Side, price and quantities are as the replayed
  /// file has them: bid or ask, and 1e-8 of the base asset.
  void write_csv(std::ostream& out, const market::instrument& i) const;

private:
  std::vector<replayed_order> orders_;
  std::unordered_map<messages::client_order_id, std::size_t> index_;
  std::map<messages::trade_id, replayed_trade> trades_;
  std::map<messages::reason, std::uint64_t> rejected_;
  std::uint64_t instructions_ = 0;
};

/// The first difference in orders, fills, trades or rejections, in words; empty if there is none.
std::string difference(const replay_record& one, const replay_record& other);

/// How the fills agree with what the feed itself says.
struct feed_agreement {
  std::uint64_t orders = 0; ///< those that the file creates and ends
  std::uint64_t equal = 0;  ///< filled by as much as the feed says
};
feed_agreement compare_with_feed(const replay_record& record, const order_flow& flow);

} // namespace bourse::app
