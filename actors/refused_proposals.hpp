// Why proposals were refused here: counted by reason, and told to the log now and then.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "messages/error.hpp"

namespace bourse::actors {

/// Pure. A faulty primary may cause any number of refusals, which must not fill the log.
class refused_proposals {
public:
  /// True if it is worth a line: the first for its reason, and then one in `quiet_ns`.
  bool add(const messages::error& why, std::uint64_t now_ns) {
    auto reason = reason_of(why);
    if (!seen_.contains(reason) && seen_.size() >= most_reasons)
      reason = "other";
    auto [it, first] = seen_.try_emplace(reason, entry{0, now_ns});
    ++it->second.count;
    if (!first && now_ns - it->second.told_ns < quiet_ns)
      return false;
    it->second.told_ns = now_ns;
    return true;
  }

  std::map<std::string, std::uint64_t> by_reason() const {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& [reason, e] : seen_)
      counts[reason] = e.count;
    return counts;
  }

  /// Without what it says of one block: "block: submission 7 of ...: stands behind a worse lane"
  /// gives what is behind the last colon.
  static std::string reason_of(const messages::error& why) {
    if (why.detail.empty())
      return std::string{to_string(why.code)};
    auto colon = why.detail.rfind(": ");
    return colon == std::string::npos ? why.detail : why.detail.substr(colon + 2);
  }

  static constexpr std::uint64_t quiet_ns = 10'000'000'000;
  static constexpr std::size_t most_reasons = 32;

private:
  struct entry {
    std::uint64_t count = 0;
    std::uint64_t told_ns = 0;
  };
  std::map<std::string, entry> seen_;
};

} // namespace bourse::actors
