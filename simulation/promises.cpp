#include "simulation/promises.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "consensus/new_view.hpp"

namespace bourse::simulation {

namespace {

std::string name_of(std::size_t from, consensus::vote_kind kind, view_number view,
                    sequence_number sequence) {
  return fmt::format("replica {}, kind {}, view {}, block {}", from, static_cast<int>(kind),
                     view.value(), sequence.value());
}

/// By the NEW-VIEW that is kept.
bool named(const consensus::recovered_state& had, const digest& cluster, const statement& what) {
  if (!had.new_view)
    return false;
  auto known = consensus::read_new_view(*had.new_view, cluster);
  return known && std::ranges::find(known->plan.slots, what) != known->plan.slots.end();
}

} // namespace

void promises::hear(std::size_t from, channel c, byte_view message) {
  if (c != channel::consensus && c != channel::view)
    return;
  auto m = decode_peer_message(message, {});
  if (!m) {
    contradictions_.push_back(fmt::format("replica {} sent what cannot be read", from));
    return;
  }
  hear(from, *m);
}

void promises::hear(std::size_t from, const peer_message& m) {
  std::visit([&](const auto& x) { take(from, x); }, m);
}

void promises::vote(std::size_t from, consensus::vote_kind kind, const statement& what) {
  auto [it, first]
      = votes_.emplace(vote_key{from, kind, what.view, what.sequence}, voted{what.digest, false});
  auto name = [&] {
    return name_of(from, kind, what.view, what.sequence);
  };
  // With a new disk it cannot know whether it says the same.
  if (std::exchange(it->second.lost, false))
    contradictions_.push_back(name() + ": again, after its disk was lost");
  if (it->second.digest != what.digest)
    contradictions_.push_back(name() + ": two different ones");
  if (first && what.view < said_[from].left_for)
    contradictions_.push_back(name() + ": after it left that view");
}

void promises::take(std::size_t from, const pre_prepare& m) {
  if (m.what.view.value() % size_.n == from && m.signature != signature{})
    vote(from, consensus::vote_kind::pre_prepare, m.what);
}

void promises::take(std::size_t from, const prepare& m) {
  if (m.by.replica.value() == from)
    vote(from, consensus::vote_kind::prepare, m.what);
}

void promises::take(std::size_t from, const commit& m) {
  if (m.by.replica.value() == from)
    vote(from, consensus::vote_kind::commit, m.what);
}

void promises::take(std::size_t from, const checkpoint& m) {
  auto& said = said_[from];
  if (m.by.replica.value() == from && m.what.sequence > said.lost)
    said.own_checkpoint = std::max(said.own_checkpoint, m.what.sequence);
}

void promises::take(std::size_t from, const view_change& m) {
  auto content = decode_view_change_content(m.body, {});
  if (m.by.replica.value() != from || !content)
    return;
  said_[from].left_for = std::max(said_[from].left_for, content->view);
  // Every commit above its log's beginning must show (C&L 4.4, the set P).
  for (const auto& [key, vote] : votes_) {
    auto& [who, kind, view, sequence] = key;
    if (who != from || vote.lost || kind != consensus::vote_kind::commit
        || sequence <= content->stable.what.sequence || view >= content->view)
      continue;
    auto shown = std::any_of(content->prepared.begin(), content->prepared.end(),
                             [sequence = sequence, view = view](auto& c) {
                               return c.what.sequence == sequence && c.what.view >= view;
                             });
    if (!shown)
      contradictions_.push_back(name_of(from, kind, view, sequence) + ": not in its VIEW-CHANGE");
  }
}

void promises::take(std::size_t from, const new_view& m) {
  auto content = decode_new_view_content(m.body, {});
  if (m.by.replica.value() != from || !content)
    return;
  auto [it, first] = said_[from].new_views.emplace(content->view, voted{hash(m.body), false});
  if (it->second.digest != hash(m.body))
    contradictions_.push_back(
        fmt::format("replica {} said two NEW-VIEWs of view {}", from, content->view.value()));
}

std::vector<std::string> promises::forgotten(std::size_t i, const storage::store& disk) const {
  std::vector<std::string> out;
  auto had = storage::load_consensus(disk, cluster_);
  auto checkpoint = storage::load_checkpoint(disk);
  if (!had || !checkpoint) {
    out.push_back("the disk cannot be read: " + to_string(had ? checkpoint.error() : had.error()));
    return out;
  }
  for (const auto& [key, vote] : votes_) {
    auto& [who, kind, view, sequence] = key;
    if (who != i || vote.lost || sequence <= had->stable.what.sequence)
      continue;
    consensus::vote_record record{kind, {view, sequence, vote.digest}};
    auto kept = std::any_of(had->votes.begin(), had->votes.end(), [&](auto& v) {
      return v.kind == record.kind && v.what == record.what;
    });
    // In a view that it has left it will not vote again, and what a NEW-VIEW names it repeats.
    if (!kept && view >= had->view && !named(*had, cluster_, record.what))
      out.push_back(name_of(i, kind, view, sequence) + ": the vote");
    auto shown = std::any_of(had->prepared.begin(), had->prepared.end(), [&](auto& c) {
      return c.what.sequence == record.what.sequence && c.what.view >= record.what.view;
    });
    if (kind == consensus::vote_kind::commit && !shown)
      out.push_back(name_of(i, kind, view, sequence) + ": its prepared certificate");
  }
  auto said = said_.find(i);
  if (said == said_.end())
    return out;
  if (had->view < said->second.left_for)
    out.push_back(fmt::format("view {}", said->second.left_for.value()));
  auto led = said->second.new_views.find(had->view);
  if (led != said->second.new_views.end() && !led->second.lost
      && (!had->new_view || hash(had->new_view->body) != led->second.digest))
    out.push_back(fmt::format("its NEW-VIEW of view {}", had->view.value()));
  auto own = *checkpoint ? (*checkpoint)->sequence : sequence_number{};
  if (own < said->second.own_checkpoint)
    out.push_back(fmt::format("checkpoint {}", said->second.own_checkpoint.value()));
  return out;
}

void promises::lose(std::size_t i) {
  for (auto& [key, vote] : votes_)
    if (std::get<0>(key) == i)
      vote.lost = true;
  auto& said = said_[i];
  for (auto& [view, led] : said.new_views)
    led.lost = true;
  said.lost = std::max(said.lost, said.own_checkpoint);
  said.own_checkpoint = {};
  said.left_for = {};
}

std::size_t promises::votes_of(std::size_t i) const {
  return static_cast<std::size_t>(std::count_if(
      votes_.begin(), votes_.end(), [&](auto& v) { return std::get<0>(v.first) == i; }));
}

} // namespace bourse::simulation
