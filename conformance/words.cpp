// Steps in words: what step.hpp declares.
#include <fmt/format.h>

#include "conformance/step.hpp"
#include "messages/words.hpp"

namespace bourse::conformance {

namespace {

struct event_words {
  std::string operator()(const started& e) const {
    return fmt::format("starts in view {} with block {} executed, {} stable, {} own votes{}",
                       e.view.value(), e.executed.value(), e.stable.what.sequence.value(),
                       e.votes.size(), e.silent ? ", silent" : "");
  }
  std::string operator()(const received& e) const {
    return fmt::format("hears from {}: {}", e.from.value(), in_words(e.what));
  }
  std::string operator()(const said& e) const {
    return fmt::format("says to {}: {}", e.to ? std::to_string(e.to->value()) : "all",
                       in_words(e.what));
  }
  std::string operator()(const executing& e) const {
    return fmt::format("executes block {}, digest {}", e.sequence.value(),
                       to_hex(e.digest.view()).substr(0, 8));
  }
  std::string operator()(const spoke&) const {
    return "takes part from now on";
  }
};

} // namespace

std::string in_words(const event& e) {
  return std::visit(event_words{}, e);
}

} // namespace bourse::conformance
