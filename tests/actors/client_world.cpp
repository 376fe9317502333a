#include "tests/actors/client_world.hpp"

#include <algorithm>

#include "messages/crypto.hpp"

namespace bourse::test {

namespace {

constexpr auto npos = static_cast<std::size_t>(-1);
constexpr client_id self{1};

std::array<std::uint8_t, 32> seed_of(std::uint8_t n) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = n;
  return seed;
}

} // namespace

client_world::client_world(const world_options& o)
    : random(o.seed), options(o), done_(o.replicas, 0), next_(max_streams, submission_number{1}) {
  rules.cluster = hash("a cluster");
  rules.stream_window = o.window;
  key = std::make_shared<const key_pair>(key_pair::from_seed(seed_of(7)));
}

lie client_world::lie_of(std::uint16_t replica) const {
  return replica < options.lies.size() ? options.lies[replica] : lie::none;
}

std::size_t client_world::index_of(const client_run& run) const {
  for (std::size_t i = 0; i < runs_.size(); ++i)
    if (runs_[i].get() == &run)
      return i;
  return npos;
}

// -- programs ------------------------------------------------------------------------------------

client_run& client_world::start(std::optional<report_number> reports_from) {
  auto& run = *runs_.emplace_back(std::make_unique<client_run>());
  run.session = std::make_unique<client_session>(cluster_size{options.replicas}, rules, self, key,
                                                 options.tuning, reports_from);
  run.linked.assign(options.replicas, false);
  run.cursor.assign(options.replicas, npos);
  for (std::uint16_t r = 0; r < options.replicas; ++r)
    connect(run, r);
  return run;
}

void client_world::kill(client_run& run) {
  run.alive = false;
  std::erase_if(network_, [&](auto& entry) {
    return entry.second.to_client && entry.second.run == index_of(run);
  });
}

placement_id client_world::place(client_run& run, std::uint8_t stream,
                                 std::vector<request> requests) {
  auto id = run.session->place(stream_id{stream}, std::move(requests), now);
  drain(index_of(run));
  return id;
}

placement_id client_world::place(client_run& run, std::uint8_t stream, presigned_ptr submissions) {
  auto id = run.session->place(stream_id{stream}, std::move(submissions), now);
  drain(index_of(run));
  return id;
}

request client_world::order() {
  messages::place p;
  p.client_order = client_order_id{++last_order_};
  p.price = price{100};
  p.quantity = quantity{1};
  return p;
}

signed_submission client_world::presign(std::uint8_t stream, std::uint64_t number,
                                        std::vector<request> content) {
  return sign({self, stream_id{stream}, submission_number{number}, std::move(content)}, *key,
              rules.cluster);
}

void client_world::cut(client_run& run, std::uint16_t replica) {
  if (!run.linked[replica])
    return;
  run.linked[replica] = false;
  run.cursor[replica] = npos;
  drain(index_of(run));
}

void client_world::connect(client_run& run, std::uint16_t replica) {
  if (run.linked[replica])
    return;
  run.linked[replica] = true;
  run.session->linked(replica_id{replica});
  tell(index_of(run), replica, welcome_of(replica));
  drain(index_of(run));
}

// -- time ----------------------------------------------------------------------------------------

void client_world::step() {
  now = local_time_ms{now.value() + 1};
  while (!network_.empty() && network_.begin()->first <= now.value()) {
    auto p = std::move(network_.begin()->second);
    network_.erase(network_.begin());
    arrive(p);
  }
  if (executing && (random.below(3) == 0))
    make_block();
  for (std::uint16_t r = 0; r < options.replicas; ++r) {
    auto behind = blocks_.size() - done_[r];
    if (behind > 0 && (behind > options.lag_at_most_blocks || (random.below(2) == 0)))
      ++done_[r];
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      auto& cursor = runs_[i]->cursor[r];
      while (cursor != npos && cursor < done_[r])
        for (auto& part : results_of(r, cursor++))
          tell(i, r, std::move(part));
      if (lie_of(r) != lie::none && (random.below(5) == 0))
        lie_now(i, r);
    }
  }
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    auto& run = *runs_[i];
    if (!run.alive)
      continue;
    if (options.break_one_in > 0 && (random.below(options.break_one_in) == 0))
      cut(run, static_cast<std::uint16_t>(random.below(options.replicas)));
    for (std::uint16_t r = 0; r < options.replicas; ++r)
      if (!run.linked[r] && options.break_one_in > 0 && (random.below(50) == 0))
        connect(run, r);
    if (now.value() % 10 == 0) {
      run.session->tick(now);
      drain(i);
    }
  }
}

void client_world::run(std::uint32_t ms) {
  for (std::uint32_t i = 0; i < ms; ++i)
    step();
}

bool client_world::until_finished(client_run& run, placement_id id) {
  return until([&] { return run.finished.contains(id); });
}

