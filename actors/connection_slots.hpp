// How many connections a door lets in, so that strangers can not hold all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace bourse::actors {

struct connection_caps {
  std::uint32_t most = 1024;            ///< at a time
  std::uint32_t most_per_address = 256; ///< of them from one remote address
};

/// Names a connection; ascending.
using connection_id = std::uint64_t;

/// Knows those that are open. Half of the room is for those who have proved who they are: if more
/// than that have not, one of them must go, so that strangers keep out nobody who is known. Any
/// thread may call: connections end on whichever thread they do.
class connection_slots {
public:
  using ending = std::function<void()>;

  explicit connection_slots(const connection_caps& caps) : caps_(caps) {}

  /// Nothing if there is no room for another one from there.
  std::optional<connection_id> take(const std::string& address);
  /// Its handshake begins, and `end` would end it. Gives that of the one that must go, if any: the
  /// oldest of the address that has most such, so that a flood from one place ends itself.
  ending began(connection_id who, ending end);
  /// It has proved who it is.
  void proved(connection_id who);
  /// It has ended.
  void give_back(connection_id who);

private:
  struct origin {
    std::uint32_t open = 0;
    std::uint32_t unproved = 0;
  };
  using origins = std::map<std::string, origin>;
  struct slot {
    origins::iterator from;
    bool unproved = false;
    ending end;
  };

  void settle(slot& s);

  connection_caps caps_;
  std::mutex mutex_;
  connection_id last_ = 0;
  std::map<connection_id, slot> slots_;
  origins by_address_;
  std::uint32_t unproved_ = 0;
};

/// What counts as one address: an IPv4 address, however it is written, or the first 64 bits of an
/// IPv6 address, since whoever has one of those has them all. `text` as the system prints it.
std::string address_group(const std::string& text);

} // namespace bourse::actors
