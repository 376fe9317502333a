#include "actors/client_session.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

/// One submit message carries so much at most, well below what a gateway takes.
constexpr std::size_t submit_bytes = client_limits{}.max_message_bytes / 2;
constexpr std::size_t submit_count = client_limits{}.max_submissions;

std::uint32_t or_default(std::uint32_t value, std::uint32_t otherwise) {
  return value != 0 ? value : otherwise;
}

std::uint32_t three_quarters(std::uint32_t n) {
  return std::max(1U, n - n / 4);
}

std::shared_ptr<const stream_rules> rules_of(cluster_size size, const market::rules& market,
                                             client_id self, std::shared_ptr<const key_pair> key,
                                             const client_tuning& tuning) {
  auto r = std::make_shared<stream_rules>();
  r->size = size;
  r->cluster = market.cluster;
  r->client = self;
  r->key = std::move(key);
  r->limits = market.submissions;
  r->window = std::min(or_default(tuning.window, three_quarters(market.stream_window)),
                       std::max(1U, market.stream_window));
  r->window_bytes = three_quarters(market.stream_window_bytes);
  r->max_coalesced = std::min(or_default(tuning.max_coalesced, market.submissions.max_requests),
                              market.submissions.max_requests);
  r->max_waiting = std::max(tuning.max_waiting, r->max_coalesced);
  r->resend_ms = tuning.resend_ms;
  r->resend_at_most_ms = tuning.resend_at_most_ms;
  return r;
}

submission_number next_of(const std::vector<submission_number>& next, std::size_t stream) {
  return stream < next.size() ? next[stream] : submission_number{};
}

} // namespace

void weak_watermark::raise(replica_id r, std::uint64_t value) {
  auto& mine = values_[r.value()];
  mine = std::max(mine, value);
}

std::uint64_t weak_watermark::value() const {
  auto sorted = values_;
  auto at = sorted.begin() + size_.f();
  std::nth_element(sorted.begin(), at, sorted.end(), std::greater<>{});
  return *at;
}

client_session::client_session(cluster_size size, const market::rules& market, client_id self,
                               std::shared_ptr<const key_pair> key, const client_tuning& tuning,
                               std::optional<report_number> reports_from)
    : size_(size),
      rules_(rules_of(size, market, self, std::move(key), tuning)),
      tuning_(tuning),
      reports_from_(reports_from),
      next_(max_streams, weak_watermark{size}),
      reports_(size, self, report_quorum::limits{}),
      gone_(size),
      welcomes_(size.n),
      resume_wait_ms_(tuning.resume_ms) {
  for (std::size_t s = 0; s < max_streams; ++s)
    streams_.emplace_back(stream_id{static_cast<std::uint8_t>(s)}, rules_);
}

// -- from the program ----------------------------------------------------------------------------

placement_id client_session::add_placement(std::size_t parts) {
  auto id = ++last_placement_;
  placements_[id] = {parts, std::make_shared<placed>()};
  return id;
}

void client_session::reject(placement_id id, error why) {
  auto found = placements_.find(id);
  found->second.result->problem = std::move(why);
  finished_.push_back({id, std::move(found->second.result)});
  placements_.erase(found);
}

/// Finds out now what every replica would find out later, when a number is used up already.
expected<void> client_session::check(stream_id stream, const std::vector<request>& requests) const {
  if (stream.value() >= max_streams)
    return fail(errc::malformed, "streams are 0 to " + std::to_string(max_streams - 1));
  if (requests.empty())
    return fail(errc::malformed, "no requests");
  submission s;
  s.client = rules_->client;
  s.stream = stream;
  s.number = submission_number{1};
  s.requests = requests;
  submission_limits unlimited;
  unlimited.max_requests = std::numeric_limits<std::uint32_t>::max();
  unlimited.max_bytes = std::numeric_limits<std::uint32_t>::max();
  auto decoded = decode_submission(encode(s), unlimited);
  if (!decoded)
    return tl::unexpected{decoded.error()};
  return {};
}

placement_id client_session::place(stream_id stream, std::vector<request> requests,
                                   local_time_ms now) {
  auto id = add_placement(requests.size());
  auto ok = check(stream, requests);
  if (ok)
    ok = streams_[stream.value()].enqueue(id, std::move(requests));
  if (ok)
    flush(now);
  else
    reject(id, ok.error());
  return id;
}

placement_id client_session::place(stream_id stream, presigned_ptr submissions, local_time_ms now) {
  auto id = add_placement(submissions ? submissions->size() : 0);
  expected<void> ok;
  if (stream.value() >= max_streams || !submissions || submissions->empty())
    ok = fail(errc::malformed, "no submissions, or no such stream");
  if (ok)
    ok = streams_[stream.value()].enqueue(id, std::move(submissions));
  if (ok)
    flush(now);
  else
    reject(id, ok.error());
  return id;
}

