// A network of hosts that the test makes up: each is a network namespace whose only way out is a
// TUN device, and the test carries the packets between them itself. So it can lose, delay and
// reorder real TCP segments and cut any pair of hosts, without modules of the kernel that a machine
// may lack. Needs the right to make namespaces (root).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bourse::tests {

/// What befalls the packets of every pair of hosts.
struct wire {
  unsigned loss_percent = 0;
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds jitter{0}; ///< up to so much more, drawn for each: they overtake
};

class packet_network {
public:
  /// Why there can be none here; empty if there can.
  static std::string why_not();

  /// Hosts 0 to `hosts` - 1. The calling thread is in host `hosts` - 1 from now on, and so are the
  /// threads and processes that it starts. It has to outlive the network, which brings it back.
  packet_network(std::size_t hosts, std::uint64_t seed);
  ~packet_network();
  packet_network(const packet_network&) = delete;
  packet_network& operator=(const packet_network&) = delete;

  static std::string address(std::size_t host);
  /// Puts the calling thread there.
  void enter(std::size_t host);
  /// Puts it where it was when the network was made.
  void home() {
    enter(hosts_.size() - 1);
  }

  void set(wire w);
  /// No packet goes between the two, in either direction, from now on, or again.
  void cut(std::size_t a, std::size_t b, bool on = true);
  void heal();

  std::uint64_t carried() const {
    return carried_;
  }
  std::uint64_t dropped() const {
    return dropped_;
  }
  /// True if so many more are dropped by then.
  bool drops(std::uint64_t packets, std::chrono::milliseconds within = std::chrono::seconds{20});

private:
  struct host {
    int space = -1; ///< its namespace
    int device = -1;
  };
  class carrier;

  static host make_host(std::size_t index);
  void carry();
  void drop();

  int own_space_ = -1;
  std::vector<host> hosts_;
  std::uint64_t seed_;
  std::mutex mutex_; ///< of the next two
  wire wire_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::atomic<std::uint64_t> carried_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::condition_variable one_dropped_;
  int stop_ = -1; ///< event: the carrier ends
  std::thread thread_;
};

} // namespace bourse::tests
