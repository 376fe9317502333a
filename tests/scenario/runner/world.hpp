// The cluster that a scenario drives, and what its script has set up around it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/consensus/cluster.hpp"
#include "tests/scenario/runner/liars.hpp"

namespace bourse::test {

/// Messages that do not arrive, or later.
struct rule {
  bool hold = false;
  std::set<std::string> kinds;
  std::set<std::uint16_t> from; ///< empty: anyone
  std::set<std::uint16_t> to;
};

/// The names that scripts use for kinds of messages, in the order of peer_message.
const std::vector<std::string>& message_kinds();

struct world {
  cluster_options options;
  std::unique_ptr<cluster> nodes; ///< made by the first step that needs it
  std::vector<rule> rules;
  struct held_message {
    std::uint16_t from;
    std::uint16_t to;
    peer_message what;
  };
  std::vector<held_message> held;
  std::map<std::uint16_t, lie> liars;
  std::map<std::string, digest> remembered;

  cluster& get();
  /// Ends the rules for these kinds of messages; what was held of them is sent now.
  void pass_on(const std::set<std::string>& kinds);
  /// Honest replicas that are up.
  std::vector<std::uint16_t> honest() const;

private:
  void watch();
  bool passes(std::uint16_t from, std::uint16_t to, const peer_message& m);
};

} // namespace bourse::test
