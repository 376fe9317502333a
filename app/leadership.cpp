#include "app/leadership.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace bourse::app {

using nlohmann::json;

namespace {

/// The value at that place if there is one of that kind.
const json* find(const json& in, const char* pointer) {
  json::json_pointer at{pointer};
  return in.is_object() && in.contains(at) ? &in[at] : nullptr;
}

std::optional<std::uint64_t> number(const json& in, const char* pointer) {
  const auto* found = find(in, pointer);
  return found != nullptr && found->is_number_unsigned()
             ? std::optional{found->get<std::uint64_t>()}
             : std::nullopt;
}

bool flag(const json& in, const char* pointer, bool otherwise) {
  const auto* found = find(in, pointer);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : otherwise;
}

/// The first slot that is not final: those after it wait for it.
std::optional<std::string> first_open_slot(const json& status, std::size_t quorum) {
  const auto* slots = find(status, "/parts/consensus/open_slots");
  if (slots == nullptr || !slots->is_array())
    return std::nullopt;
  for (const auto& slot : *slots) {
    auto block = number(slot, "/sequence").value_or(0);
    auto prepares = number(slot, "/prepares").value_or(0);
    auto commits = number(slot, "/commits").value_or(0);
    if (!flag(slot, "/proposed", false))
      return fmt::format("the proposal of block {}", block);
    if (prepares + 1 < quorum && commits < quorum) // the proposal counts for the primary
      return fmt::format("prepares of block {}: {} of {} are here", block, prepares, quorum - 1);
    if (commits < quorum)
      return fmt::format("commits of block {}: {} of {} are here", block, commits, quorum);
  }
  return std::nullopt;
}

/// What a replica with a new database waits for before it takes part.
std::optional<std::string> end_of_silence(const json& status, std::size_t quorum) {
  if (find(status, "/silent") == nullptr)
    return std::nullopt;
  if (auto until = number(status, "/silent/until_stable"))
    return fmt::format("a stable checkpoint at or above block {}: its database is new, so it says "
                       "nothing till then",
                       *until);
  auto size = [&](const char* place) {
    const auto* list = find(status, place);
    return list != nullptr && list->is_array() ? list->size() : 0;
  };
  return fmt::format("others: its database is new, and it has heard of {} that take part and {} as "
                     "new, not of {}",
                     size("/silent/heard"), size("/silent/new_too"), quorum);
}

std::optional<std::string> missing_state(const json& status) {
  const auto* phase = find(status, "/parts/transfer/phase");
  if (phase == nullptr || !phase->is_string() || *phase == "idle")
    return std::nullopt;
  auto target = number(status, "/parts/transfer/target");
  if (!target)
    return "a replica that gives it a state";
  return fmt::format("the state at block {}: {} pages are fetched, {} missing so far", *target,
                     number(status, "/parts/transfer/pages_fetched").value_or(0),
                     number(status, "/parts/transfer/pages_missing").value_or(0));
}

/// Nothing while all wish for the view that they are in.
std::optional<std::string> wishes_for_another(const json& status, std::uint64_t view,
                                              std::size_t quorum) {
  const auto* wishes = find(status, "/parts/view_change/wishes");
  if (wishes == nullptr || !wishes->is_array())
    return std::nullopt;
  auto beyond
      = static_cast<std::size_t>(std::count_if(wishes->begin(), wishes->end(), [&](const json& w) {
          return w.is_number_unsigned() && w.get<std::uint64_t>() > view;
        }));
  if (beyond == 0)
    return std::nullopt;
  return fmt::format("wishes to leave view {}: {} of {} are here", view, beyond, quorum);
}

} // namespace

replica_status read_status(const json& status) {
  replica_status s;
  auto view = number(status, "/parts/view_change/view");
  if (!view)
    view = number(status, "/view");
  s.answered = view.has_value() && !status.contains("error");
  s.view = view.value_or(0);
  s.in_view = s.answered && flag(status, "/parts/view_change/in_view", false);
  s.executed = number(status, "/executed").value_or(0);
  s.fetched_blocks = number(status, "/parts/consensus/fetched_blocks").value_or(0);
  return s;
}

std::optional<leadership> who_leads(const std::vector<replica_status>& all,
                                    messages::cluster_size size) {
  std::optional<leadership> best;
  for (const auto& one : all) {
    if (!one.in_view || (best && one.view <= best->view))
      continue;
    auto same = std::count_if(all.begin(), all.end(), [&](const replica_status& other) {
      return other.in_view && other.view == one.view;
    });
    if (static_cast<std::size_t>(same) >= size.weak_quorum())
      best = leadership{one.view, size.primary_of(messages::view_number{one.view}).value(),
                        static_cast<std::size_t>(same)};
  }
  return best;
}

std::uint64_t newest_block(const std::vector<replica_status>& all) {
  std::uint64_t newest = 0;
  for (const auto& one : all)
    newest = std::max(newest, one.answered ? one.executed : 0);
  return newest;
}

std::optional<last_view_change> last_view_change_of(const json& status) {
  auto ms = number(status, "/parts/view_change/last_view_change_ms");
  if (!ms)
    return std::nullopt;
  last_view_change last;
  last.ms = static_cast<double>(*ms);
  if (const auto* why = find(status, "/parts/view_change/last_suspicion"); why && why->is_string())
    last.why = why->get<std::string>();
  return last;
}

std::vector<std::string> waits_of(const json& status, messages::cluster_size size) {
  std::vector<std::string> waits;
  auto s = read_status(status);
  if (!s.answered)
    return waits;
  if (auto silence = end_of_silence(status, size.quorum()))
    waits.push_back(*silence);
  if (auto state = missing_state(status))
    waits.push_back(*state);
  if (!s.in_view) {
    auto held = number(status, "/parts/view_change/view_changes_held").value_or(0);
    auto self = number(status, "/replica");
    if (self == size.primary_of(messages::view_number{s.view}).value())
      waits.push_back(
          fmt::format("VIEW-CHANGEs of view {}: {} of {} are here", s.view, held, size.quorum()));
    else
      waits.push_back(fmt::format("the NEW-VIEW of view {}", s.view));
  }
  if (auto wishes = wishes_for_another(status, s.view, size.quorum()))
    waits.push_back(*wishes);
  if (s.in_view)
    if (auto slot = first_open_slot(status, size.quorum()))
      waits.push_back(*slot);
  return waits;
}

} // namespace bourse::app