// -- the network ---------------------------------------------------------------------------------

void client_world::drain(std::size_t i) {
  auto& run = *runs_[i];
  for (auto& out : run.session->take_outgoing())
    for (std::uint16_t r = 0; r < options.replicas; ++r)
      if (run.linked[r] && (!out.to || out.to->value() == r))
        post({i, r, false, false, *out.message});
  for (auto& batch : run.session->take_batches())
    run.reports.insert(run.reports.end(), batch->reports.begin(), batch->reports.end());
  for (auto& f : run.session->take_finished())
    run.twice += !run.finished.emplace(f.placement, f.result).second;
}

void client_world::post(packet p) {
  // A link is empty when the welcome enters it, so that is never dropped.
  if (!p.welcome && random.below(100) < options.loss_percent)
    return;
  if (random.below(100) < options.repeat_percent)
    network_.emplace(now.value() + 1 + random.below(options.delay_at_most_ms * 3), p);
  network_.emplace(now.value() + 1 + random.below(options.delay_at_most_ms), std::move(p));
}

void client_world::tell(std::size_t run, std::uint16_t replica, gateway_message m) {
  if (runs_[run]->alive && runs_[run]->linked[replica] && lie_of(replica) != lie::silent)
    post({run, replica, true, std::holds_alternative<welcome>(m), encode(m)});
}

void client_world::arrive(packet& p) {
  auto& run = *runs_[p.run];
  if (!p.to_client) {
    if (auto m = decode_client_message(p.message, {}))
      serve(p.run, p.replica, std::move(*m));
    return;
  }
  if (!run.alive || !run.linked[p.replica])
    return;
  auto m = decode_gateway_message(p.message);
  replica_id from{p.replica};
  if (!m)
    return;
  if (auto* w = std::get_if<welcome>(&*m))
    run.session->receive(from, *w, now);
  else if (auto* r = std::get_if<results>(&*m))
    run.session->receive(from, std::move(*r), now);
  else if (auto* x = std::get_if<refused>(&*m))
    run.session->receive(from, *x, now);
  else if (auto* g = std::get_if<gone>(&*m))
    run.session->receive(from, *g, now);
  drain(p.run);
}

// -- replicas ------------------------------------------------------------------------------------

welcome client_world::welcome_of(std::uint16_t replica) const {
  welcome w;
  w.replica = replica_id{replica};
  w.next.assign(max_streams, submission_number{1});
  w.next_report = report_number{1};
  auto done = done_[replica];
  if (lie_of(replica) == lie::belittles)
    return w;
  if (done > 0) {
    w.executed = blocks_[done - 1].what.sequence;
    w.next = blocks_[done - 1].next;
    w.next_report = blocks_[done - 1].next_report;
  }
  if (lie_of(replica) == lie::exaggerates) {
    w.next.assign(max_streams, submission_number{1'000'000});
    w.next_report = report_number{1'000'000};
  }
  return w;
}

std::vector<results> client_world::results_of(std::uint16_t replica, std::size_t i) {
  auto& b = blocks_[i];
  auto parts = in_parts({b.what, {replica_id{replica}, {}}, b.reports, b.next}, options.part_bytes);
  for (auto& part : parts) {
    if (lie_of(replica) == lie::wrong_bytes && !part.reports.encoded.empty())
      part.reports.encoded[random.below(part.reports.encoded.size())] ^= 1;
    if (lie_of(replica) == lie::exaggerates)
      part.next.assign(max_streams, submission_number{1'000'000});
    if (lie_of(replica) == lie::belittles)
      part.next.clear();
  }
  return parts;
}

void client_world::lie_now(std::size_t run, std::uint16_t replica) {
  if (lie_of(replica) == lie::wrong_blocks) {
    report r;
    r.number = report_number{1 + random.below(reports_.size() + 10)};
    r.client = self;
    r.stream = stream_id{static_cast<std::uint8_t>(random.below(3))};
    r.submission = submission_number{1 + random.below(20)};
    results out;
    out.what.sequence = sequence_number{1 + random.below(blocks_.size() + 5)};
    out.reports = {self, r.number, 1, {}};
    append_report(out.reports.encoded, r);
    out.next.assign(max_streams, submission_number{random.below(30)});
    tell(run, replica, std::move(out));
  } else if (lie_of(replica) == lie::refuses) {
    stream_id stream{static_cast<std::uint8_t>(random.below(3))};
    submission_number number{1 + random.below(executed_.size() + 5)};
    tell(run, replica, refused{stream, number, {errc::bad_signature, {}}});
    tell(run, replica, refused{stream, number, {errc::busy, {}}});
  }
}

