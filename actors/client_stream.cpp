#include "actors/client_stream.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

/// Most submissions that one timeout sends again, lowest numbers first: nothing else of the stream
/// can execute before them.
constexpr std::size_t resend_at_once = 8;
/// The pause after `busy` doubles up to this.
constexpr std::uint32_t busy_at_most_ms = 1000;
/// Executed submissions whose reports are missing count against this many windows, so that lost
/// reports stop the stream before they fill the memory.
constexpr std::size_t windows_kept = 4;

local_time_ms after(local_time_ms now, std::uint32_t ms) {
  return local_time_ms{now.value() + ms};
}

/// True if no replica will ever take these bytes, however often they come.
bool is_final(errc why) {
  switch (why) {
    case errc::malformed:
    case errc::too_large:
    case errc::unsupported_version:
    case errc::bad_signature:
    case errc::wrong_cluster:
    case errc::unknown_client:
    case errc::not_authorised:
      return true;
    default:
      return false;
  }
}

bool is_for_now(errc why) {
  return why == errc::busy || why == errc::outside_window || why == errc::shutting_down;
}

bool add_once(std::vector<replica_id>& list, replica_id r) {
  if (std::find(list.begin(), list.end(), r) != list.end())
    return false;
  list.push_back(r);
  return true;
}

/// The client order ids that a report on this request may name; {0, 0} if any.
std::pair<client_order_id, client_order_id> order_names(const request& r) {
  if (auto* p = std::get_if<place>(&r))
    return {p->client_order, p->client_order};
  if (auto* c = std::get_if<cancel>(&r))
    return {c->client_order, c->client_order};
  if (auto* x = std::get_if<replace>(&r))
    return {x->client_order, x->new_client_order};
  return {};
}

/// Whether `reports`, of one submission, can be about these requests. Another submission of the
/// same client may have taken the number: one of an earlier run that was still on its way, or one
/// of a second process. Reports name no submission but by number; the client order ids tell.
bool about(const std::vector<report>& reports, const std::vector<request>& requests) {
  std::vector<bool> answered(requests.size(), false);
  for (auto& r : reports) {
    if (r.index >= requests.size())
      return false;
    auto [name, other] = order_names(requests[r.index]);
    if (name.value() == 0 || r.client_order.value() == 0 || r.client_order == name
        || r.client_order == other)
      answered[r.index] = true;
  }
  return std::find(answered.begin(), answered.end(), false) == answered.end();
}

} // namespace

signed_submission sign(const submission& s, const key_pair& key, const digest& cluster) {
  signed_submission out;
  out.body = encode(s);
  out.signature = key.sign(purpose::submission, cluster, out.body);
  return out;
}

client_stream::client_stream(stream_id id, std::shared_ptr<const stream_rules> rules)
    : id_(id),
      rules_(std::move(rules)),
      resend_wait_ms_(rules_->resend_ms),
      busy_wait_ms_(rules_->busy_ms) {}

void client_stream::start(submission_number next) {
  BOURSE_ASSERT(next_.value() == 0 && next.value() > 0);
  next_ = confirmed_ = next;
}

// -- what waits ----------------------------------------------------------------------------------

expected<void> client_stream::enqueue(placement_id placement, std::vector<request> requests) {
  BOURSE_ASSERT(!requests.empty());
  if (requests.size() > rules_->max_waiting)
    return fail(errc::too_large, std::to_string(requests.size()) + " requests at once; at most "
                                     + std::to_string(rules_->max_waiting) + " may wait");
  if (waiting_requests_ + requests.size() > rules_->max_waiting)
    return fail(errc::busy,
                "stream " + std::to_string(id_.value()) + " is past its credit: wait for results");
  waiting_requests_ += requests.size();
  waiting_.push_back({placement, std::move(requests), nullptr});
  return {};
}

expected<void> client_stream::enqueue(placement_id placement, presigned_ptr submissions) {
  BOURSE_ASSERT(submissions && !submissions->empty());
  if (waiting_presigned_ >= rules_->max_waiting)
    return fail(errc::busy, "too many lists of signed submissions wait");
  ++waiting_presigned_;
  waiting_.push_back({placement, {}, std::move(submissions)});
  return {};
}

bool client_stream::may_send() const {
  if (next_.value() == 0 || flights_.size() >= windows_kept * rules_->window)
    return false;
  return in_flight() == 0 || (in_flight() < rules_->window && flight_bytes_ < rules_->window_bytes);
}

void client_stream::flush(local_time_ms now, std::vector<signed_submission>& out) {
  out.insert(out.end(), std::make_move_iterator(fillers_.begin()),
             std::make_move_iterator(fillers_.end()));
  fillers_.clear();
  while (!waiting_.empty() && may_send()) {
    if (waiting_.front().presigned) {
      send_presigned(now, out);
    } else {
      bool full = waiting_requests_ >= rules_->max_coalesced || waiting_presigned_ > 0;
      if (in_flight() > 0 && !full)
        break; // they will share a signature when the one in flight is done
      send_requests(now, out);
    }
  }
}

