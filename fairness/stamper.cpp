#include "fairness/stamper.hpp"

#include <algorithm>

#include "fairness/ranking.hpp"
#include "fairness/report_store.hpp"
#include "messages/assert.hpp"

namespace bourse::fairness {

namespace {

/// Reports ahead of the log after which the next one takes twice as long, again and again. With a
/// grid of 20 ms a chain so outlasts half a minute in which nothing becomes final.
constexpr std::uint64_t links_per_doubling = 8;

} // namespace

stamper::stamper(const market::rules& rules, replica_id self, const chain_position& head)
    : rules_(rules),
      self_(self),
      streams_(rules.clients.size() * max_streams),
      chain_{head},
      last_stamp_(head.boundary) {}

stamper::stream* stamper::find(client_id client, stream_id stream) {
  if (client.value() >= streams_.size() / max_streams || stream.value() >= max_streams)
    return nullptr;
  return &streams_[client.value() * max_streams + stream.value()];
}

void stamper::set_next(client_id client, stream_id stream, submission_number next) {
  auto* of = find(client, stream);
  if (!of)
    return;
  of->next = next.value();
  auto last = of->numbers.lower_bound(of->next);
  for (auto it = of->numbers.begin(); it != last; ++it)
    open_ -= static_cast<std::size_t>(std::count_if(it->second.begin(), it->second.end(),
                                                    [](const held& h) { return h.stamped; }));
  of->numbers.erase(of->numbers.begin(), last);
  auto first = of->numbers.begin();
  if (first != of->numbers.end() && first->first == of->next
      && std::any_of(first->second.begin(), first->second.end(),
                     [](const held& h) { return !h.stamped; }))
    waiting_.push_back({static_cast<std::size_t>(of - streams_.data()), of->next});
}

void stamper::resume(const stamped& what) {
  auto* of = find(what.about.client, what.about.stream);
  if (!of || what.about.number.value() < of->next)
    return;
  auto& rivals = of->numbers[what.about.number.value()];
  if (std::any_of(rivals.begin(), rivals.end(), [&](const held& h) { return h.body == what.body; }))
    return;
  rivals.push_back({what.body, true});
  ++open_;
}

void stamper::resume(const verified_report& own) {
  const auto& r = own.content;
  if (!continues(chain_.back(), r))
    return; // of a chain that was left
  chain_.push_back(position_of(own));
  for (const auto& s : r.stamps)
    resume(about(s));
  last_stamp_ = std::max(last_stamp_, r.boundary);
}

bool stamper::room() const {
  return unreported_.size() < rules_.order.max_stamps && open_ < rules_.order.max_open_stamps;
}

void stamper::hold(const submission_header& about, const digest& body, stamp_time now) {
  auto* of = find(about.client, about.stream);
  auto number = about.number.value();
  if (!of || number < of->next
      || number - of->next >= ranking::credits_ahead * std::max(rules_.stream_window, 1u))
    return;
  auto& rivals = of->numbers[number];
  bool known
      = std::any_of(rivals.begin(), rivals.end(), [&](const held& h) { return h.body == body; });
  if (known || rivals.size() >= max_rivals)
    return;
  rivals.push_back({body, false});
  waiting_.push_back({static_cast<std::size_t>(of - streams_.data()), number});
  stamp_waiting(now);
}

/// All lower numbers must have a stamp, so only what follows without a gap gets one.
bool stamper::stamp_from(turn& t, stamp_time now) {
  auto& of = streams_[t.stream];
  auto it = of.numbers.find(t.number);
  if (t.number > of.next) {
    auto before = of.numbers.find(t.number - 1);
    if (before == of.numbers.end()
        || std::none_of(before->second.begin(), before->second.end(),
                        [](const held& h) { return h.stamped; }))
      return true;
  }
  for (; it != of.numbers.end() && it->first == t.number; ++it, ++t.number)
    for (auto& h : it->second) {
      if (h.stamped)
        continue;
      if (!room())
        return false;
      last_stamp_ = std::max({now, stamp_time{last_stamp_.value() + 1},
                              stamp_time{chain_.back().boundary.value() + 1}});
      h.stamped = true;
      ++open_;
      submission_header about{client_id{static_cast<std::uint32_t>(t.stream / max_streams)},
                              stream_id{static_cast<std::uint8_t>(t.stream % max_streams)},
                              submission_number{t.number}};
      unreported_.push_back({about, h.body, last_stamp_});
    }
  return true;
}

void stamper::stamp_waiting(stamp_time now) {
  while (!waiting_.empty() && stamp_from(waiting_.front(), now))
    waiting_.pop_front();
}

std::uint64_t stamper::spacing_us() const {
  auto links = chain_.size() - 1;
  return (rules_.order.grid_ms * std::uint64_t{1000}) << (links / links_per_doubling);
}

bool stamper::full() const {
  return chain_.size() > max_links;
}

std::optional<stamp_time> stamper::next_report(bool owed) const {
  if ((open_ == 0 && unreported_.empty() && !owed) || full())
    return std::nullopt;
  auto grid_us = rules_.order.grid_ms * std::uint64_t{1000};
  auto at = chain_.back().boundary.value() + spacing_us();
  // What is new is said at the first boundary after it; what waits, as often as may be.
  if (!owed && !unreported_.empty() && open_ <= unreported_.size())
    at = std::max(at, unreported_.front().time.value());
  return stamp_time{(at + grid_us - 1) / grid_us * grid_us};
}

std::optional<stamp_report> stamper::report(stamp_time now, bool owed) {
  auto at = next_report(owed);
  if (!at || now < *at)
    return std::nullopt;
  auto grid_us = rules_.order.grid_ms * std::uint64_t{1000};
  stamp_report out{self_,
                   chain_.back().index.next(),
                   chain_.back().digest,
                   stamp_time{now.value() / grid_us * grid_us},
                   {}};
  auto end = std::find_if(unreported_.begin(), unreported_.end(),
                          [&](const stamp& s) { return s.time > out.boundary; });
  out.stamps.assign(unreported_.begin(), end);
  // What is stamped while this is on its way to the disk comes after it.
  last_stamp_ = std::max(last_stamp_, out.boundary);
  return out;
}

bool stamper::reported(const verified_report& own) {
  if (!continues(chain_.back(), own.content))
    return false;
  auto at = position_of(own);
  chain_.push_back(at);
  auto end = std::find_if(unreported_.begin(), unreported_.end(),
                          [&](const stamp& s) { return s.time > at.boundary; });
  unreported_.erase(unreported_.begin(), end);
  stamp_waiting(stamp_time{at.boundary.value() + 1});
  return true;
}

void stamper::committed(const chain_position& head, stamp_time now) {
  auto it = std::find(chain_.begin(), chain_.end(), head);
  if (it != chain_.end()) {
    chain_.erase(chain_.begin(), it);
    stamp_waiting(now);
    return;
  }
  chain_.assign(1, head);
  last_stamp_ = std::max(last_stamp_, head.boundary);
  unreported_.clear();
  open_ = 0;
  waiting_.clear();
  for (std::size_t at = 0; at < streams_.size(); ++at) {
    auto& numbers = streams_[at].numbers;
    for (auto& [number, rivals] : numbers)
      for (auto& h : rivals)
        h.stamped = false;
    if (!numbers.empty())
      waiting_.push_back({at, numbers.begin()->first});
  }
  stamp_waiting(now);
}

} // namespace bourse::fairness
