// Every field of every message changed in every way, each at least once, by a Byzantine replica in
// a running cluster; and what the others made of it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
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

  const field_path& where() const {
    return all_fields()[field];
  }

  std::string name() const;
};

/// In the place of a sending node: a client.
inline constexpr std::size_t client_side = ~std::size_t{0};

/// All of them, in a fixed order. A message that nobody signs is not signed anew, and a signature
/// that is changed is not made good again.
std::vector<field_case> all_field_cases();

/// Every `parts`-th of them, from the `part`-th on, is tried in one run of `field_plan`.
class field_campaign {
public:
  /// So many parts are a whole.
  static constexpr std::size_t usual_parts = 64;

  field_campaign(std::size_t part, std::size_t parts);
  ~field_campaign();
  field_campaign(const field_campaign&) = delete;
  field_campaign& operator=(const field_campaign&) = delete;

  /// Counts what comes of what is sent. `c` outlives the next call of this.
  void watch(cluster* c);
  /// Something got to a node that is up, or from a gateway to a client.
  void arrived(speech whose, std::size_t from, std::size_t to, byte_view message);

  /// What a message becomes by a case; nothing if that is not another message, or, of a case that
  /// is to be signed anew, not one that can be read and means something else.
  using change = std::function<std::optional<bytes>(const field_case& what)>;
  /// The message as one of the cases that are still to be tried has it, about to be sent by `from`.
  /// Only a case that the message has a place for; any of its kind, if `anyhow`. `view`: what the
  /// body of an answer holds. Nothing if none fits.
  std::optional<bytes> make(speech whose, std::size_t from, byte_view message,
                            std::string_view view, bool anyhow, const change& by);
  bool wants(std::uint32_t kind) const;
  /// An answer that nobody had asked for was sent.
  void unasked() {
    ++unasked_;
  }

  nlohmann::json report() const;

private:
  class ear;
  struct tried {
    field_case what;
    std::uint32_t sent = 0;
    std::uint32_t futile = 0; ///< times that a message became no other
    bool arrived = false;
    bool given_up = false; ///< there is nothing to sign anew
  };

  bool on_its_way(std::size_t i, std::size_t from, const bytes& message);

  std::vector<tried> cases_;
  std::map<std::uint32_t, std::deque<std::size_t>> waiting_; ///< by kind
  /// Cases, by who sent what.
  std::map<std::tuple<speech, std::size_t, bytes>, std::size_t> on_their_way_;
  cluster* cluster_ = nullptr;
  std::vector<std::unique_ptr<ear>> ears_; ///< by node
  std::uint64_t arrived_ = 0;
  std::uint64_t unreadable_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t unasked_ = 0;
};

/// A run in which replica 1, and a client, have occasion for all of it.
plan field_plan(std::uint64_t seed);

} // namespace bourse::simulation
