#include "messages/words.hpp"

#include <fmt/format.h>

namespace bourse::messages {

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
  std::string operator()(const fetch_bodies& m) const {
    return fmt::format("question for {} bodies of block {}", m.digests.size(), m.sequence.value());
  }
  std::string operator()(const bodies& m) const {
    return fmt::format("{} bodies", m.submissions.size());
  }
  std::string operator()(const fetch_state& m) const {
    return fmt::format("question for a state above {}", m.above.value());
  }
  std::string operator()(const state_offer& m) const {
    return fmt::format("offer of the state at {}", m.stable.what.sequence.value());
  }
  std::string operator()(const fetch_state_nodes& m) const {
    return fmt::format("question for {} nodes of the state at {}", m.paths.size(),
                       m.target.value());
  }
  std::string operator()(const state_nodes& m) const {
    return fmt::format("{} nodes of a state", m.nodes.size());
  }
  std::string operator()(const fetch_state_pages& m) const {
    return fmt::format("question for {} pages of the state at {}", m.keys.size(), m.target.value());
  }
  std::string operator()(const state_pages& m) const {
    return fmt::format("{} pages of a state", m.pages.size());
  }
  std::string operator()(const pruned& m) const {
    return fmt::format("PRUNED: the log begins at {}", m.first.value());
  }
  std::string operator()(const standing& m) const {
    return fmt::format("STANDING: stable {}{}", m.stable.what.sequence.value(),
                       m.silent != 0 ? ", silent" : "");
  }
  std::string operator()(const stamp_reports& m) const {
    return fmt::format("{} reports of stamps", m.reports.size());
  }
  std::string operator()(const fetch_reports& m) const {
    return fmt::format("question for {} reports of stamps", m.reports.size());
  }
};

} // namespace

std::string in_words(const peer_message& m) {
  return std::visit(message_words{}, m);
}

} // namespace bourse::messages
