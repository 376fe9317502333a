// A cluster of real processes under load, in which replicas are struck by faults and mended again,
// and what must hold in the end whatever befell them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/system/packet_network.hpp"
#include "tests/system/trading.hpp"

namespace bourse::tests {

enum class fault : std::uint8_t {
  kill, ///< SIGKILL; mended by another start
  stop, ///< SIGSTOP; mended by SIGCONT
  cut,  ///< no packet reaches another replica; mended by the opposite. Clients still reach it
};
const char* to_string(fault f);

class arena {
public:
  /// Traders begin at once. Over loopback where the machine lets us make no network: then there is
  /// no `wires`, and nothing can be cut.
  arena(std::uint16_t replicas, std::uint64_t seed);
  ~arena();

  std::size_t size() const {
    return network_->size();
  }
  /// False, having said why, where the machine lets us make no network.
  static bool has_wires();
  packet_network& wires() {
    return *wires_;
  }
  trading& traders() {
    return *traders_;
  }

  /// The primary, by what most replicas say.
  std::size_t primary();
  void strike(std::size_t replica, fault f);
  void mend(std::size_t replica, fault f);

  /// Traders stop; once all is quiet: every replica has the same state, every log and every book
  /// follow from the genesis by an audit that executes them anew, what traders saw confirmed is
  /// there once on every replica, and no asset grew or shrank. Fails the test otherwise.
  void check_all();

private:
  void check_confirmed(std::size_t replica, const std::vector<messages::client_order_id>& names);

  std::unique_ptr<packet_network> wires_;
  std::unique_ptr<app::temporary_network> network_;
  std::unique_ptr<trading> traders_;
};

} // namespace bourse::tests
