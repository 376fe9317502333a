// Every field of every message changed in every way, each at least once, by a Byzantine replica in
// a running cluster; and what the others made of it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "simulation/cluster.hpp"
#include "simulation/field_mutation.hpp"

namespace bourse::simulation {

struct plan;

/// One field, one way, and whether the liar signs the result anew, as far as its own key goes.
struct field_case {
  std::size_t field; ///< index into all_fields()
  mutation how;
  bool signed_anew;

  std::string name() const;
};

/// All of them, in a fixed order. A message that nobody signs is not signed anew, and a signature
/// that is changed is not made good again.
std::vector<field_case> all_field_cases();

/// Every `parts`-th of them, from the `part`-th on, is tried in one run of `field_plan`.
class field_campaign {
public:
  field_campaign(std::size_t part, std::size_t parts);
  ~field_campaign();
  field_campaign(const field_campaign&) = delete;
  field_campaign& operator=(const field_campaign&) = delete;

  /// Counts what comes of what is sent. `c` outlives the next call of this.
  void watch(cluster* c);
  void arrived(std::size_t to, byte_view message);

  /// A case that is to be tried with this message, and that it has a place for; any of its kind, if
  /// `anyhow`. Null: there is none.
  const field_case* next(byte_view message, bool anyhow);
  /// It was put into a message. Call after next().
  void sent(const field_case& what, byte_view message);
  bool wants(std::uint32_t kind) const;

  nlohmann::json report() const;

private:
  class ear;
  struct tried {
    field_case what;
    bool done = false;
  };

  std::vector<tried> cases_;
  std::map<std::uint32_t, std::deque<std::size_t>> waiting_; ///< by kind
  std::unordered_set<bytes> on_their_way_;
  cluster* cluster_ = nullptr;
  std::vector<std::unique_ptr<ear>> ears_; ///< by node
  std::uint64_t sent_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t unreadable_ = 0;
  std::uint64_t refused_ = 0;
};

/// A run in which replica 1 has occasion for all of it.
plan field_plan(std::uint64_t seed);

} // namespace bourse::simulation
