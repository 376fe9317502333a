// The network that a load, a replay or the demo runs against: a temporary one of node processes on
// this machine, or one that runs already.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/temporary_network.hpp"
#include "bench/load.hpp"
#include "config/genesis.hpp"

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace bourse::app {

struct target_options {
  std::string net; ///< folder of a testnet that runs; empty: a temporary one
  std::uint16_t replicas = 4;
  bool keep = false;
  std::filesystem::path program; ///< what the nodes run; empty: this program
};

/// --replicas, which must be 3f+1.
CLI::Option* add_replicas_option(CLI::App& verb, target_options& o);
/// --net, --replicas and --keep.
void add_target_options(CLI::App& verb, target_options& o);

class load_target {
public:
  /// Starts the temporary network, or reads the folder of the running one. Errors: those of
  /// temporary_network::start and load_genesis.
  static messages::expected<std::unique_ptr<load_target>> open(const target_options& o);

  const config::genesis& genesis() const {
    return temporary_ ? temporary_->genesis() : genesis_;
  }
  const std::filesystem::path& folder() const {
    return temporary_ ? temporary_->folder() : folder_;
  }
  /// nullptr if it runs elsewhere.
  temporary_network* temporary() {
    return temporary_.get();
  }
  bench::key_source keys() const;
  /// "ext4"; of a network that was given, that of node 0's data if it is on this machine.
  filesystem_info filesystem() const;
  /// The temporary network's data is not worth keeping: the run failed.
  void discard();
  bool kept() const {
    return kept_;
  }

private:
  std::unique_ptr<temporary_network> temporary_;
  std::filesystem::path folder_;
  config::genesis genesis_;
  bool kept_ = false;
};

} // namespace bourse::app
