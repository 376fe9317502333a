#include "tests/system/packet_network.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <queue>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace bourse::tests {

namespace {

using clock = std::chrono::steady_clock;

/// Bigger than Ethernet's, so that a test is not busy with carrying.
constexpr int mtu_bytes = 9000;
/// As a router: what waits longer than this many packets is dropped.
constexpr std::size_t most_waiting = 20'000;
constexpr std::size_t address_at = 16; ///< of the destination, in an IPv4 header

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

int checked(int result, const char* what) {
  if (result < 0)
    give_up(what);
  return result;
}

int open_own_space() {
  return checked(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "network namespace");
}

ifreq request_for(const char* device) {
  ifreq r{};
  std::strncpy(r.ifr_name, device, IFNAMSIZ - 1);
  return r;
}

void set_address(int socket, unsigned long what, const char* device, const std::string& address) {
  auto r = request_for(device);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &a.sin_addr);
  std::memcpy(&r.ifr_addr, &a, sizeof a);
  checked(::ioctl(socket, what, &r), "address of a device");
}

void set_up(int socket, const char* device) {
  auto r = request_for(device);
  checked(::ioctl(socket, SIOCGIFFLAGS, &r), "flags of a device");
  r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP | IFF_RUNNING);
  checked(::ioctl(socket, SIOCSIFFLAGS, &r), "a device that comes up");
}

/// The device of the namespace that this thread is in.
int make_device(const std::string& address) {
  int device = checked(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
  auto r = request_for("wire");
  r.ifr_flags = IFF_TUN | IFF_NO_PI;
  checked(::ioctl(device, TUNSETIFF, &r), "a TUN device");
  int socket = checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a socket");
  auto mtu = request_for("wire");
  mtu.ifr_mtu = mtu_bytes;
  checked(::ioctl(socket, SIOCSIFMTU, &mtu), "MTU of a device");
  set_address(socket, SIOCSIFADDR, "wire", address);
  set_address(socket, SIOCSIFNETMASK, "wire", "255.255.255.0");
  set_up(socket, "wire");
  set_up(socket, "lo");
  ::close(socket);
  return device;
}

} // namespace

/// Takes packets from devices, and gives each to the one it is for when its time has come.
class packet_network::carrier {
public:
  explicit carrier(packet_network& owner) : owner_(owner), random_(owner.seed_) {
    for (auto& h : owner.hosts_)
      polled_.push_back({h.device, POLLIN, 0});
    polled_.push_back({owner.stop_, POLLIN, 0});
  }

  void run() {
    while (wait()) {
      for (std::size_t from = 0; from < owner_.hosts_.size(); ++from)
        if ((polled_[from].revents & POLLIN) != 0)
          take(from);
      deliver();
    }
  }

private:
  struct packet {
    clock::time_point at;
    std::uint64_t order;
    std::size_t to;
    std::vector<char> content;
    bool operator<(const packet& o) const {
      return at != o.at ? at > o.at : order > o.order;
    }
  };

