// A market made up from a seed: makers that quote around a wandering price and cancel, takers that
// cross, now and then a large order or a liquidation. Its book stays bounded however long it runs.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "market/rules.hpp"
#include "messages/request.hpp"
#include "messages/splitmix64.hpp"
#include "messages/types.hpp"

namespace bourse::bench {

using namespace messages;

using random_source = splitmix64;

/// The price that everyone quotes around, in ticks; wanders by a tick a step around its start.
class wandering_price {
public:
  explicit wandering_price(std::int64_t start) : start_(start), now_(start) {}
  std::int64_t step(random_source& random);

private:
  std::int64_t start_;
  std::int64_t now_;
};

/// One trader's stream of requests. Requests of one trader go through one client stream, so that
/// its cancels come after its orders.
class trader {
public:
  enum class habit : std::uint8_t {
    make,      ///< two quotes for every cancel until `open_quotes` rest, then one for one
    take,      ///< small orders that cross, one in a thousand large
    liquidate, ///< sells a little of what another account holds
  };

  /// `first_order` and up are its client order ids; no other trader of the account may use them. It
  /// trades in multiples of about `unit_lots`.
  trader(habit h, account_id account, instrument_id instrument, std::int64_t unit_lots,
         client_order_id first_order, std::size_t open_quotes = 200);

  request next(random_source& random, std::int64_t middle);

  instrument_id instrument() const {
    return instrument_;
  }

private:
  request quote(random_source& random, std::int64_t middle);
  request cross(random_source& random, std::int64_t middle);
  request liquidation(random_source& random);
  messages::quantity lots(random_source& random, std::int64_t most_units) const;

  habit habit_;
  account_id account_;
  instrument_id instrument_;
  std::int64_t unit_lots_;
  std::uint64_t next_order_;
  std::size_t open_quotes_;
  std::deque<client_order_id> open_;
};

/// Traders for every account of the sample market's clients `maker`, `taker` and `liquidator`.
class synthetic_market {
public:
  /// Which client's requests; the index into rules::clients is looked up by name.
  enum class part : std::uint8_t { makers, takers, liquidators };

  /// `r` must be the sample market or have its names. It outlives this.
  synthetic_market(const market::rules& r, std::uint64_t seed);

  client_id client_of(part p) const;
  /// How many streams that part has traders for, 1 to 16.
  std::size_t streams(part p) const;
  /// The next `count` requests of one stream.
  std::vector<request> next(part p, std::size_t stream, std::size_t count);

private:
  struct stream_traders {
    std::vector<trader> traders;
    std::size_t turn = 0;
  };
  struct party {
    client_id client;
    std::vector<stream_traders> streams;
  };

  party& party_of(part p) {
    return parties_[static_cast<std::size_t>(p)];
  }
  const party& party_of(part p) const {
    return parties_[static_cast<std::size_t>(p)];
  }
  void add_traders(const market::rules& r, part p, const std::string& client,
                   const std::string& account_prefix, trader::habit h, std::size_t streams,
                   std::uint64_t run);

  random_source random_;
  std::vector<wandering_price> prices_; ///< by instrument
  std::vector<party> parties_;
};

} // namespace bourse::bench
