// Recorded order flow: reads the events of a limit order market from a file, and tells instructions
// (place, cancel), which are replayed, from outcomes (filled, partly filled), which are what a
// correct book finds by itself.
//
// The file is CSV with the columns id,timestamp,exchange.timestamp,price,volume,action,direction.
// Volumes are in 1e-8 of the base asset, times in ms since the epoch, and rows stand in time order.
// `created` places a limit order of that volume; `changed` says that `volume` is left of it; so
// does `deleted`, which was a cancel if anything was left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <unordered_map>

#include "app/line_reader.hpp"
#include "market/rules.hpp"
#include "messages/types.hpp"

namespace bourse::app {

struct flow_event {
  enum class kind : std::uint8_t { create, cancel };

  kind what = kind::create;
  messages::client_order_id order;
  messages::side side = messages::side::buy;
  messages::price price;       ///< create only
  messages::quantity quantity; ///< create only
  std::uint64_t time_ms = 0;   ///< when it was received
  std::uint64_t line = 0;
};

/// What the feed itself says became of an order.
struct feed_order {
  std::optional<messages::quantity> created; ///< nothing: it was there before the file began
  std::optional<messages::quantity> left;    ///< nothing: the feed never spoke of it again
  bool ended = false;                        ///< filled or cancelled before the file ends

  /// Only of orders that the file creates.
  messages::quantity filled() const {
    return messages::quantity{left ? created->value() - left->value() : 0};
  }
};

struct flow_counters {
  std::uint64_t rows = 0;
  std::uint64_t creates = 0;
  std::uint64_t cancels = 0;
  std::uint64_t outcomes = 0; ///< rows that are no instruction
};

class order_flow {
public:
  /// Prices and volumes must fit the instrument's tick and lot. Errors: those of line_reader::open;
  /// malformed for other columns.
  static messages::expected<order_flow> open(const std::filesystem::path& file,
                                             const market::instrument& instrument);

  /// The next instruction; nothing at the end of the file. Errors: malformed with file and line;
  /// those of line_reader::next.
  messages::expected<std::optional<flow_event>> next();

  const flow_counters& counters() const {
    return counters_;
  }
  /// By the feed's id, which is the client order id. Complete once `next` has reached the end.
  const std::unordered_map<messages::client_order_id, feed_order>& feed() const {
    return feed_;
  }

private:
  struct row;

  order_flow(line_reader lines, market::instrument instrument);
  messages::expected<row> parse(std::string_view line) const;
  messages::expected<messages::quantity> lots(std::int64_t volume) const;
  /// What the row means; nothing if it is an outcome.
  messages::expected<std::optional<flow_event>> take(const row& r);
  tl::unexpected<messages::error> refuse(const std::string& why) const;

  line_reader lines_;
  market::instrument instrument_;
  std::uint64_t last_time_ = 0;
  flow_counters counters_;
  std::unordered_map<messages::client_order_id, feed_order> feed_;
};

} // namespace bourse::app
