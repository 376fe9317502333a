#include <fmt/format.h>

#include "conformance/step.hpp"

namespace bourse::conformance {

namespace {

std::string brief(const digest& d) {
  return to_hex(d.view()).substr(0, 8);
}

std::string about(const statement& what) {
  return fmt::format("block {} in view {}, digest {}", what.sequence.value(), what.view.value(),
                     brief(what.digest));
}

std::string certificates(const view_change_content& c) {
  std::string out;
  for (const auto& p : c.prepared)
    out += fmt::format("{}{} of view {}", out.empty() ? "" : ", ", p.what.sequence.value(),
                       p.what.view.value());
  return out.empty() ? "nothing prepared" : "prepared " + out;
}

struct message_words {
  std::string operator()(const pre_prepare& m) const {
    return "PRE-PREPARE of " + about(m.what)
           + (m.signature == signature{} ? ", the block alone" : "");
  }
  std::string operator()(const prepare& m) const {
    return fmt::format("PREPARE of {}, by {}", about(m.what), m.by.replica.value());
  }
  std::string operator()(const commit& m) const {
    return fmt::format("COMMIT of {}, by {}", about(m.what), m.by.replica.value());
  }
  std::string operator()(const checkpoint& m) const {
    return fmt::format("CHECKPOINT at {}, state {}, by {}", m.what.sequence.value(),
                       brief(m.what.state), m.by.replica.value());
  }
  std::string operator()(const progress& m) const {
    return fmt::format("PROGRESS: view {}, stable {}, executed {}", m.view.value(),
                       m.stable.value(), m.executed.value());
  }
  std::string operator()(const committed_block& m) const {
    return "final " + about(m.certificate.what);
  }
  std::string operator()(const wish& m) const {
    return fmt::format("wish for view {}", m.view.value());
  }
  std::string operator()(const view_change& m) const {
    auto c = decode_view_change_content(m.body, {});
    if (!c)
      return "VIEW-CHANGE that does not decode";
    return fmt::format("VIEW-CHANGE to {}, stable {}, {}, by {}", c->view.value(),
                       c->stable.what.sequence.value(), certificates(*c), m.by.replica.value());
  }
  std::string operator()(const new_view& m) const {
    auto c = decode_new_view_content(m.body, {});
    if (!c)
      return "NEW-VIEW that does not decode";
    return fmt::format("NEW-VIEW of {} with {} view changes and {} pre-prepares, by {}",
                       c->view.value(), c->changes.size(), c->pre_prepares.size(),
                       m.by.replica.value());
  }
  std::string operator()(const fetch_blocks& m) const {
    return fmt::format("question for blocks {} to {}", m.from.value(), m.to.value());
  }
  std::string operator()(const fetch_proposal& m) const {
    return "question for the proposal of " + about(m.what);
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return "message that is not of agreement";
  }
};

std::string in_words(const peer_message& m) {
  return std::visit(message_words{}, m);
}

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
    return fmt::format("executes block {}, digest {}", e.sequence.value(), brief(e.digest));
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
