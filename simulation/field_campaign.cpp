#include "simulation/field_campaign.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "messages/client.hpp"
#include "simulation/scenes.hpp"

namespace bourse::simulation {

namespace {

/// So many cases are tried with one message, each so often.
constexpr std::size_t most_looks = 6;
constexpr int draws = 12;
/// After so many messages there is nothing else that could be signed.
constexpr std::uint32_t enough_tries = 3;
/// By then it has arrived, or is lost.
constexpr std::uint64_t patience_ns = 300'000'000;

/// Kinds with a signature, which the liar can make of its own.
bool is_signed(const field_path& where) {
  for (const auto* kind :
       {"pre_prepare", "prepare", "commit", "checkpoint", "committed_block", "view_change",
        "new_view", "state_offer", "standing", "stamp_reports", "results", "submit"})
    if (where.steps.front().field->name == kind)
      return true;
  return where.view == "ReceiptShare";
}

bool is_signature(const field_path& where) {
  const auto& name = where.last().name;
  return name == "signature" || name == "pre_prepare" || name == "pre_prepares";
}

/// What is to be left out must be there, of the rest only what it is in.
bool has_place(byte_view message, const field_case& what) {
  auto parent = what.where();
  if (what.how != mutation::drop)
    parent.steps.pop_back();
  return has_field(message, parent);
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
    cases_.push_back({all[i]});
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

std::optional<bytes> field_campaign::make(speech whose, std::size_t from, byte_view message,
                                          std::string_view view, bool anyhow, const change& by) {
  auto found = waiting_.find(kind_in(whose, kind_of(message)));
  if (found == waiting_.end())
    return std::nullopt;
  auto& waiting = found->second;
  std::size_t looks = 0;
  for (auto left = waiting.size(); left > 0 && looks < most_looks; --left) {
    auto i = waiting.front();
    waiting.pop_front();
    auto& c = cases_[i];
    if (!c.what.where().view.empty() && c.what.where().view != view) {
      waiting.push_back(i);
      continue;
    }
    if (!has_place(message, c.what) && (!anyhow || c.what.how == mutation::drop)) {
      waiting.push_back(i);
      continue;
    }
    ++looks;
    for (int draw = 0; draw < draws; ++draw)
      if (auto out = by(c.what); out && on_its_way(i, from, *out))
        return out;
    ++c.futile;
    c.given_up = c.what.signed_anew && c.sent == 0 && c.futile >= enough_tries;
    if (!c.given_up)
      waiting.push_back(i);
  }
  return std::nullopt;
}

/// What does not arrive is tried again.
bool field_campaign::on_its_way(std::size_t i, std::size_t from, const bytes& message) {
  auto [entry, added] = on_their_way_.try_emplace({cases_[i].what.where().whose, from, message}, i);
  if (!added)
    return false; // by another case
  ++cases_[i].sent;
  cluster_->universe().after(patience_ns, [this, i, key = entry->first] {
    if (!cluster_ || on_their_way_.erase(key) == 0)
      return;
    waiting_[cases_[i].what.where().kind()].push_back(i);
  });
  return true;
}

void field_campaign::arrived(speech whose, std::size_t from, std::size_t to, byte_view message) {
  auto found = on_their_way_.find({whose, from, bytes{message}});
  if (found == on_their_way_.end())
    return;
  cases_[found->second].arrived = true;
  on_their_way_.erase(found);
  ++arrived_;
  bool readable = whose == speech::peer      ? decode_peer_message(message, {}).has_value()
                  : whose == speech::gateway ? decode_gateway_message(message).has_value()
                                             : decode_client_message(message, {}).has_value();
  if (!readable) {
    ++unreadable_;
    return;
  }
  if (whose != speech::peer)
    return;
  auto before = ears_[to]->refused();
  cluster_->universe().after(1000, [this, to, before] {
    if (to < ears_.size() && ears_[to]->refused() > before)
      ++refused_;
  });
}

nlohmann::json field_campaign::report() const {
  nlohmann::json missing = nlohmann::json::array();
  nlohmann::json unchanged = nlohmann::json::array();
  std::uint64_t sent = 0, nothing_to_sign = 0;
  for (const auto& c : cases_) {
    sent += c.sent;
    nothing_to_sign += c.given_up ? 1 : 0;
    if (!c.arrived && !c.given_up)
      (c.sent == 0 && c.futile > 0 ? unchanged : missing).push_back(c.what.name());
  }
  return {{"cases", cases_.size()},
          {"sent", sent},
          {"missing", missing},
          {"unchanged", unchanged},
          {"nothing_to_sign", nothing_to_sign},
          {"unasked", unasked_},
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
  p.load = {.placements = 300, .requests_each = 4, .questions = 200};
  p.hostile_client_ms = 10;
  p.suspicions_ms = {700, 2500, 2900, 3300, 3700, 5600};
  p.faults = {{fault_kind::crash, 900, 1500, 2, 0, 0},
              {fault_kind::crash, 3800, 1200, liar, 0, 0},
              {fault_kind::cut_off, 5200, 500, 3, 0, 0}};
  p.byzantine = {liar};
  p.lies = {{lie_kind::mutated_fields, liar, 0, 100, 0}};
  return p;
}

} // namespace bourse::simulation
