#include "market/pending_pool.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "market/block_order.hpp"
#include "market/pending_stream.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

namespace {

/// Bodies that a client may have under one number: more than an honest one ever needs.
constexpr std::uint32_t max_rivals = 4;
/// Credits in count that a replica admits beyond its own position. Clients count theirs from what
/// f+1 replicas executed, and a replica that trails those by some blocks would refuse what it needs
/// next: as primary it then has nothing to propose until its clients send again. The credit in
/// bytes bounds the memory.
constexpr std::uint64_t admitted_credits = 4;
/// Overdue submissions in one look.
constexpr std::size_t most_overdue = 64;
/// What is kept of executed bodies, in full blocks.
constexpr std::size_t recent_blocks = 4;

} // namespace

/// Where a body is, and what moves it on. `bodies` has it wherever it is, and `find` looks there;
/// what is gone has left `bodies` too.
///
///   add --> far --> stream --> recent --> retired --> gone
///
///   from      to        when
///   add       far       its number is beyond the window: only a block in flight can need it
///             stream    it is inside
///             recent    it is below: executed already
///   far       stream    the window has reached it: settle_far
///             recent    execution has passed it: settle_far
///             gone      the view is over, or a block was executed that left a number out
///   stream    recent    its number was executed, by this body or a rival: advance, retire
///   recent    retired   newer ones have pushed it out, and `proposals` of blocks in flight name it
///             gone      the same, and none does; or the stream's position was set back
///   retired   gone      the last of those blocks was executed, or a whole view has not named it
///
/// A new view sets `proposals` to 0, for its blocks are counted anew. It may make some of the old
/// ones again, so what is retired then stays for the time of that view: forget_proposed.
struct pending_pool::state {
  using stream_index = std::uint32_t;

  struct held_body {
    submission_ptr body;
    std::uint32_t proposals = 0; ///< known blocks in flight that name it
    bool retired = false;        ///< neither pending nor recent, only in such blocks
  };

  explicit state(const rules& rules_of_market)
      : limits(rules_of_market.blocks),
        window(admitted_credits * std::max(rules_of_market.stream_window, 1u)),
        window_bytes(rules_of_market.stream_window_bytes),
        streams(rules_of_market.clients.size() * max_streams) {}

  stream_index index_of(client_id client, stream_id stream) const {
    return client.value() * static_cast<stream_index>(max_streams) + stream.value();
  }
  bool known(client_id client, stream_id stream) const {
    return client.value() < streams.size() / max_streams && stream.value() < max_streams;
  }
  bool within_window(const pending_stream& of, std::uint64_t number) const {
    return number >= of.next() && number - of.next() < window;
  }

  template <class Change>
  void change(stream_index i, Change&& how);
  void insert(stream_index i, submission_ptr s);
  void advance(stream_index i, std::uint64_t next);
  void settle_far(stream_index i, bool drop_beyond_window);
  void retire(submission_ptr s);
  void count_proposal(const digest& d);
  void count_execution(const digest& d);
  void forget_retired() {
    std::erase_if(bodies,
                  [](auto& entry) { return entry.second.retired && entry.second.proposals == 0; });
  }

  block_limits limits;
  std::uint64_t window; ///< numbers of a stream that are held from its next one on
  std::size_t window_bytes;
  std::vector<pending_stream> streams; ///< by client and stream
  std::unordered_map<digest, held_body> bodies;
  /// Streams with something to propose, in the order of their turns. A stream that has nothing left
  /// is skipped when its turn comes.
  std::deque<stream_index> queue;
  /// Bodies beyond their window, for blocks in flight.
  std::map<std::pair<stream_index, std::uint64_t>, std::vector<submission_ptr>> far;
  std::deque<submission_ptr> recent; ///< executed or superseded, oldest first; in `bodies` too
  std::size_t recent_bytes = 0;
  std::uint64_t ready = 0;
  std::size_t pending = 0;
  std::size_t pending_bytes = 0;
  std::uint64_t arrivals = 0;
  std::vector<submission_ptr> dropped; ///< scratch
};

/// Whatever changes a stream goes through here, which keeps the sum of ready requests and the
/// queue.
template <class Change>
void pending_pool::state::change(stream_index i, Change&& how) {
  auto& stream = streams[i];
  ready -= stream.ready();
  how(stream);
  ready += stream.ready();
  if (stream.ready() > 0 && !stream.queued) {
    stream.queued = true;
    queue.push_back(i);
  }
}