submission client_stream::make_submission(submission_number number,
                                          std::vector<request> requests) const {
  submission s;
  s.client = rules_->client;
  s.stream = id_;
  s.number = number;
  s.requests = std::move(requests);
  return s;
}

/// Copies up to `count` requests from the front of what waits. Placements that fit stay whole, so
/// that one number decides about each.
void client_stream::peek(std::size_t count, flight& f) const {
  f.requests.clear();
  f.parts.clear();
  for (auto& item : waiting_) {
    if (item.presigned || f.requests.size() == count)
      break;
    auto left = item.requests.size() - item.used;
    auto n = std::min(left, count - f.requests.size());
    if (n < left && !f.requests.empty() && left <= count)
      break;
    auto first = item.requests.begin() + static_cast<std::ptrdiff_t>(item.used);
    f.requests.insert(f.requests.end(), first, first + static_cast<std::ptrdiff_t>(n));
    f.parts.push_back(
        {item.placement, static_cast<std::uint32_t>(item.used), static_cast<std::uint32_t>(n)});
  }
}

void client_stream::take(std::size_t count) {
  waiting_requests_ -= count;
  while (count > 0) {
    auto& item = waiting_.front();
    auto n = std::min(item.requests.size() - item.used, count);
    item.used += n;
    count -= n;
    if (item.used == item.requests.size())
      waiting_.pop_front();
  }
}

void client_stream::send_requests(local_time_ms now, std::vector<signed_submission>& out) {
  flight f;
  submission s;
  for (auto count = std::size_t{rules_->max_coalesced};; count = f.requests.size() / 2) {
    peek(count, f);
    s = make_submission(next_, std::move(f.requests));
    f.source.body = encode(s);
    f.requests = std::move(s.requests);
    if (f.source.body.size() <= rules_->limits.max_bytes || f.requests.size() == 1)
      break;
  }
  take(f.requests.size());
  if (f.source.body.size() > rules_->limits.max_bytes) {
    settle(f, {}, error{errc::too_large, "one request is longer than a submission may be"});
    return;
  }
  f.source.signature = rules_->key->sign(purpose::submission, rules_->cluster, f.source.body);
  launch(std::move(f), now, out);
}

void client_stream::send_presigned(local_time_ms now, std::vector<signed_submission>& out) {
  auto& item = waiting_.front();
  flight f;
  f.source = (*item.presigned)[item.used];
  auto header = decode_submission_header(f.source.body);
  bool fits = header && header->client == rules_->client && header->stream == id_
              && header->number == next_;
  auto left = item.presigned->size() - item.used;
  f.parts.push_back({item.placement, static_cast<std::uint32_t>(item.used),
                     static_cast<std::uint32_t>(fits ? 1 : left)});
  if (!fits) {
    auto detail = "signed submission " + std::to_string(item.used) + " is not number "
                  + std::to_string(next_.value()) + " of stream " + std::to_string(id_.value());
    settle(f, {}, error{errc::outside_window, detail});
  }
  if (!fits || ++item.used == item.presigned->size()) {
    waiting_.pop_front();
    --waiting_presigned_;
  }
  if (fits)
    launch(std::move(f), now, out);
}

// -- what is in flight ---------------------------------------------------------------------------

void client_stream::launch(flight f, local_time_ms now, std::vector<signed_submission>& out) {
  if (in_flight() == 0)
    resend_at_ = after(now, resend_wait_ms_);
  f.number = next_;
  next_ = next_.next();
  flight_bytes_ += f.source.body.size();
  out.push_back(f.source);
  flights_.push_back(std::move(f));
}

client_stream::flight* client_stream::find(submission_number number) {
  auto at = std::lower_bound(flights_.begin(), flights_.end(), number,
                             [](const flight& f, submission_number n) { return f.number < n; });
  return at != flights_.end() && at->number == number ? &*at : nullptr;
}

void client_stream::confirm(submission_number next, local_time_ms now) {
  if (next <= confirmed_ || next_.value() == 0)
    return;
  for (auto& f : flights_)
    if (f.number >= confirmed_ && f.number < next)
      flight_bytes_ -= f.source.body.size();
  confirmed_ = next;
  next_ = std::max(next_, next); // beyond ours: another process uses the stream too
  resend_wait_ms_ = rules_->resend_ms;
  busy_wait_ms_ = rules_->busy_ms;
  resend_at_ = after(now, resend_wait_ms_);
}

void client_stream::reported(const report& r) {
  auto* f = find(r.submission);
  if (!f || f->settled)
    return;
  f->reported = true;
  f->reports.push_back(r);
}

