#include "actors/client_queries.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "messages/assert.hpp"
#include "messages/merkle.hpp"

namespace bourse::actors {

namespace {

/// The pause before asking again grows by this much with each attempt, up to the most.
constexpr std::uint32_t again_ms = 20;
constexpr std::uint32_t again_at_most_ms = 300;
/// An attempt that some replicas leave unanswered is over after this long.
constexpr std::uint32_t attempt_ms = 500;
/// A missing receipt may be about to be written; after so many attempts it is not.
constexpr std::uint32_t receipt_attempts = 5;
/// Attempts as of a number to come look this much further ahead each time, up to the most.
constexpr std::uint64_t ahead_at_most = 64;

local_time_ms after(local_time_ms now, std::uint32_t ms) {
  return local_time_ms{now.value() + ms};
}

/// What is true as of one block. The JSON of others is not.
bool is_numbered(query_kind k) {
  return k == query_kind::book || k == query_kind::account || k == query_kind::trades;
}

std::size_t count(const std::vector<bool>& flags) {
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), true));
}

} // namespace

bool is_valid_share(const receipt_share& s, replica_id from, const public_key& key,
                    const digest& cluster) {
  return s.by.replica == from && merkle_verify(s.what.results, s.report, s.index, s.count, s.path)
         && verify(key, purpose::results, cluster, signed_bytes(s.what), s.by.signature);
}

client_queries::client_queries(cluster_size size, digest cluster, std::vector<public_key> replicas)
    : size_(size), cluster_(cluster), replicas_(std::move(replicas)), up_(size.n, false) {}

client_queries::question_id client_queries::ask(const question& q, local_time_ms now) {
  auto id = ++last_question_;
  auto& open = questions_[id];
  open.asked = q;
  open.deadline = after(now, q.timeout_ms);
  open.not_before = told_;
  open.heard.assign(size_.n, false);
  ++turn_;
  begin_attempt(open, now);
  return id;
}

void client_queries::begin_attempt(open_question& q, local_time_ms now) {
  // Equal answers need equal sequence numbers. While nothing executes, "now" gives them; while much
  // does, a number that is named: books and accounts are known as of one that none has reached yet,
  // trades as of one that is past. So the attempts take turns.
  bool named = q.asked.how == trust::quorum && q.attempt % 2 == 1 && is_numbered(q.asked.kind);
  q.at = !named                               ? sequence_number{}
         : q.asked.kind == query_kind::trades ? a_number_reached(q)
                                              : a_number_to_come(q);
  q.wire_id = ++last_wire_id_;
  q.answers.assign(size_.n, std::nullopt);
  q.sent.assign(size_.n, false);
  q.again_at.reset();
  q.began = now;
  ++q.attempt;
  bool one = q.asked.how == trust::one && q.asked.kind != query_kind::receipt;
  for (std::size_t i = 0; i < size_.n; ++i) {
    auto r = one ? (turn_ + q.attempt + i) % size_.n : i;
    if (!up_[r])
      continue;
    send(q, r);
    if (one)
      break;
  }
}

/// One honest replica at least has reached it, by the answers of the attempt before or by what the
/// client was told.
sequence_number client_queries::a_number_reached(const open_question& q) const {
  weak_watermark reached{size_};
  for (std::size_t r = 0; r < q.answers.size(); ++r)
    if (q.answers[r])
      reached.raise(replica_id{static_cast<std::uint16_t>(r)}, q.answers[r]->at.value());
  return std::max(q.not_before, sequence_number{reached.value()});
}

/// A little beyond that.
sequence_number client_queries::a_number_to_come(const open_question& q) const {
  auto base = a_number_reached(q).value();
  auto ahead = std::min(std::uint64_t{1} << std::min(q.attempt, 6U), ahead_at_most);
  return sequence_number{base == 0 ? 0 : base + ahead};
}