void pending_pool::state::insert(stream_index i, submission_ptr s) {
  ++pending;
  pending_bytes += s->source.body.size();
  auto number = s->content.number.value();
  if (!within_window(streams[i], number)) {
    far[{i, number}].push_back(std::move(s));
    return;
  }
  change(i, [&](pending_stream& to) { to.add(std::move(s), ++arrivals); });
}

/// Keeps a body that is no longer pending for a while: a block in flight may name it again.
void pending_pool::state::retire(submission_ptr s) {
  recent_bytes += s->source.body.size();
  recent.push_back(std::move(s));
  auto most = recent_blocks * std::size_t{limits.max_bytes};
  while (recent_bytes > most && recent.size() > 1) {
    recent_bytes -= recent.front()->source.body.size();
    auto i = bodies.find(recent.front()->digest);
    if (i->second.proposals == 0)
      bodies.erase(i);
    else
      i->second.retired = true;
    recent.pop_front();
  }
}

void pending_pool::state::count_proposal(const digest& d) {
  if (auto i = bodies.find(d); i != bodies.end())
    ++i->second.proposals;
}

void pending_pool::state::count_execution(const digest& d) {
  auto i = bodies.find(d);
  if (i == bodies.end() || i->second.proposals == 0)
    return;
  if (--i->second.proposals == 0 && i->second.retired)
    bodies.erase(i);
}

void pending_pool::state::advance(stream_index i, std::uint64_t next) {
  change(i, [&](pending_stream& to) { to.advance(next, dropped); });
  for (auto& s : dropped) {
    --pending;
    pending_bytes -= s->source.body.size();
    retire(std::move(s));
  }
  dropped.clear();
  if (!far.empty())
    settle_far(i, false);
}

/// Moves bodies that the window has reached into the stream, retires those it has passed and, if so
/// wanted, drops those beyond it.
void pending_pool::state::settle_far(stream_index i, bool drop_beyond_window) {
  auto from = far.lower_bound({i, 0});
  while (from != far.end() && from->first.first == i) {
    auto number = from->first.second;
    bool inside = within_window(streams[i], number);
    bool beyond = !inside && number >= streams[i].next();
    if (beyond && !drop_beyond_window)
      break;
    for (auto& s : from->second) {
      --pending;
      pending_bytes -= s->source.body.size();
      if (inside)
        insert(i, std::move(s));
      else if (beyond)
        bodies.erase(s->digest);
      else
        retire(std::move(s));
    }
    from = far.erase(from);
  }
}

pending_pool::pending_pool(const rules& r) : state_(std::make_unique<state>(r)) {}

pending_pool::~pending_pool() = default;

pending_pool::pending_pool(pending_pool&&) noexcept = default;

expected<void> pending_pool::admissible(const submission_header& header,
                                        std::size_t body_bytes) const {
  auto& st = *state_;
  if (!st.known(header.client, header.stream))
    return fail(errc::unknown_client);
  auto& stream = st.streams[st.index_of(header.client, header.stream)];
  auto number = header.number.value();
  if (number < stream.next())
    return fail(errc::duplicate);
  if (!st.within_window(stream, number))
    return fail(errc::outside_window);
  if (stream.bytes() + body_bytes <= st.window_bytes && !stream.at(number))
    return {};
  auto used = stream.usage_up_to(number);
  if (used.rivals >= max_rivals)
    return fail(errc::busy, "too many bodies under one number");
  // What came out of order may exceed the credit for a while, but not without bound.
  if (used.bytes > 0
      && (used.bytes + body_bytes > st.window_bytes
          || stream.bytes() + body_bytes > 2 * st.window_bytes))
    return fail(errc::busy, "over the credit in bytes");
  return {};
}

bool pending_pool::add(submission_ptr s) {
  auto& st = *state_;
  auto& header = s->content;
  if (!st.known(header.client, header.stream)
      || !st.bodies.try_emplace(s->digest, state::held_body{s}).second)
    return false;
  auto i = st.index_of(header.client, header.stream);
  if (header.number.value() < st.streams[i].next())
    st.retire(std::move(s));
  else
    st.insert(i, std::move(s));
  return true;
}

submission_ptr pending_pool::find(const digest& d) const {
  auto i = state_->bodies.find(d);
  return i == state_->bodies.end() ? nullptr : i->second.body;
}

