#include "tests/scenario/runner/world.hpp"

#include <utility>

namespace bourse::test {

const std::vector<std::string>& message_kinds() {
  static const std::vector<std::string> kinds{"pre_prepare",
                                              "prepare",
                                              "commit",
                                              "checkpoint",
                                              "progress",
                                              "fetch_blocks",
                                              "committed_block",
                                              "fetch_proposal",
                                              "fetch_bodies",
                                              "bodies",
                                              "wish",
                                              "view_change",
                                              "new_view",
                                              "fetch_state",
                                              "state_offer",
                                              "fetch_state_nodes",
                                              "state_nodes",
                                              "fetch_state_pages",
                                              "state_pages",
                                              "pruned",
                                              "standing",
                                              "stamp_reports",
                                              "fetch_reports"};
  static_assert(std::variant_size_v<peer_message> == 23);
  return kinds;
}

cluster& world::get() {
  if (!nodes) {
    options.view_changes = true;
    nodes = std::make_unique<cluster>(options);
    watch();
  }
  return *nodes;
}

void world::watch() {
  nodes->filter = [this](std::uint16_t from, std::uint16_t to, const peer_message& m) {
    return passes(from, to, m);
  };
  nodes->tamper = [this](std::uint16_t from, std::uint16_t to, const peer_message& m) {
    return liars.at(from)(*nodes, from, to, m);
  };
}

bool world::passes(std::uint16_t from, std::uint16_t to, const peer_message& m) {
  const auto& kind = message_kinds()[m.index()];
  for (const auto& r : rules) {
    if (!r.kinds.contains(kind) || (!r.from.empty() && !r.from.contains(from))
        || (!r.to.empty() && !r.to.contains(to)))
      continue;
    if (r.hold)
      held.push_back({from, to, m});
    return false;
  }
  return true;
}

void world::pass_on(const std::set<std::string>& kinds) {
  for (auto& r : rules)
    std::erase_if(r.kinds, [&](const auto& kind) { return kinds.contains(kind); });
  auto waiting = std::exchange(held, {});
  for (auto& h : waiting) {
    if (kinds.contains(message_kinds()[h.what.index()]))
      get().inject(h.from, h.to, h.what);
    else
      held.push_back(std::move(h));
  }
}

std::vector<std::uint16_t> world::honest() const {
  std::vector<std::uint16_t> out;
  for (std::uint16_t i = 0; i < options.n; ++i)
    if (!liars.contains(i) && nodes->up(i))
      out.push_back(i);
  return out;
}

} // namespace bourse::test