void client_queries::send(open_question& q, std::size_t replica) {
  query m;
  m.id = q.wire_id;
  m.kind = q.asked.kind;
  m.subject = q.asked.subject;
  m.limit = q.asked.limit;
  m.report = q.asked.report;
  m.at = q.at;
  q.sent[replica] = true;
  outgoing_.push_back({replica_id{static_cast<std::uint16_t>(replica)},
                       std::make_shared<const bytes>(encode(client_message{m}))});
}

void client_queries::linked(replica_id r) {
  up_[r.value()] = true;
  for (auto& [id, q] : questions_) {
    bool one = q.asked.how == trust::one && q.asked.kind != query_kind::receipt;
    if (!one || count(q.sent) == 0)
      send(q, r.value());
  }
}

void client_queries::unlinked(replica_id r, local_time_ms now) {
  up_[r.value()] = false;
  for (auto& [id, q] : questions_)
    if (q.sent[r.value()] && !q.answers[r.value()]) {
      q.sent[r.value()] = false; // asked again when it is back
      if (q.asked.how == trust::one && !q.again_at)
        q.again_at = after(now, again_ms);
    }
}

void client_queries::receive(replica_id from, answer m, local_time_ms now) {
  auto found = std::find_if(questions_.begin(), questions_.end(),
                            [&](auto& entry) { return entry.second.wire_id == m.id; });
  if (found == questions_.end())
    return; // an earlier attempt's, or one that is answered
  auto& q = found->second;
  if (!q.sent[from.value()] || q.answers[from.value()])
    return;
  q.heard[from.value()] = true;
  q.answers[from.value()] = std::move(m);
  if (conclude(found->first, q, now))
    questions_.erase(found);
}

bool client_queries::conclude(question_id id, open_question& q, local_time_ms now) {
  if (q.asked.kind == query_kind::receipt) {
    if (conclude_receipt(id, q))
      return true;
  } else if (q.asked.how == trust::one) {
    return conclude_one(id, q);
  } else if (q.asked.how == trust::each) {
    return conclude_each(id, q, now);
  } else if (conclude_quorum(id, q)) {
    return true;
  }
  if (all_up_answered(q) && !q.again_at)
    q.again_at = after(now, std::min(again_ms * q.attempt, again_at_most_ms));
  return false;
}

bool client_queries::conclude_one(question_id id, open_question& q) {
  for (auto& a : q.answers)
    if (a) {
      finish(id, {a->problem, a->at, std::move(a->body), {}});
      return true;
    }
  return false;
}

/// Done when all have answered; when all have that can be reached, after a while, since others may
/// be about to be.
bool client_queries::conclude_each(question_id id, open_question& q, local_time_ms now) {
  auto answered = static_cast<std::size_t>(
      std::count_if(q.answers.begin(), q.answers.end(), [](auto& a) { return a.has_value(); }));
  bool over = now >= q.deadline || (now >= after(q.began, attempt_ms) && all_up_answered(q));
  if (answered < size_.n && !over)
    return false;
  question_answer result;
  if (answered < size_.weak_quorum())
    result.problem = error{errc::unreachable, std::to_string(answered) + " of "
                                                  + std::to_string(size_.n) + " replicas answered"};
  for (std::size_t r = 0; r < size_.n; ++r) {
    replica_answer one;
    one.replica = replica_id{static_cast<std::uint16_t>(r)};
    one.problem = error{errc::unreachable, "no answer"};
    if (auto& a = q.answers[r]) {
      one.at = a->at;
      one.problem = a->problem;
      one.body = std::move(a->body);
    }
    result.each.push_back(std::move(one));
  }
  finish(id, std::move(result));
  return true;
}

bool client_queries::same(const question& q, const answer& a, const answer& b) const {
  bool equal_problem = a.problem.has_value() == b.problem.has_value()
                       && (!a.problem || a.problem->code == b.problem->code);
  if (a.problem || b.problem)
    return equal_problem;
  return (!is_numbered(q.kind) || a.at == b.at) && a.body == b.body;
}

