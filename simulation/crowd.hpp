// Clients by name, orders, and a crowd of clients that trade a market made up from the seed.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "simulation/cluster.hpp"
#include "simulation/plain_client.hpp"

namespace bourse::simulation {

inline cluster_options options_of(std::uint64_t seed) {
  cluster_options o;
  o.seed = seed;
  o.genesis = test_genesis();
  return o;
}

client_id client_named(const config::genesis& g, std::string_view name);
/// The n-th of the client's own.
account_id account_of(const config::genesis& g, client_id c, std::size_t n = 0);
/// In instrument 0.
place limit_order(account_id account, side way, std::int64_t price, std::int64_t quantity,
                  std::uint64_t name, time_in_force tif = time_in_force::good_till_cancel);
cancel cancel_of(const place& p);

/// Clients that trade as the synthetic market has it, a few submissions at a time.
class crowd {
public:
  crowd(cluster& c, std::uint64_t seed);

  /// Submits about `requests` in all, `each` to a submission, over the next `ms`.
  void trade(std::size_t requests, std::size_t each, std::uint64_t ms);
  std::size_t unconfirmed() const;
  std::size_t submitted() const {
    return submitted_;
  }
  std::vector<std::string> complaints() const;
  std::deque<plain_client>& clients() {
    return clients_;
  }

private:
  cluster& cluster_;
  bench::synthetic_market market_;
  bench::random_source random_;
  std::deque<plain_client> clients_; ///< by part
  std::size_t submitted_ = 0;
};

/// True once that many submissions were made and all of them are confirmed; false after `ms`.
bool all_confirmed(cluster& c, crowd& traders, std::size_t submissions, std::uint64_t ms);
} // namespace bourse::simulation