void client_world::serve(std::size_t run, std::uint16_t replica, client_message m) {
  if (auto* s = std::get_if<submit>(&m)) {
    for (auto& one : s->submissions)
      admit(run, replica, one);
  } else if (auto* r = std::get_if<resume>(&m)) {
    // From the block that holds the report, as replicas store them.
    std::size_t i = 0;
    while (i < blocks_.size() && blocks_[i].next_report <= r->from)
      ++i;
    i = std::min(i, done_[replica]);
    if (replica < options.gone_blocks.size() && i < options.gone_blocks[replica]) {
      i = options.gone_blocks[replica];
      tell(run, replica, gone{blocks_[i - 1].next_report});
    }
    runs_[run]->cursor[replica] = i;
  }
}

void client_world::admit(std::size_t run, std::uint16_t replica, const signed_submission& s) {
  if (lie_of(replica) != lie::none)
    return;
  auto content = decode_submission(s.body, rules.submissions);
  if (!content)
    return tell(run, replica, refused{stream_id{}, submission_number{1}, content.error()});
  auto reply = [&](errc why) {
    tell(run, replica, refused{content->stream, content->number, {why, {}}});
  };
  if (!verify(key->identity(), purpose::submission, rules.cluster, s.body, s.signature))
    return reply(errc::bad_signature);
  auto next = welcome_of(replica).next[content->stream.value()];
  if (content->number < next)
    return reply(errc::duplicate);
  if (content->number.value() >= next.value() + rules.stream_window)
    return reply(errc::outside_window);
  if (random.below(100) < options.busy_percent)
    return reply(errc::busy);
  auto& held = bodies_[{content->stream.value(), content->number.value()}];
  if (std::find(held.begin(), held.end(), s.body) == held.end())
    held.push_back(s.body);
}

// -- execution -----------------------------------------------------------------------------------

void client_world::execute(const submission& s, std::vector<report>& out) {
  for (std::size_t i = 0; i < s.requests.size(); ++i) {
    report r;
    r.client = self;
    r.stream = s.stream;
    r.submission = s.number;
    r.index = static_cast<std::uint16_t>(i);
    r.kind = report_kind::done;
    if (auto* p = std::get_if<messages::place>(&s.requests[i])) {
      r.kind = report_kind::accepted;
      r.client_order = p->client_order;
    } else if (auto* c = std::get_if<cancel>(&s.requests[i])) {
      r.kind = report_kind::rejected;
      r.client_order = c->client_order;
    }
    out.push_back(r);
    if (r.kind == report_kind::accepted && (random.below(3) == 0)) {
      r.kind = report_kind::fill;
      out.push_back(r);
      r.submission = {}; // and of a resting one on the other side
      r.stream = {};
      r.index = 0;
      r.client_order = client_order_id{999'999'999};
      out.push_back(r);
    }
  }
}

void client_world::make_block() {
  block b;
  b.what.sequence = sequence_number{blocks_.size() + 1};
  std::vector<report> reports;
  for (std::uint8_t stream = 0; stream < max_streams; ++stream)
    for (auto most = 1 + random.below(4); most > 0; --most) {
      auto found = bodies_.find({stream, next_[stream].value()});
      if (found == bodies_.end())
        break;
      // If there are several, any of them may be the one.
      auto s = *decode_submission(found->second[random.below(found->second.size())],
                                  rules.submissions);
      execute(s, reports);
      executed_.push_back({std::move(s), b.what.sequence});
      next_[stream] = next_[stream].next();
    }
  if (reports.empty())
    return;
  b.reports.client = self;
  b.reports.first = report_number{reports_.size() + 1};
  b.reports.count = static_cast<std::uint32_t>(reports.size());
  for (auto& r : reports) {
    r.number = report_number{reports_.size() + 1};
    append_report(b.reports.encoded, r);
    reports_.push_back(r);
  }
  b.what.results = hash(b.reports.encoded);
  b.next = next_;
  b.next_report = report_number{reports_.size() + 1};
  blocks_.push_back(std::move(b));
}

// -- the truth -----------------------------------------------------------------------------------

std::size_t client_world::times_executed(client_order_id name) const {
  std::size_t n = 0;
  for (auto& e : executed_)
    for (auto& r : e.content.requests)
      if (auto* p = std::get_if<messages::place>(&r))
        n += p->client_order == name;
  return n;
}

std::string client_world::violation(const client_run& run) const {
  if (run.twice > 0)
    return "a placement finished twice";
  for (std::size_t i = 0; i < run.reports.size(); ++i) {
    auto number = run.reports[i].number.value();
    if (i > 0 && number != run.reports[i - 1].number.value() + 1)
      return "a gap before report " + std::to_string(number);
    if (number > reports_.size() || !(reports_[number - 1] == run.reports[i]))
      return "report " + std::to_string(number) + " is not true";
  }
  for (auto& [id, result] : run.finished)
    for (auto& r : result->reports)
      if (!(reports_[r.number.value() - 1] == r))
        return "placement " + std::to_string(id) + " has a report that is not true";
  return {};
}

} // namespace bourse::test
