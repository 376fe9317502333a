// What a stamp is about: a body, and where its client put it, as the one who stamps says.
#pragma once

#include <cstddef>
#include <functional>

#include "messages/request.hpp"
#include "messages/stamps.hpp"

namespace bourse::fairness {

using namespace messages;

/// A replica that lies may stamp a body under another number than its own. So stamps count together
/// only if they agree on both; where f+1 do, one of them is honest and the place is true.
struct stamped {
  submission_header about;
  digest body;

  friend bool operator==(const stamped&, const stamped&) = default;
};

inline stamped about(const stamp& s) {
  return {s.about, s.body};
}

inline stamped about(const verified_submission& s) {
  return {{s.content.client, s.content.stream, s.content.number}, s.digest};
}

} // namespace bourse::fairness

template <>
struct std::hash<bourse::fairness::stamped> {
  /// Of one body there are few places, and its digest is uniform.
  std::size_t operator()(const bourse::fairness::stamped& x) const noexcept {
    return std::hash<bourse::messages::digest>{}(x.body) + x.about.number.value();
  }
};
