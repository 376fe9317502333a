#include "simulation/adversary.hpp"

#include <fmt/format.h>

#include "messages/assert.hpp"
#include "simulation/field_campaign.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint64_t ms = 1'000'000;

habit_ptr make_habit(liar& who, const lie& what, std::uint64_t& count) {
  for (auto* make : {make_vote_habit, make_stamp_habit, make_view_habit, make_fetch_habit,
                     make_link_habit, make_client_habit, make_field_habit})
    if (auto h = make(who, what, count))
      return h;
  return nullptr;
}

} // namespace

adversary::adversary(cluster& c, const std::vector<std::uint16_t>& byzantine,
                     const std::vector<lie>& lies, std::uint64_t seed, field_campaign* campaign)
    : cluster_(c), liars_(c.size()), habits_(c.size()) {
  if (lies.empty()) // or none but what their node does by itself, such as twins
    return;
  seen_.campaign = campaign;
  if (campaign)
    campaign->watch(&c);
  for (auto i : byzantine)
    liars_[i] = std::make_unique<liar>(c, i, seen_, seed ^ (0x11a5 + i));
  for (const auto& l : lies) {
    BOURSE_ASSERT(liars_[l.node]);
    habits_[l.node].push_back(
        make_habit(*liars_[l.node], l, told_[static_cast<std::size_t>(l.kind)]));
    BOURSE_ASSERT(habits_[l.node].back());
  }
  c.watch_links([this](std::size_t from, std::size_t to, channel on, byte_view message) {
    return passes(from, to, on, message);
  });
  c.watch_gateways(
      [this](const client_line& line, byte_view message) { return tells(line, message); });
  c.listen_to_client_arrivals([this](std::size_t to, session_id session, byte_view message) {
    heard(to, session, message);
  });
  if (campaign)
    c.listen_to_told_clients([campaign](std::size_t from, byte_view message) {
      campaign->arrived(speech::gateway, from, 0, message);
    });
  c.universe().after(habit::tick_ms * ms, [this] { tick(); });
}

adversary::~adversary() {
  if (seen_.campaign)
    seen_.campaign->watch(nullptr);
  cluster_.watch_links(nullptr);
  cluster_.watch_gateways(nullptr);
  cluster_.listen_to_told_clients(nullptr);
  cluster_.listen_to_client_arrivals(nullptr);
}

bool adversary::begun(const habit& h) const {
  return cluster_.universe().now() >= h.what().from_ms * ms;
}

template <class Act>
void adversary::let(std::size_t i, habit& h, const std::string& whom, Act&& act) {
  if (!begun(h))
    return;
  const auto& count = told_[static_cast<std::size_t>(h.what().kind)];
  auto before = count;
  act();
  if (tell_ && count != before)
    tell_(i, fmt::format("{}{}", to_string(h.what().kind), whom));
}

bool adversary::passes(std::size_t from, std::size_t to, channel on, byte_view message) {
  if (!liars_[from])
    return true;
  if (silent_)
    return false;
  auto m = decode_peer_message(message, {});
  if (!m)
    return true;
  seen_.see(*m);
  std::vector<parcel> out{{on, std::move(*m), {}, 0}};
  auto whom = tell_ ? fmt::format(" to {}", to) : std::string{};
  for (auto& h : habits_[from])
    let(from, *h, whom, [&] { h->sending(to, out); });
  for (const auto& p : out) {
    auto content = p.message ? encode(*p.message) : p.raw;
    if (out.size() == 1 && p.delay_us == 0 && p.on == on && content == message)
      return true; // nothing was done to it
    cluster_.post(from, to, p.on, std::make_shared<const bytes>(std::move(content)), p.delay_us);
  }
  return false;
}

bool adversary::tells(const client_line& line, byte_view message) {
  auto from = line.node;
  if (!liars_[from])
    return true;
  if (silent_)
    return false;
  // A client has one connection to a node: the latest.
  std::erase_if(lines_, [&](const auto& known) {
    return known.second.node == from && known.second.client == line.client
           && known.second.session != line.session;
  });
  lines_.try_emplace({from, line.session}, line);
  auto m = decode_gateway_message(message);
  if (!m)
    return true;
  std::vector<tale> out{{std::move(*m), {}, 0}};
  auto whom = tell_ ? fmt::format(" to client {}", line.client.value()) : std::string{};
  for (auto& h : habits_[from])
    let(from, *h, whom, [&] { h->telling(line, out); });
  for (const auto& t : out) {
    auto content = t.message ? encode(*t.message) : t.raw;
    if (out.size() == 1 && t.delay_us == 0 && content == message)
      return true;
    line.post(std::make_shared<const bytes>(std::move(content)), t.delay_us);
  }
  return false;
}

void adversary::heard(std::size_t to, session_id session, byte_view message) {
  if (seen_.campaign)
    seen_.campaign->arrived(speech::client, client_side, to, message);
  auto line = lines_.find({to, session});
  if (line == lines_.end() || silent_)
    return;
  if (auto m = decode_client_message(message, {}))
    for (auto& h : habits_[to])
      let(to, *h, "", [&] { h->asked(line->second, *m); });
}

void adversary::arrived(std::size_t from, std::size_t to, byte_view message) {
  if (seen_.campaign)
    seen_.campaign->arrived(speech::peer, from, to, message);
  if (!liars_[to] || silent_)
    return;
  auto m = decode_peer_message(message, {});
  if (!m)
    return;
  if (!liars_[from]) // they do not fool themselves
    seen_.see(*m);
  for (auto& h : habits_[to])
    let(to, *h, "", [&] { h->arrived(from, *m); });
}

void adversary::tick() {
  if (silent_)
    return;
  for (std::size_t i = 0; i < liars_.size(); ++i)
    if (cluster_.up(i))
      for (auto& h : habits_[i])
        let(i, *h, "", [&] { h->tick(); });
  cluster_.universe().after(habit::tick_ms * ms, [this] { tick(); });
}

} // namespace bourse::simulation