// -- from the links ------------------------------------------------------------------------------

void client_session::linked(replica_id r) {
  if (ready())
    send_resume(r);
}

void client_session::receive(replica_id from, const welcome& m, local_time_ms now) {
  if (m.replica != from || m.next.size() > max_streams || m.next_report.value() == 0) {
    ++counts_.ignored;
    return;
  }
  welcomes_[from.value()] = m;
  for (std::size_t s = 0; s < max_streams; ++s)
    next_[s].raise(from, std::max<std::uint64_t>(1, next_of(m.next, s).value()));
  if (!ready()) {
    try_start(now);
    return;
  }
  confirm(now);
  settle_by_welcomes();
  settle();
  // It may have missed what was sent while the link was down.
  std::vector<signed_submission> missed;
  for (std::size_t s = 0; s < max_streams; ++s)
    streams_[s].resend_from(next_of(m.next, s), missed);
  counts_.resent += missed.size();
  send(from, missed);
  flush(now);
}

void client_session::try_start(local_time_ms now) {
  auto count = static_cast<std::size_t>(
      std::count_if(welcomes_.begin(), welcomes_.end(), [](auto& w) { return w.has_value(); }));
  if (count < size_.weak_quorum())
    return;
  if (!start_at_)
    start_at_ = local_time_ms{now.value() + tuning_.start_wait_ms};
  if (count < size_.quorum() && now < *start_at_)
    return;
  weak_watermark next_report{size_};
  for (std::size_t r = 0; r < welcomes_.size(); ++r)
    if (welcomes_[r])
      next_report.raise(replica_id{static_cast<std::uint16_t>(r)},
                        welcomes_[r]->next_report.value());
  // Never later than what is coming: what executed is told by its reports alone.
  auto from = next_report.value();
  if (reports_from_)
    from = std::min(from, std::max<std::uint64_t>(1, reports_from_->value()));
  reports_.start(report_number{from});
  for (std::size_t s = 0; s < max_streams; ++s)
    streams_[s].start(submission_number{next_[s].value()});
  send_resume(std::nullopt);
  resume_at_ = local_time_ms{now.value() + tuning_.idle_resume_ms};
  flush(now);
}

void client_session::receive(replica_id from, results m, local_time_ms now) {
  if (m.next.size() > max_streams) {
    ++counts_.ignored;
    return;
  }
  for (std::size_t s = 0; s < m.next.size(); ++s)
    next_[s].raise(from, m.next[s].value());
  if (!ready())
    return;
  reports_.add(from, m.what, std::move(m.reports), m.more);
  deliver(now);
  confirm(now);
  settle();
  flush(now);
}

void client_session::receive(replica_id from, const refused& m, local_time_ms now) {
  ++counts_.refusals;
  if (m.stream.value() >= max_streams) {
    ++counts_.ignored;
    return;
  }
  if (m.why.code == errc::duplicate
      && m.number.value() < std::numeric_limits<std::uint64_t>::max()) {
    next_[m.stream.value()].raise(from, m.number.value() + 1); // it has executed that number
    confirm(now);
  }
  streams_[m.stream.value()].refused(from, m.number, m.why, now);
  settle();
  flush(now);
}

void client_session::receive(replica_id from, const gone& m, local_time_ms) {
  gone_.raise(from, m.first.value());
}

// -- inside --------------------------------------------------------------------------------------

void client_session::deliver(local_time_ms now) {
  auto ready = reports_.take_ready();
  for (auto& batch : ready) {
    for (auto& r : batch->reports)
      if (r.submission.value() != 0)
        streams_[r.stream.value()].reported(r);
    if (!batch->more)
      for (auto& s : streams_)
        s.end_block(batch->what.sequence, now);
    batches_.push_back(std::move(batch));
  }
  if (!ready.empty()) {
    resume_wait_ms_ = tuning_.resume_ms;
    resume_at_.reset(); // check_reports sets it anew
    settle_by_welcomes();
  }
}

/// A replica that welcomes us with a next number N and a next report P says that the reports of all
/// numbers below N are below P. If f+1 say so and we have seen all reports below P, then a
/// submission below N without reports was not what executed under its number.
void client_session::settle_by_welcomes() {
  for (std::size_t s = 0; s < max_streams; ++s) {
    if (!streams_[s].lacks_reports())
      continue;
    weak_watermark told{size_};
    for (std::size_t r = 0; r < welcomes_.size(); ++r)
      if (welcomes_[r] && welcomes_[r]->next_report <= reports_.wanted())
        told.raise(replica_id{static_cast<std::uint16_t>(r)},
                   next_of(welcomes_[r]->next, s).value());
    streams_[s].settle_below(submission_number{told.value()});
  }
}

