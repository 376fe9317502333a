// Several replicas' steps held against each other: what no replica can see alone.
#pragma once

#include <map>
#include <optional>

#include "conformance/step.hpp"

namespace bourse::conformance {

/// Of replicas that are believed to be correct, in any order of their steps.
class spec_cluster {
public:
  spec_cluster() = default;

  std::optional<refusal> take(replica_id who, const event& e);
  /// Blocks that at least one has executed.
  std::size_t blocks() const {
    return blocks_.size();
  }

private:
  std::optional<refusal> on(replica_id who, const executing& e);
  std::optional<refusal> on(replica_id who, const said& e);
  template <class Other>
  std::optional<refusal> on(replica_id, const Other&) {
    return std::nullopt;
  }

  struct entry {
    messages::digest digest;
    messages::digest chain;
  };
  std::map<sequence_number, entry> blocks_;
  std::map<sequence_number, digest> states_;
  std::map<std::pair<view_number, sequence_number>, digest> commits_;
};

} // namespace bourse::conformance