void client_stream::end_block(sequence_number block, local_time_ms now) {
  auto last = std::find_if(flights_.rbegin(), flights_.rend(),
                           [](const flight& f) { return f.reported && !f.settled; });
  if (last == flights_.rend())
    return;
  auto end = last->number.next();
  for (auto& f : flights_) {
    if (f.number >= end)
      break;
    if (f.settled)
      continue;
    // Numbers execute in order and reports come in order: a lower one without reports had its
    // reports before this client began to listen, so it was not this one that executed.
    bool ours = f.reported && (f.requests.empty() || about(f.reports, f.requests));
    settle(f, block, ours ? std::nullopt : std::optional{lost(f)});
  }
  pop_settled();
  confirm(end, now);
}

void client_stream::settle_below(submission_number next) {
  for (auto& f : flights_)
    if (f.number < next && !f.settled)
      settle(f, {}, lost(f));
  pop_settled();
}

void client_stream::doubt() {
  for (auto& f : flights_)
    f.doubtful = true;
}

error client_stream::lost(const flight& f) const {
  auto number = std::to_string(f.number.value()) + " of stream " + std::to_string(id_.value());
  if (f.doubtful && !f.reported)
    return {errc::pruned, "the reports of number " + number
                              + ", if there were any, are no longer kept by f+1 replicas"};
  return {errc::duplicate, "another submission of this client, of an earlier run or a second "
                           "process, took number "
                               + number};
}

void client_stream::settle(flight& f, sequence_number block, const std::optional<error>& problem) {
  std::size_t offset = 0; // of the part within the submission
  for (auto& part : f.parts) {
    settled_part s;
    s.part = part;
    s.number = f.number;
    s.block = block;
    s.problem = problem;
    if (!problem && !f.requests.empty())
      for (auto& r : f.reports)
        if (r.index >= offset && r.index < offset + part.count) {
          s.about.push_back(static_cast<std::uint32_t>(part.first + r.index - offset));
          s.reports.push_back(r);
        }
    offset += part.count;
    settled_.push_back(std::move(s));
  }
  f.settled = true;
  f.reports.clear();
}

void client_stream::pop_settled() {
  while (!flights_.empty() && flights_.front().settled) {
    if (flights_.front().number >= confirmed_)
      flight_bytes_ -= flights_.front().source.body.size();
    flights_.pop_front();
  }
}

// -- refusals and repetition ---------------------------------------------------------------------

void client_stream::refused(replica_id by, submission_number number, const error& why,
                            local_time_ms now) {
  auto* f = find(number);
  if (!f || f->settled || number < confirmed_)
    return;
  if (is_final(why.code)) {
    if (add_once(f->refused, by) && f->refused.size() >= rules_->size.weak_quorum())
      abandon(*f, why);
  } else if (is_for_now(why.code)) {
    // Only when f+1 say so: one replica that lags behind is no reason to repeat, nor one that lies.
    if (add_once(f->put_off, by) && f->put_off.size() >= rules_->size.weak_quorum()) {
      f->put_off.clear();
      resend_at_ = std::min(resend_at_, after(now, busy_wait_ms_));
      busy_wait_ms_ = std::min(busy_wait_ms_ * 2, busy_at_most_ms);
    }
  }
}

/// No honest replica will ever take this submission. Its number is given to other content: to the
/// next submission if it is the last one, otherwise to one without effect, since those behind it
/// are on their way and wait for it.
void client_stream::abandon(flight& f, const error& why) {
  settle(f, {}, why);
  if (f.number.next() == next_) {
    flight_bytes_ -= f.source.body.size();
    next_ = f.number;
    flights_.pop_back();
    return;
  }
  cancel nothing;
  nothing.client_order = client_order_id{UINT64_MAX};
  flight_bytes_ -= f.source.body.size();
  flight filler;
  filler.number = f.number;
  filler.requests = {nothing};
  filler.source = sign(make_submission(f.number, filler.requests), *rules_->key, rules_->cluster);
  flight_bytes_ += filler.source.body.size();
  fillers_.push_back(filler.source);
  f = std::move(filler);
}

void client_stream::resend_due(local_time_ms now, std::vector<signed_submission>& out) {
  if (in_flight() == 0 || now < resend_at_)
    return;
  std::size_t count = 0;
  for (auto& f : flights_) {
    if (f.number < confirmed_ || f.settled)
      continue;
    f.put_off.clear();
    out.push_back(f.source);
    if (++count == resend_at_once)
      break;
  }
  resend_wait_ms_ = std::min(resend_wait_ms_ * 2, rules_->resend_at_most_ms);
  resend_at_ = after(now, resend_wait_ms_);
}

void client_stream::resend_from(submission_number next, std::vector<signed_submission>& out) {
  auto from = std::max(next, confirmed_);
  for (auto& f : flights_)
    if (f.number >= from && !f.settled)
      out.push_back(f.source);
}

bool client_stream::lacks_reports() const {
  return !flights_.empty() && flights_.front().number < confirmed_;
}

std::optional<local_time_ms> client_stream::deadline() const {
  return in_flight() > 0 ? std::optional{resend_at_} : std::nullopt;
}

std::vector<settled_part> client_stream::take_settled() {
  return std::exchange(settled_, {});
}

} // namespace bourse::actors
