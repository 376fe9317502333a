#include "app/leadership_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/leadership.hpp"

namespace bourse::app {

using namespace messages;
using nlohmann::json;

namespace {

std::vector<replica_status> read_all(const json& all) {
  std::vector<replica_status> out;
  for (const auto& status : all)
    out.push_back(read_status(status));
  return out;
}

/// Its primary knows how long it took, and those who wished for it know why.
std::string began(const json& all, const leadership& l) {
  auto last = last_view_change_of(all[l.leader]);
  if (!last)
    return {};
  std::string why;
  for (const auto& status : all)
    if (auto other = last_view_change_of(status); why.empty() && other)
      why = other->why;
  return fmt::format("It began {:.0f} ms after the replica left the one before{}.", last->ms,
                     why.empty() ? "" : "; the last primary was suspected because " + why);
}

} // namespace

std::vector<std::string> leadership_lines(const json& all, cluster_size size) {
  std::vector<std::string> lines;
  auto replicas = read_all(all);
  auto leader = who_leads(replicas, size);
  if (leader) {
    lines.push_back(fmt::format("Replica {} leads view {}, as {} of {} replicas say.",
                                leader->leader, leader->view, leader->said_by, size.n));
    if (auto text = began(all, *leader); !text.empty())
      lines.push_back(text);
  } else {
    lines.push_back(
        fmt::format("NOBODY LEADS: no view has {} of {} replicas.", size.weak_quorum(), size.n));
  }
  auto newest = newest_block(replicas);
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (replicas[i].answered && replicas[i].executed < newest)
      lines.push_back(fmt::format("Replica {} lacks {} blocks.", i, newest - replicas[i].executed));
    for (const auto& what : waits_of(all[i], size))
      lines.push_back(fmt::format("Replica {} waits for {}.", i, what));
  }
  return lines;
}

json add_leadership(json& all, cluster_size size) {
  auto replicas = read_all(all);
  auto newest = newest_block(replicas);
  for (std::size_t i = 0; i < replicas.size(); ++i)
    if (replicas[i].answered) {
      all[i]["behind"] = newest - std::min(newest, replicas[i].executed);
      all[i]["waits_for"] = waits_of(all[i], size);
    }
  auto leader = who_leads(replicas, size);
  if (!leader)
    return nullptr;
  return {{"replica", leader->leader}, {"view", leader->view}, {"said_by", leader->said_by}};
}

} // namespace bourse::app
