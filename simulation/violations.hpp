// What must never happen and did.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

namespace bourse::simulation {

/// A rule by its short name, and what broke it.
struct violation {
  std::string rule;
  std::string what;
  std::uint64_t at_ns = 0;
};

class violations {
public:
  template <class... Args>
  void add(std::string rule, fmt::format_string<Args...> text, Args&&... args) {
    // One is enough to fail; the first few tell why.
    if (all_.size() < most)
      all_.push_back({std::move(rule), fmt::format(text, std::forward<Args>(args)...), now_ns_});
  }
  /// Virtual time of what happens next.
  void set_now(std::uint64_t ns) {
    now_ns_ = ns;
  }
  bool empty() const {
    return all_.empty();
  }
  const std::vector<violation>& all() const {
    return all_;
  }

private:
  static constexpr std::size_t most = 20;
  std::vector<violation> all_;
  std::uint64_t now_ns_ = 0;
};

} // namespace bourse::simulation
