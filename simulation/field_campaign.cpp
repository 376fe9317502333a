#include "simulation/field_campaign.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "simulation/scenes.hpp"

namespace bourse::simulation {

namespace {

/// Kinds with a signature, which the liar can make of its own.
bool is_signed(const field_path& where) {
  for (const auto* kind : {"pre_prepare", "prepare", "commit", "checkpoint", "committed_block",
                           "view_change", "new_view", "state_offer", "standing"})
    if (where.steps.front().field->name == kind)
      return true;
  return false;
}

bool is_signature(const field_path& where) {
  const auto& name = where.last().name;
  return name == "signature" || name == "pre_prepare" || name == "pre_prepares";
}

bool has_place(byte_view message, const field_path& where) {
  auto parent = where;
  parent.steps.pop_back();
  splitmix64 any{0};
  return parent.steps.empty() || value_of(message, parent, any).has_value();
}

} // namespace

/// Adds up what a node has refused.
class field_campaign::ear final : public observer {
public:
  void stepped(const consensus::replica_core& core) override {
    const auto& c = core.counters();
    core_ = c.bad_signatures + c.bad_certificates + c.outside_watermarks + c.wrong_view
            + c.not_from_primary + c.equivocations + c.rejected_proposals + c.bad_senders
            + c.wrong_hashes;
  }
  void stepped(const consensus::view_manager& m) override {
    auto c = m.counters();
    views_ = c.bad_view_changes + c.bad_new_views + c.bad_senders;
  }
  std::uint64_t refused() const {
    return core_ + views_;
  }

private:
  std::uint64_t core_ = 0;
  std::uint64_t views_ = 0;
};

std::string field_case::name() const {
  return fmt::format("{} {}{}", all_fields()[field].name(), to_string(how),
                     signed_anew ? ", signed" : "");
}

std::vector<field_case> all_field_cases() {
  std::vector<field_case> out;
  const auto& fields = all_fields();
  for (std::size_t f = 0; f < fields.size(); ++f)
    for (std::size_t m = 0; m < mutations; ++m) {
      out.push_back({f, static_cast<mutation>(m), false});
      if (is_signed(fields[f]) && fields[f].steps.size() > 1 && !is_signature(fields[f]))
        out.push_back({f, static_cast<mutation>(m), true});
    }
  return out;
}

field_campaign::field_campaign(std::size_t part, std::size_t parts) {
  auto all = all_field_cases();
  for (auto i = part; i < all.size(); i += parts) {
    waiting_[all_fields()[all[i].field].kind()].push_back(cases_.size());
    cases_.push_back({all[i], false});
  }
}

field_campaign::~field_campaign() = default;

void field_campaign::watch(cluster* c) {
  for (std::size_t i = 0; i < ears_.size(); ++i)
    cluster_->stop_observing(i, ears_[i].get());
  ears_.clear();
  cluster_ = c;
  for (std::size_t i = 0; c && i < c->size(); ++i) {
    ears_.push_back(std::make_unique<ear>());
    c->observe(i, ears_[i].get());
  }
}

bool field_campaign::wants(std::uint32_t kind) const {
  auto found = waiting_.find(kind);
  return found != waiting_.end() && !found->second.empty();
}

const field_case* field_campaign::next(byte_view message, bool anyhow) {
  auto found = waiting_.find(kind_of(message));
  if (found == waiting_.end())
    return nullptr;
  for (auto i : found->second)
    if (anyhow || has_place(message, all_fields()[cases_[i].what.field]))
      return &cases_[i].what;
  return nullptr;
}

void field_campaign::sent(const field_case& what, byte_view message) {
  auto& waiting = waiting_[all_fields()[what.field].kind()];
  std::erase_if(waiting, [&](std::size_t i) {
    if (&cases_[i].what != &what)
      return false;
    cases_[i].done = true;
    return true;
  });
  ++sent_;
  on_their_way_.insert(bytes{message});
}

void field_campaign::arrived(std::size_t to, byte_view message) {
  if (!on_their_way_.contains(bytes{message}))
    return;
  ++arrived_;
  if (!messages::decode_peer_message(message, {})) {
    ++unreadable_;
    return;
  }
  auto before = ears_[to]->refused();
  cluster_->universe().after(1000, [this, to, before] {
    if (to < ears_.size() && ears_[to]->refused() > before)
      ++refused_;
  });
}

nlohmann::json field_campaign::report() const {
  nlohmann::json missing = nlohmann::json::array();
  for (const auto& c : cases_)
    if (!c.done)
      missing.push_back(c.what.name());
  return {{"cases", cases_.size()},
          {"sent", sent_},
          {"missing", missing},
          {"arrived", arrived_},
          {"unreadable", unreadable_},
          {"refused", refused_},
          {"borne", arrived_ - unreadable_ - refused_}};
}

plan field_plan(std::uint64_t seed) {
  auto p = busy_plan(seed);
  constexpr std::uint16_t liar = 1;
  // Leaders change, the liar among them; it and another fall behind so far that each fetches a
  // state.
  p.cluster.node.transfer_after_blocks = 8;
  p.load = {300, 4};
  p.suspicions_ms = {700, 2500, 2900, 3300, 3700, 5600};
  p.faults = {{fault_kind::crash, 900, 1500, 2, 0, 0},
              {fault_kind::crash, 3800, 1200, liar, 0, 0},
              {fault_kind::cut_off, 5200, 500, 3, 0, 0}};
  p.byzantine = {liar};
  p.lies = {{lie_kind::mutated_fields, liar, 0, 100, 0}};
  return p;
}

} // namespace bourse::simulation
