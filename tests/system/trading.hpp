// A network of real nodes on which somebody trades all the time: what must not be disturbed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "actors/client.hpp"
#include "actors/system_config.hpp"
#include "app/temporary_network.hpp"

namespace bourse::tests {

/// Four nodes of the project's program over the sample market; fails the test if they do not start.
std::unique_ptr<app::temporary_network> start_network(app::network_options o = {});

/// The key of a client of such a network.
messages::key_pair client_key(const app::temporary_network& network, const std::string& name);

/// A client, "maker", that places orders without a pause until it is destroyed: each placement is a
/// submission of orders that trade with each other, so that the books stay empty.
class trading {
public:
  explicit trading(const app::temporary_network& network, std::size_t orders_per_placement = 16);
  ~trading();
  trading(const trading&) = delete;
  trading& operator=(const trading&) = delete;

  /// Placements that were executed.
  std::uint64_t executed() const;
  /// Placements that failed: any is a disturbance.
  std::uint64_t failed() const;
  /// Orders that it was told to be in the market.
  std::vector<messages::client_order_id> confirmed() const;
  /// True if so many more are executed by then, and none fails.
  bool goes_on(std::uint64_t placements = 50,
               std::chrono::milliseconds within = std::chrono::seconds{20});
  /// True once `condition` is, which is looked at after every few placements; false if it is not by
  /// then, or nothing goes on.
  bool until(const std::function<bool()>& condition,
             std::chrono::milliseconds within = std::chrono::seconds{20});
  /// Places no more; what is under way goes on.
  void stop();

private:
  struct score;

  std::shared_ptr<score> score_;
  actors::system_config config_{2};
  caf::actor_system system_{config_};
  actors::client_actor client_;
  caf::actor pump_;
};

/// What `bourse status --digest` says of each replica.
nlohmann::json status_of(const app::temporary_network& network);

/// It does what its votes bind it to; false of one whose database is new.
bool takes_part(const nlohmann::json& replica_status);

/// A replica is killed and comes back with an empty disk while `busy` goes on. True once it takes
/// part again.
bool comes_back_without_disk(app::temporary_network& network, trading& busy, std::size_t who);

/// True once all replicas are up, linked to each other, and in one state; nobody may be trading.
bool all_agree(const app::temporary_network& network,
               std::chrono::milliseconds within = std::chrono::seconds{20});

} // namespace bourse::tests
