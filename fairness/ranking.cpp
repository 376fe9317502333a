#include "fairness/ranking.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fairness/block_choice.hpp"
#include "fairness/ranking_state.hpp"
#include "messages/assert.hpp"
#include "messages/crypto.hpp"

namespace bourse::fairness {

// -- state ----------------------------------------------------------------------------------------

std::size_t seeded_hash::operator()(const digest& d) const {
  auto h = seed ^ 0xa076'1d64'78bd'642f;
  for (std::size_t i = 0; i < digest::size; i += sizeof h) {
    std::uint64_t word;
    std::memcpy(&word, d.data.data() + i, sizeof word);
    // Multiply and fold, as in wyhash.
    auto product = static_cast<unsigned __int128>(h ^ word) * (seed ^ 0xe703'7ed1'a0b4'28db);
    h = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  return h;
}

bool stamped_body::stamped_by(replica_id r) const {
  return std::any_of(stamps.begin(), stamps.end(), [&](auto& s) { return s.by == r; });
}

void stamped_body::hold(submission_ptr s) {
  lane = s->lane;
  submission = std::move(s);
}

void open_number::note(const stamped_body& b) {
  if (!earliest || earlier{}(&b, earliest))
    earliest = &b;
}

ranking::state::state(const market::rules& r, cluster_size s, std::uint64_t seed)
    : rules(r),
      size(s),
      next(r.clients.size() * max_streams, submission_number{1}),
      bodies(0, seeded_hash{seed}),
      open_stamps(s.n) {
  // Or two numbers of a stream would share a page.
  BOURSE_ASSERT(credits_ahead * r.stream_window <= std::uint64_t{1} << number_bits);
}

bool ranking::state::known(const submission_header& about) const {
  return about.client.value() < rules.clients.size() && about.stream.value() < max_streams;
}

bool ranking::state::takes(replica_id by, const submission_header& about,
                           const digest& body) const {
  if (!known(about) || open_stamps[by.value()] >= rules.order.max_open_stamps)
    return false;
  auto first = next[stream_index(about)].value();
  auto number = about.number.value();
  if (number < first || number - first >= credits_ahead * rules.stream_window)
    return false;
  auto [from, to] = bodies.equal_range(body);
  if (std::any_of(from, to, [&](auto& entry) { return entry.second.stamped_by(by); }))
    return false;
  auto stream = streams.find(stream_index(about));
  if (stream == streams.end())
    return true;
  auto rivals = stream->second.numbers.find(number);
  if (rivals == stream->second.numbers.end())
    return true;
  auto& others = rivals->second.bodies;
  auto stamped = std::count_if(others.begin(), others.end(),
                               [&](auto* other) { return other->stamped_by(by); });
  return static_cast<std::size_t>(stamped) < bodies_stamped;
}

bool ranking::state::waits(const stamped_body& b) const {
  return b.time != no_time && !b.eligible;
}

stamped_body& ranking::state::put(replica_id by, const stamp& s) {
  auto [from, to] = bodies.equal_range(s.body);
  auto at = std::find_if(from, to, [&](auto& entry) { return entry.second.about == s.about; });
  if (at == to) {
    at = bodies.emplace(s.body, stamped_body{});
    at->second.about = s.about;
    at->second.digest = s.body;
    at->second.stamps.reserve(size.n);
    streams[stream_index(s.about)].numbers[s.about.number.value()].bodies.push_back(&at->second);
  }
  auto& body = at->second;
  held_stamp held{s.time, by};
  body.stamps.insert(std::upper_bound(body.stamps.begin(), body.stamps.end(), held), held);
  ++open_stamps[by.value()];
  touch(stream_page(stream_index(s.about)));
  if (body.stamps.size() > size.f() && body.stamps[size.f()].time != body.time) {
    if (waits(body))
      waiting.erase(&body);
    body.time = body.stamps[size.f()].time;
    if (waits(body))
      waiting.insert(&body);
    else
      number_of(body).note(body);
  }
  return body;
}

open_number& ranking::state::number_of(const stamped_body& b) {
  return streams[stream_index(b.about)].numbers[b.about.number.value()];
}

void ranking::state::make_eligible(stamped_body& b) {
  waiting.erase(&b);
  b.eligible = true;
  number_of(b).note(b);
  touch(stream_page(stream_index(b.about)));
  touch(body_page(b.about));
}

void ranking::state::extend_ready(std::uint32_t stream) {
  auto& s = streams[stream];
  auto before = s.ready;
  auto at = s.numbers.find(next[stream].value() + s.ready);
  while (at != s.numbers.end() && at->first == next[stream].value() + s.ready
         && at->second.earliest) {
    ++s.ready;
    ++at;
  }
  ready += s.ready - before;
  if (before == 0 && s.ready > 0)
    ready_streams.push_back(stream);
}

std::vector<contender> ranking::state::contenders() const {
  std::vector<contender> all;
  all.reserve(ready);
  for (auto stream : ready_streams) {
    auto& s = streams.find(stream)->second;
    contender c; // what it is of one number goes on to the next
    auto left_over = aged_after;
    auto at = s.numbers.begin();
    for (std::uint64_t i = 0; i < s.ready; ++i, ++at) {
      c.body = at->second.earliest;
      c.time = std::max(c.time, c.body->time);
      c.lane = std::max(c.lane, c.body->lane);
      c.aged = i < s.aged;
      // Or a number could go ahead of a lower one.
      BOURSE_ASSERT(at->second.left_over <= left_over);
      left_over = at->second.left_over;
      all.push_back(c);
    }
  }
  return all;
}

void ranking::state::drop(const stamped_body& b) {
  for (auto& s : b.stamps)
    --open_stamps[s.by.value()];
  auto [from, to] = bodies.equal_range(b.digest);
  bodies.erase(std::find_if(from, to, [&](auto& entry) { return &entry.second == &b; }));
}

void ranking::state::execute(const stamped_body& b) {
  auto stream = stream_index(b.about);
  auto& s = streams.find(stream)->second;
  BOURSE_ASSERT(b.about.number == next[stream] && s.ready > 0);
  touch(stream_page(stream));
  touch(body_page(b.about));
  auto rivals = std::move(s.numbers.begin()->second.bodies);
  s.numbers.erase(s.numbers.begin());
  --s.ready;
  --ready;
  s.aged -= s.aged > 0;
  next[stream] = next[stream].next();
  auto first_void = voided.size();
  for (auto* rival : rivals) {
    if (waits(*rival))
      waiting.erase(rival);
    if (rival != &b && rival->eligible)
      voided.push_back(std::move(rival->submission));
    drop(*rival);
  }
  std::sort(voided.begin() + static_cast<std::ptrdiff_t>(first_void), voided.end(),
            [](auto& x, auto& y) { return x->digest < y->digest; });
}

void ranking::state::end_block() {
  std::erase_if(ready_streams, [&](auto stream) {
    auto entry = streams.find(stream);
    auto& s = entry->second;
    // Of those that are aged already there may be many.
    auto at = s.numbers.find(next[stream].value() + s.aged);
    for (auto i = s.aged; i < s.ready; ++i, ++at) {
      s.aged += ++at->second.left_over == aged_after;
      touch(stream_page(stream));
    }
    auto is_done = s.ready == 0;
    if (s.numbers.empty())
      streams.erase(entry);
    return is_done;
  });
}

// -- ranking --------------------------------------------------------------------------------------

ranking::ranking(const market::rules& rules, cluster_size size, std::uint64_t seed)
    : state_(std::make_unique<state>(rules, size, seed)) {}

ranking::~ranking() = default;
ranking::ranking(ranking&&) noexcept = default;

void ranking::add(replica_id by, std::span<const stamp> stamps) {
  BOURSE_ASSERT(by.value() < state_->size.n);
  for (auto& s : stamps)
    if (state_->takes(by, s.about, s.body))
      state_->put(by, s);
}

std::vector<digest> ranking::begin(stamp_time t) {
  auto& s = *state_;
  BOURSE_ASSERT(t >= s.now && s.asked.empty());
  s.now = t;
  std::vector<digest> names;
  for (auto* b : s.waiting) {
    if (b->time > t)
      break;
    s.asked.push_back(b);
    names.push_back(b->digest);
  }
  return names;
}

std::vector<submission_ptr> ranking::finish(std::span<const submission_ptr> bodies,
                                            block_explanation* why) {
  auto& s = *state_;
  auto asked = std::exchange(s.asked, {});
  BOURSE_ASSERT(asked.size() == bodies.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    // Of f+1 stampers one is honest, and has read the number in the body.
    auto& b = *asked[i];
    auto& what = bodies[i]->content;
    BOURSE_ASSERT(bodies[i]->digest == b.digest);
    BOURSE_ASSERT((submission_header{what.client, what.stream, what.number} == b.about));
    b.hold(bodies[i]);
    s.make_eligible(b);
  }
  for (auto* b : asked)
    s.extend_ready(stream_index(b->about));

  auto chosen = s.contenders();
  block_choice choice{s.rules, s.now};
  auto count = choice.choose(chosen);
  if (why != nullptr) {
    std::sort(chosen.begin() + static_cast<std::ptrdiff_t>(count), chosen.end(),
              [&](auto& a, auto& b) { return choice.goes_first(a, b); });
    *why = s.explain(chosen, count, choice);
  }
  chosen.resize(count);
  std::vector<submission_ptr> executed;
  executed.reserve(chosen.size());
  s.voided.clear();
  for (auto& c : chosen) {
    executed.push_back(c.body->submission);
    s.execute(*c.body);
  }
  s.end_block();
  return executed;
}

const std::vector<submission_ptr>& ranking::voided() const {
  return state_->voided;
}

void ranking::each_stamp(
    const std::function<void(const stamped&, replica_id, stamp_time)>& visit) const {
  for (const auto& [name, body] : state_->bodies)
    for (const auto& s : body.stamps)
      visit({body.about, name}, s.by, s.time);
}

void ranking::each_body(const std::function<void(const submission_ptr&)>& visit) const {
  for (const auto& [name, body] : state_->bodies)
    if (body.submission)
      visit(body.submission);
}

submission_number ranking::next(client_id client, stream_id stream) const {
  BOURSE_ASSERT(state_->known({client, stream, {}}));
  return state_->next[stream_index(client, stream)];
}

std::size_t ranking::left_over() const {
  return state_->ready;
}

std::size_t ranking::open_stamps(replica_id by) const {
  BOURSE_ASSERT(by.value() < state_->size.n);
  return state_->open_stamps[by.value()];
}

} // namespace bourse::fairness
