// A whole network on this machine for as long as it is needed: node processes of a fresh testnet on
// free loopback ports, in a folder of their own. However the program ends, kill -9 included,
// nothing is left: the kernel kills the nodes, and a small shell that waits for our end removes the
// folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "app/filesystem.hpp"
#include "app/node_process.hpp"
#include "config/testnet.hpp"

namespace bourse::app {

struct network_options {
  /// Market, number of replicas and template of the node files. Output and ports are chosen here.
  config::testnet_options net;
  /// What is run as `PROGRAM node --config FILE`; it prints a line `ready` on its standard output
  /// once it serves clients. Empty: this program.
  std::filesystem::path program;
  /// Called in the thread that starts node i, before it does: for who wants its process somewhere
  /// else, such as in a network namespace. `net.hosts` and `net.base_port` then count.
  std::function<void(std::size_t node)> before_start;
  /// Where the folder is made. Empty: temporary_parent().
  std::filesystem::path parent;
  bool keep = false; ///< leave the folder behind, if the network starts at all
  std::chrono::milliseconds ready_within{20'000};
  /// A node that was told to end and still runs after this is killed.
  std::chrono::milliseconds end_within{5'000};
};

class temporary_network {
public:
  /// Returns once every node is ready. Call it from a thread that outlives the network. Errors:
  /// io_failed, config_invalid; unreachable if a node is not ready in time, or ends before, with
  /// the end of its log.
  static messages::expected<std::unique_ptr<temporary_network>> start(network_options o);

  temporary_network(const temporary_network&) = delete;
  temporary_network& operator=(const temporary_network&) = delete;
  ~temporary_network(); ///< stop()

  const std::filesystem::path& folder() const {
    return folder_;
  }
  const config::genesis& genesis() const {
    return genesis_;
  }
  /// What the data lies on.
  const filesystem_info& filesystem() const {
    return filesystem_;
  }

  std::size_t size() const {
    return nodes_.size();
  }
  node_process& node(std::size_t i) {
    return nodes_[i];
  }
  /// The database of a node.
  std::filesystem::path data(std::size_t i) const;

  /// An error that tells of the first node that has ended, unless `stop_nodes` or a kill() of it
  /// ended it.
  messages::expected<void> check();
  /// Starts those nodes that do not run and waits until all are ready. Errors: as start.
  messages::expected<void> start_nodes();
  /// Ends all nodes in an orderly way (SIGTERM), and by SIGKILL if that takes too long. Their data
  /// stays, so that ledgers can be read and nodes started again.
  void stop_nodes();
  /// stop_nodes, then removes the folder unless it is to be kept.
  void stop();
  /// The folder is not to be kept after all.
  void discard() {
    options_.keep = false;
  }

  /// Of each node; zeros for one that does not run.
  std::vector<process_usage> usage() const;

private:
  explicit temporary_network(network_options o);
  messages::expected<void> begin();
  messages::expected<void> make_folder();
  messages::expected<void> start_sweeper();
  messages::expected<void> wait_ready();

  network_options options_;
  std::filesystem::path folder_;
  config::genesis genesis_;
  filesystem_info filesystem_;
  std::vector<node_process> nodes_;
  pid_t sweeper_ = 0;
  int sweeper_pipe_ = -1; ///< closed by our end, which is what the sweeper waits for
};

} // namespace bourse::app