  bool wait() {
    int timeout = -1;
    if (!waiting_.empty()) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(waiting_.top().at - clock::now());
      timeout = static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }
    return ::poll(polled_.data(), polled_.size(), timeout) >= 0 && polled_.back().revents == 0;
  }

  void take(std::size_t from) {
    constexpr int at_once = 64;
    for (int i = 0; i < at_once; ++i) {
      auto size = ::read(owner_.hosts_[from].device, buffer_.data(), buffer_.size());
      if (size < static_cast<ssize_t>(address_at + 4))
        return;
      if ((static_cast<unsigned char>(buffer_[0]) >> 4) != 4)
        continue; // the kernel's own IPv6 chatter
      auto to = static_cast<std::size_t>(static_cast<unsigned char>(buffer_[address_at + 3])) - 1;
      if (to >= owner_.hosts_.size() || !pass(from, to, static_cast<std::size_t>(size)))
        owner_.drop();
    }
  }

  bool pass(std::size_t from, std::size_t to, std::size_t size) {
    wire w;
    {
      std::scoped_lock guard{owner_.mutex_};
      if (owner_.cuts_.contains({std::min(from, to), std::max(from, to)}))
        return false;
      w = owner_.wire_;
    }
    if (random_() % 100 < w.loss_percent)
      return false;
    auto delay = std::chrono::microseconds{w.delay};
    if (w.jitter.count() > 0)
      delay += std::chrono::microseconds{
          random_() % static_cast<std::uint64_t>(std::chrono::microseconds{w.jitter}.count())};
    if (delay.count() == 0 && waiting_.empty())
      return write(to, buffer_.data(), size);
    if (waiting_.size() >= most_waiting)
      return false;
    waiting_.push({clock::now() + delay, ++order_, to, {buffer_.data(), buffer_.data() + size}});
    return true;
  }

  void deliver() {
    auto now = clock::now();
    for (; !waiting_.empty() && waiting_.top().at <= now; waiting_.pop())
      if (!write(waiting_.top().to, waiting_.top().content.data(), waiting_.top().content.size()))
        owner_.drop();
  }

  bool write(std::size_t to, const char* data, std::size_t size) {
    if (::write(owner_.hosts_[to].device, data, size) != static_cast<ssize_t>(size))
      return false;
    ++owner_.carried_;
    return true;
  }

  packet_network& owner_;
  std::mt19937_64 random_;
  std::vector<pollfd> polled_;
  std::array<char, 65536> buffer_{};
  std::priority_queue<packet> waiting_;
  std::uint64_t order_ = 0;
};

std::string packet_network::why_not() {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0)
    return "/dev/net/tun can't be used";
  std::string reason;
  std::thread{[&] { // a namespace of its own ends with the thread
    if (::unshare(CLONE_NEWNET) != 0) {
      reason = fmt::format("no network namespaces: {}", std::strerror(errno));
      return;
    }
    try {
      ::close(make_device(address(0)));
    } catch (const std::exception& e) {
      reason = e.what();
    }
  }}
      .join();
  return reason;
}

std::string packet_network::address(std::size_t host) {
  return fmt::format("10.77.0.{}", host + 1);
}

packet_network::host packet_network::make_host(std::size_t index) {
  host made;
  std::exception_ptr problem;
  std::thread{[&] {
    try {
      checked(::unshare(CLONE_NEWNET), "a network namespace");
      made.space = open_own_space();
      made.device = make_device(address(index));
    } catch (...) {
      problem = std::current_exception();
    }
  }}.join();
  if (problem)
    std::rethrow_exception(problem);
  return made;
}

packet_network::packet_network(std::size_t hosts, std::uint64_t seed)
    : own_space_(open_own_space()), seed_(seed) {
  for (std::size_t i = 0; i < hosts; ++i)
    hosts_.push_back(make_host(i));
  stop_ = checked(::eventfd(0, EFD_CLOEXEC), "an event");
  thread_ = std::thread{[this] {
    carrier{*this}.run();
  }};
  home();
}

packet_network::~packet_network() {
  std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(stop_, &one, sizeof one);
  thread_.join();
  (void)::setns(own_space_, CLONE_NEWNET);
  ::close(stop_);
  ::close(own_space_);
  for (auto& h : hosts_) {
    ::close(h.device);
    ::close(h.space);
  }
}

void packet_network::enter(std::size_t host) {
  checked(::setns(hosts_.at(host).space, CLONE_NEWNET), "entering a host");
}

void packet_network::drop() {
  {
    std::scoped_lock guard{mutex_}; // whoever waits has looked already, or looks after this
    ++dropped_;
  }
  one_dropped_.notify_all();
}

bool packet_network::drops(std::uint64_t packets, std::chrono::milliseconds within) {
  std::unique_lock guard{mutex_};
  return one_dropped_.wait_for(guard, within,
                               [this, until = dropped_ + packets] { return dropped_ >= until; });
}

void packet_network::set(wire w) {
  std::scoped_lock guard{mutex_};
  wire_ = w;
}

void packet_network::cut(std::size_t a, std::size_t b, bool on) {
  std::scoped_lock guard{mutex_};
  auto pair = std::pair{std::min(a, b), std::max(a, b)};
  if (on)
    cuts_.insert(pair);
  else
    cuts_.erase(pair);
}

void packet_network::heal() {
  std::scoped_lock guard{mutex_};
  cuts_.clear();
  wire_ = {};
}

} // namespace bourse::tests