bool client_queries::is_stale(const open_question& q, const answer& a) const {
  return is_numbered(q.asked.kind) && !a.problem && a.at < q.not_before;
}

bool client_queries::conclude_quorum(question_id id, open_question& q) {
  for (auto& a : q.answers) {
    if (!a || is_stale(q, *a))
      continue;
    auto equal = std::count_if(q.answers.begin(), q.answers.end(),
                               [&](auto& b) { return b && same(q.asked, *a, *b); });
    if (equal < size_.weak_quorum())
      continue;
    if (a->problem && q.at.value() != 0)
      continue; // that number was not to be had there: the next attempt asks otherwise
    if (a->problem && a->problem->code == errc::busy)
      continue;
    if (is_numbered(q.asked.kind) && !a->problem)
      told(a->at);
    finish(id, {a->problem, a->at, std::move(a->body), {}});
    return true;
  }
  return false;
}

bool client_queries::conclude_receipt(question_id id, open_question& q) {
  std::vector<receipt_share> shares;
  std::size_t missing = 0;
  for (std::size_t r = 0; r < size_.n; ++r) {
    auto& a = q.answers[r];
    if (!a)
      continue;
    if (a->problem) {
      missing += a->problem->code == errc::not_found;
      continue;
    }
    auto share = decode_receipt_share(a->body);
    if (share
        && is_valid_share(*share, replica_id{static_cast<std::uint16_t>(r)}, replicas_[r],
                          cluster_))
      shares.push_back(std::move(*share));
  }
  for (auto& s : shares) {
    receipt out;
    for (auto& other : shares)
      if (other.what == s.what && other.report == s.report)
        out.signatures.push_back(other.by);
    if (out.signatures.size() < size_.weak_quorum())
      continue;
    out.signatures.resize(size_.weak_quorum());
    out.cluster = cluster_;
    out.report = s.report;
    out.index = s.index;
    out.count = s.count;
    out.path = s.path;
    out.what = s.what;
    finish(id, {std::nullopt, s.what.sequence, encode(out), {}});
    return true;
  }
  if (missing >= size_.weak_quorum() && q.attempt >= receipt_attempts) {
    finish(id, {error{errc::not_found, "the replicas hold no such report"}, {}, {}, {}});
    return true;
  }
  return false;
}

bool client_queries::all_up_answered(const open_question& q) const {
  for (std::size_t r = 0; r < size_.n; ++r)
    if (up_[r] && !q.answers[r])
      return false;
  return true;
}

void client_queries::tick(local_time_ms now) {
  for (auto it = questions_.begin(); it != questions_.end();) {
    auto& q = it->second;
    bool over = now >= q.deadline;
    if (q.asked.how == trust::each && q.asked.kind != query_kind::receipt) {
      over = conclude_each(it->first, q, now);
    } else if (over) {
      give_up(it->first, q);
    } else if ((q.again_at && now >= *q.again_at)
               || (!q.again_at && now >= after(q.began, attempt_ms))) {
      begin_attempt(q, now);
    }
    it = over ? questions_.erase(it) : std::next(it);
  }
}

void client_queries::give_up(question_id id, const open_question& q) {
  auto heard = count(q.heard);
  auto detail = std::to_string(heard) + " of " + std::to_string(size_.n) + " replicas answered";
  if (heard >= size_.weak_quorum())
    detail += ", but no " + std::to_string(size_.weak_quorum()) + " of them agreed in time";
  else
    detail += "; it takes " + std::to_string(q.asked.how == trust::one ? 1 : size_.weak_quorum());
  finish(id, {error{errc::unreachable, detail}, {}, {}, {}});
}

void client_queries::finish(question_id id, question_answer result) {
  finished_.push_back({id, std::make_shared<const question_answer>(std::move(result))});
}

std::vector<client_outgoing> client_queries::take_outgoing() {
  return std::exchange(outgoing_, {});
}

std::vector<client_queries::finished> client_queries::take_finished() {
  return std::exchange(finished_, {});
}

} // namespace bourse::actors