void client_session::confirm(local_time_ms now) {
  for (std::size_t s = 0; s < max_streams; ++s)
    streams_[s].confirm(submission_number{next_[s].value()}, now);
}

void client_session::settle() {
  for (auto& stream : streams_)
    for (auto& s : stream.take_settled()) {
      auto found = placements_.find(s.part.placement);
      BOURSE_ASSERT(found != placements_.end() && found->second.left >= s.part.count);
      auto& p = found->second;
      p.left -= s.part.count;
      p.result->number = s.number;
      p.result->block = std::max(p.result->block, s.block);
      if (s.problem && !p.result->problem)
        p.result->problem = std::move(s.problem);
      p.result->reports.insert(p.result->reports.end(), s.reports.begin(), s.reports.end());
      p.result->about.insert(p.result->about.end(), s.about.begin(), s.about.end());
      if (p.left == 0) {
        finished_.push_back({found->first, std::move(p.result)});
        placements_.erase(found);
      }
    }
}

void client_session::flush(local_time_ms now) {
  std::vector<signed_submission> out;
  for (auto& s : streams_)
    s.flush(now, out);
  counts_.submissions += out.size();
  send(std::nullopt, out);
  settle(); // what could not be sent at all
}

/// Encoded once, however many replicas it goes to.
void client_session::send(std::optional<replica_id> to,
                          const std::vector<signed_submission>& submissions) {
  submit m;
  std::size_t size = 0;
  auto pack = [&] {
    if (m.submissions.empty())
      return;
    outgoing_.push_back({to, std::make_shared<const bytes>(encode(client_message{std::move(m)}))});
    m = {};
    size = 0;
  };
  for (auto& s : submissions) {
    if (size + s.body.size() > submit_bytes || m.submissions.size() == submit_count)
      pack();
    size += s.body.size();
    m.submissions.push_back(s);
  }
  pack();
}

void client_session::send_resume(std::optional<replica_id> to) {
  ++counts_.resumes;
  outgoing_.push_back(
      {to, std::make_shared<const bytes>(encode(client_message{resume{reports_.wanted()}}))});
}

bool client_session::lacks_reports() const {
  return reports_.waiting() || gone_.value() > reports_.wanted().value()
         || std::any_of(streams_.begin(), streams_.end(),
                        [](const client_stream& s) { return s.lacks_reports(); });
}

/// f+1 replicas say that what comes next is gone, and the others did not give it in time.
void client_session::pass_over_gone(local_time_ms now) {
  if (gone_.value() <= reports_.wanted().value())
    return;
  for (auto& s : streams_)
    s.doubt();
  reports_.pass_over(report_number{gone_.value()});
  deliver(now);
  settle_by_welcomes();
  settle();
}

/// Links drop what a slow side does not read. Whoever lacks something asks all again, from the
/// first that it lacks.
void client_session::check_reports(local_time_ms now) {
  bool lacking = lacks_reports();
  if (!resume_at_ || lacking != lacking_) {
    lacking_ = lacking;
    resume_at_ = local_time_ms{now.value() + (lacking ? resume_wait_ms_ : tuning_.idle_resume_ms)};
  } else if (now >= *resume_at_) {
    pass_over_gone(now);
    send_resume(std::nullopt);
    resume_wait_ms_ = std::min(resume_wait_ms_ * 2, tuning_.resume_at_most_ms);
    resume_at_.reset();
  }
}

void client_session::tick(local_time_ms now) {
  if (!ready()) {
    try_start(now);
    return;
  }
  std::vector<signed_submission> again;
  for (auto& s : streams_)
    s.resend_due(now, again);
  counts_.resent += again.size();
  send(std::nullopt, again);
  check_reports(now);
  flush(now);
}

// -- taken out and read --------------------------------------------------------------------------

std::vector<client_outgoing> client_session::take_outgoing() {
  return std::exchange(outgoing_, {});
}

std::vector<report_batch_ptr> client_session::take_batches() {
  return std::exchange(batches_, {});
}

std::vector<client_session::finished> client_session::take_finished() {
  return std::exchange(finished_, {});
}

stream_positions client_session::position() const {
  stream_positions p;
  for (auto& s : streams_)
    p.next.push_back(s.next());
  p.next_report = reports_.wanted();
  return p;
}

std::size_t client_session::in_flight() const {
  std::size_t n = 0;
  for (auto& s : streams_)
    n += s.in_flight();
  return n;
}

std::size_t client_session::waiting() const {
  std::size_t n = 0;
  for (auto& s : streams_)
    n += s.waiting();
  return n;
}

} // namespace bourse::actors
