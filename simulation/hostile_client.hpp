// A client with a valid key that keeps to no rule. It costs replicas some work, and never what
// others have of the exchange.
#pragma once

#include <cstdint>

#include "simulation/plain_client.hpp"

namespace bourse::simulation {

class hostile_client {
public:
  /// `c` may end first. Sends something bad about every `every_ms`.
  hostile_client(cluster& c, std::uint64_t seed, std::uint32_t every_ms);

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
};

} // namespace bourse::simulation
