// A client with a valid key that keeps to no rule. It costs replicas some work, and never what
// others have of the exchange.
#pragma once

#include <cstdint>

#include "simulation/plain_client.hpp"

namespace bourse::simulation {

class field_campaign;

class hostile_client {
public:
  /// `c` may end first. Sends something bad about every `every_ms`.
  /// With a campaign it sends what that has of clients' messages to try.
  hostile_client(cluster& c, std::uint64_t seed, std::uint32_t every_ms,
                 field_campaign* campaign = nullptr);

  void stop() {
    stopped_ = true;
  }
  /// Messages.
  std::uint64_t sent() const {
    return sent_;
  }

private:
  void again();
  void act();
  void two_bodies();
  void noise();
  void try_fields();
  client_message of_all_fields();
  request any_request();
  std::vector<request> some(std::size_t most);
  void send(std::size_t to, const client_message& m);

  cluster& cluster_;
  random_source random_;
  std::uint64_t every_ms_;
  plain_client client_;
  std::vector<account_id> accounts_;
  std::array<std::uint64_t, max_streams> next_;
  std::vector<signed_submission> old_;
  std::uint64_t sent_ = 0;
  bool stopped_ = false;
  field_campaign* campaign_;
  std::map<std::size_t, bytes> earlier_; ///< by field
};

} // namespace bourse::simulation