std::vector<submission_ptr> pending_pool::take_batch() {
  auto& st = *state_;
  std::vector<submission_ptr> batch;
  batch_size size;
  while (!st.queue.empty()) {
    auto i = st.queue.front();
    auto& stream = st.streams[i];
    if (stream.ready() > 0 && !size.add(*stream.at(stream.proposed()), st.limits))
      break;
    st.queue.pop_front();
    stream.queued = false;
    if (stream.ready() > 0)
      st.change(i, [&](pending_stream& from) { batch.push_back(from.propose()); });
  }
  for (auto& s : batch)
    st.count_proposal(s->digest);
  sort_block(batch);
  return batch;
}

void pending_pool::note_proposed(std::span<const submission_ptr> block) {
  auto& st = *state_;
  for (auto& s : block) {
    if (!st.known(s->content.client, s->content.stream))
      continue;
    st.count_proposal(s->digest);
    st.change(st.index_of(s->content.client, s->content.stream),
              [&](pending_stream& to) { to.note_proposed(s->content.number.value()); });
  }
}

pending_pool::waiting pending_pool::look(std::uint64_t now_ns, std::uint64_t overdue_after_ns) {
  waiting out;
  for (auto& stream : state_->streams) {
    const auto& head = stream.at(stream.next());
    if (!head) {
      stream.head = {};
      continue;
    }
    if (stream.head.number != stream.next())
      stream.head = {stream.next(), now_ns};
    auto wait = now_ns - stream.head.since_ns;
    out.oldest_ns = std::max(out.oldest_ns, wait);
    if (wait >= overdue_after_ns && out.overdue.size() < most_overdue)
      out.overdue.push_back(head);
  }
  return out;
}

std::uint32_t pending_pool::ready_requests() const {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(state_->ready, UINT32_MAX));
}

std::size_t pending_pool::held_bytes() const {
  return state_->pending_bytes;
}

std::size_t pending_pool::held() const {
  return state_->pending;
}

void pending_pool::executed(const block_result& result, std::span<const submission_ptr> block) {
  auto& st = *state_;
  BOURSE_ASSERT(result.fates.size() == block.size());
  for (auto& s : block)
    st.count_execution(s->digest);
  for (auto& p : result.positions)
    st.advance(st.index_of(p.client, p.stream), p.next.value());
  for (std::size_t k = 0; k < block.size(); ++k) {
    auto& header = block[k]->content;
    if (result.fates[k] != submission_fate::gap || !st.known(header.client, header.stream))
      continue;
    auto i = st.index_of(header.client, header.stream);
    st.change(i, [](pending_stream& to) { to.forget_proposed(); });
    if (!st.far.empty())
      st.settle_far(i, true);
  }
}

void pending_pool::forget_proposed() {
  auto& st = *state_;
  for (auto& [where, bodies] : st.far)
    for (auto& s : bodies) {
      --st.pending;
      st.pending_bytes -= s->source.body.size();
      st.bodies.erase(s->digest);
    }
  st.far.clear();
  // Before the counts are: what only blocks of this view keep stays for one more.
  st.forget_retired();
  for (auto& [d, held] : st.bodies)
    held.proposals = 0;
  st.queue.clear();
  for (std::uint32_t i = 0; i < st.streams.size(); ++i) {
    st.streams[i].queued = false;
    st.streams[i].head = {}; // a new primary has its own time
    st.change(i, [](pending_stream& to) { to.forget_proposed(); });
  }
  // Who has waited longest has the first turn.
  std::sort(st.queue.begin(), st.queue.end(),
            [&](auto a, auto b) { return st.streams[a].arrival() < st.streams[b].arrival(); });
}

void pending_pool::set_next(client_id client, stream_id stream, submission_number next) {
  auto& st = *state_;
  if (!st.known(client, stream))
    return;
  auto i = st.index_of(client, stream);
  if (next.value() < st.streams[i].next()) {
    // What was executed may be again, so it must be possible to add it again.
    for (auto& s : st.recent)
      st.bodies.erase(s->digest);
    st.forget_retired();
    st.recent.clear();
    st.recent_bytes = 0;
  }
  std::vector<submission_ptr> all;
  st.change(i, [&](pending_stream& to) { to.reset(next.value(), all); });
  for (auto& s : all) {
    --st.pending;
    st.pending_bytes -= s->source.body.size();
    if (s->content.number >= next)
      st.insert(i, std::move(s));
    else
      st.retire(std::move(s));
  }
  st.settle_far(i, false);
}

} // namespace bourse::market
