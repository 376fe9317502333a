// How many connections a door lets in, so that one stranger can not hold all of them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace bourse::actors {

struct connection_caps {
  std::uint32_t most = 1024;            ///< at a time
  std::uint32_t most_per_address = 256; ///< of them from one remote address
};

/// Counts those that are open. Any thread may call: connections end on whichever thread they do.
class connection_slots {
public:
  explicit connection_slots(const connection_caps& caps) : caps_(caps) {}

  /// False if there is no room for another one from there.
  bool take(const std::string& address);
  /// One from there has ended.
  void give_back(const std::string& address);

private:
  connection_caps caps_;
  std::mutex mutex_;
  std::uint32_t open_ = 0;
  std::map<std::string, std::uint32_t> by_address_;
};

/// What counts as one address: an IPv4 address, however it is written, or the first 64 bits of an
/// IPv6 address, since whoever has one of those has them all. `text` as the system prints it.
std::string address_group(const std::string& text);

} // namespace bourse::actors
