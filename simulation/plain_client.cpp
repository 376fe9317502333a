#include "simulation/plain_client.hpp"

#include <fmt/format.h>

namespace bourse::simulation {

plain_client::plain_client(cluster& c, client_id id)
    : cluster_(c),
      id_(id),
      key_(client_key(id.value())),
      sessions_(c.size()),
      ignored_(c.size()),
      given_(c.size()) {
  next_number_.fill(1);
  for (std::size_t i = 0; i < c.size(); ++i)
    if (c.up(i))
      connect(i);
  send_again();
}

void plain_client::connect(std::size_t i) {
  sessions_[i] = cluster_.connect(i, *this);
}

void plain_client::disconnect(std::size_t i) {
  if (sessions_[i])
    cluster_.disconnect(i, *sessions_[i]);
  sessions_[i].reset();
}

signed_submission plain_client::sign(std::vector<request> requests, std::uint8_t stream,
                                     submission_number number) const {
  signed_submission s;
  s.body = encode(submission{id_, stream_id{stream}, number, std::move(requests)});
  s.signature = key_.sign(purpose::submission, cluster_.genesis().cluster(), s.body);
  return s;
}

submission_number plain_client::submit(std::vector<request> requests, std::uint8_t stream) {
  auto number = submission_number{next_number_[stream]++};
  auto s = sign(std::move(requests), stream, number);
  pending_[{stream, number.value()}] = {s, {}};
  for (std::size_t i = 0; i < sessions_.size(); ++i)
    send_to(i, s);
  return number;
}

void plain_client::send_to(std::size_t i, client_message what) {
  if (sessions_[i])
    cluster_.from_client(i, *sessions_[i], encode(what));
}

void plain_client::send_raw(std::size_t i, bytes message) {
  if (sessions_[i])
    cluster_.from_client(i, *sessions_[i], std::move(message));
}

void plain_client::send_again_every_ms(std::uint64_t ms) {
  again_ms_ = ms;
}

void plain_client::send_again() {
  if (!pending_.empty()) {
    messages::submit all;
    for (const auto& [key, w] : pending_) {
      all.submissions.push_back(w.what);
      if (all.submissions.size() == 128)
        break;
    }
    for (std::size_t i = 0; i < sessions_.size(); ++i)
      send_to(i, all);
  }
  cluster_.universe().after(again_ms_ * 1'000'000, [this] { send_again(); });
}

std::optional<answer> plain_client::ask(std::size_t i, query q) {
  q.id = next_query_++;
  send_to(i, q);
  cluster_.universe().run(30'000, [&] { return answers_.contains(q.id); });
  auto it = answers_.find(q.id);
  return it == answers_.end() ? std::nullopt : std::optional{it->second};
}

// -- what replicas say ---------------------------------------------------------------------------

void plain_client::receive(std::size_t i, session_id session, const shared_bytes& message) {
  if (sessions_[i] != session || ignored_[i])
    return;
  if (!message) {
    sessions_[i].reset();
    return;
  }
  auto what = decode_gateway_message(*message);
  if (!what)
    return complain(i, "sent " + to_string(what.error()));
  std::visit([&](const auto& m) { handle(i, m); }, *what);
}

void plain_client::handle(std::size_t i, const welcome& m) {
  if (m.replica.value() != i)
    complain(i, "says that it is another");
  executed_up_to(i, m.next);
  auto known = given_[i].empty() ? 0 : given_[i].rbegin()->first;
  send_to(i, resume{report_number{known + 1}});
}

void plain_client::handle(std::size_t i, const results& m) {
  const auto& genesis = cluster_.genesis();
  if (m.by.replica.value() != i
      || !verify(genesis.replicas[i].key, purpose::results, genesis.cluster(), signed_bytes(m.what),
                 m.by.signature))
    complain(i, "did not sign its results");
  auto reports = decode_reports(m.reports.encoded, 100'000);
  if (!reports || reports->size() != m.reports.count)
    return complain(i, "sent reports that do not decode");
  for (const auto& r : *reports)
    take(i, r);
  executed_up_to(i, m.next);
}

void plain_client::take(std::size_t i, const report& r) {
  auto n = r.number.value();
  auto& given = given_[i];
  if (auto it = given.find(n); it != given.end()) {
    if (it->second != r)
      complain(i, fmt::format("changed its report {}", n));
    return;
  }
  given[n] = r;
  if (auto it = confirmed_.find(n); it != confirmed_.end()) {
    if (it->second != r)
      complain(i, fmt::format("contradicts the confirmed report {}", n));
    return;
  }
  std::size_t same = 0;
  for (const auto& other : given_)
    if (auto it = other.find(n); it != other.end() && it->second == r)
      ++same;
  if (same >= cluster_.genesis().size.weak_quorum())
    confirmed_[n] = r;
}

void plain_client::executed_up_to(std::size_t i, const std::vector<submission_number>& next) {
  if (next.size() != max_streams)
    return complain(i, "left out streams");
  for (auto it = pending_.begin(); it != pending_.end();) {
    auto& [key, w] = *it;
    if (key.second < next[key.first].value())
      w.executed_by.insert(i);
    it = w.executed_by.size() >= cluster_.genesis().size.weak_quorum() ? pending_.erase(it)
                                                                       : std::next(it);
  }
}

void plain_client::handle(std::size_t, const refused& m) {
  refusals_.push_back(m);
}

void plain_client::handle(std::size_t i, const gone& m) {
  complain(i, fmt::format("no longer has reports below {}", m.first.value()));
}

void plain_client::handle(std::size_t, const answer& m) {
  answers_[m.id] = m;
}

void plain_client::complain(std::size_t i, std::string what) {
  complaints_.push_back(fmt::format("replica {} {}", i, what));
}

} // namespace bourse::simulation
