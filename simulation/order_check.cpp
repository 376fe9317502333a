#include "simulation/order_check.hpp"

#include <algorithm>

#include "messages/crypto.hpp"

namespace bourse::simulation {

order_check::order_check(const config::genesis& g, violations& out)
    : genesis_(g),
      out_(out),
      ranking_(g.market, g.size),
      trusted_(g.size.n, true),
      heads_(g.size.n, link{report_index{0}, g.cluster(), stamp_time{0}}) {}

report_ptr order_check::reported(const signed_report& r) {
  auto name = hash(r.body);
  if (reports_.contains(name))
    return nullptr;
  auto content = decode_stamp_report(r.body, genesis_.market.order.max_stamps);
  if (!content || content->replica.value() >= genesis_.size.n
      || !verify(genesis_.replicas[content->replica.value()].key, purpose::stamp_report,
                 genesis_.cluster(), name.view(), r.signature))
    return nullptr;
  if (trusted_[content->replica.value()])
    for (const auto& s : content->stamps) {
      auto [it, fresh] = open_.try_emplace(s.body, seen{s.about, {}});
      auto [when, first] = it->second.honest.emplace(content->replica, s.time);
      when->second = std::min(when->second, s.time);
    }
  reports_.emplace(name, *content);
  return std::make_shared<const verified_report>(verified_report{r, name, std::move(*content)});
}

/// Newest first; none if it does not lead to the head, or not soon enough.
std::vector<const stamp_report*> order_check::path_to(const chain_head& named) const {
  constexpr std::size_t most = 64;
  const auto& head = heads_[named.replica.value()];
  std::vector<const stamp_report*> path;
  auto at = named.report;
  auto index = named.index.value();
  while (at != head.digest) {
    auto it = reports_.find(at);
    if (it == reports_.end() || path.size() == most)
      return {};
    const auto& r = it->second;
    if (r.replica != named.replica || r.index.value() != index || index <= head.index.value())
      return {};
    if (!path.empty()) {
      const auto& later = *path.back();
      if (later.boundary <= r.boundary
          || (!later.stamps.empty() && later.stamps.front().time <= r.boundary))
        return {};
    }
    path.push_back(&r);
    at = r.previous;
    --index;
  }
  if (path.empty() || index != head.index.value())
    return {};
  const auto& first = *path.back();
  if (first.boundary <= head.boundary
      || (!first.stamps.empty() && first.stamps.front().time <= head.boundary))
    return {};
  return path;
}

void order_check::commit(sequence_number n, const chain_head& named) {
  auto path = path_to(named);
  if (path.empty())
    return;
  std::reverse(path.begin(), path.end());
  for (const auto* r : path) {
    check_stamps(n, *r);
    ranking_.add(named.replica, r->stamps);
  }
  heads_[named.replica.value()] = {named.index, named.report, path.back()->boundary};
}

std::vector<submission_ptr> order_check::execute(sequence_number n,
                                                 std::span<const chain_head> heads) {
  if (heads.empty())
    return {};
  for (const auto& named : heads)
    if (named.replica.value() < heads_.size())
      commit(n, named);
  std::vector<stamp_time> boundaries;
  for (const auto& head : heads_)
    boundaries.push_back(head.boundary);
  std::sort(boundaries.begin(), boundaries.end());
  time_ = boundaries[boundaries.size() - genesis_.size.quorum()];
  std::vector<submission_ptr> bodies;
  for (const auto& name : ranking_.begin(time_)) {
    auto it = bodies_.find(name);
    if (it == bodies_.end()) {
      out_.add("validity", "block {} has a submission that no client signed", n.value());
      return {};
    }
    bodies.push_back(it->second);
  }
  auto aged = ranking_.aged();
  auto block = ranking_.finish(bodies);
  check_starvation(n, aged, block);
  check_separation(n, block);
  check_censorship(n);
  return block;
}

/// An honest replica stamps a number when it has stamped or executed all lower ones.
void order_check::check_stamps(sequence_number n, const stamp_report& r) {
  if (!trusted_[r.replica.value()])
    return;
  for (const auto& s : r.stamps) {
    const auto& [client, stream, number] = s.about;
    auto& highest = stamped_[{r.replica, client, stream}];
    auto next = std::max(highest.next(), ranking_.next(client, stream));
    if (number > next)
      out_.add("stamps", "block {}: replica {} has stamped submission {} of client {} before {}",
               n.value(), r.replica.value(), number.value(), client.value(), next.value());
    highest = std::max(highest, number);
  }
}

/// A quarter of a block is for what was left over twice, if there is as much; so whatever is
/// eligible executes after as many blocks as what is older fills quarters of.
void order_check::check_starvation(sequence_number n, const naive_ranking::names& aged,
                                   const std::vector<submission_ptr>& block) {
  std::uint64_t aged_requests = 0, bytes = 0;
  std::size_t executed = 0;
  for (const auto& s : block) {
    bytes += s->source.body.size();
    if (!aged.contains(naive_ranking::name_of(s->content)))
      continue;
    ++executed;
    aged_requests += std::max<std::uint64_t>(1, s->content.requests.size());
  }
  const auto& limits = genesis_.market.blocks;
  if (executed < aged.size() && aged_requests < limits.max_requests / 4
      && bytes < limits.max_bytes / 4)
    out_.add("no-starvation",
             "block {} leaves {} submissions that have waited for long, for {} others", n.value(),
             aged.size() - executed, block.size() - executed);
}

std::size_t order_check::trusted() const {
  return static_cast<std::size_t>(std::count(trusted_.begin(), trusted_.end(), true));
}

bool order_check::latest(const digest& body, stamp_time& out) const {
  auto it = open_.find(body);
  if (it == open_.end())
    return false;
  std::size_t all = 0;
  for (auto [who, when] : it->second.honest)
    if (trusted_[who.value()]) {
      out = std::max(out, when);
      ++all;
    }
  return all == trusted();
}

bool order_check::earliest(const digest& body, stamp_time& out) const {
  auto it = open_.find(body);
  bool any = false;
  if (it != open_.end())
    for (auto [who, when] : it->second.honest)
      if (trusted_[who.value()]) {
        out = any ? std::min(out, when) : when;
        any = true;
      }
  return any;
}

/// Whoever executes while another waits whose latest honest stamp is below its earliest, and whose
/// lane is no worse, has jumped ahead; unless that one waits for a lower number of its stream.
void order_check::check_separation(sequence_number n, const std::vector<submission_ptr>& block) {
  for (const auto& one : block) {
    stamp_time first;
    bool known = earliest(one->digest, first);
    open_.erase(one->digest);
    const auto& mine = one->content;
    std::erase_if(open_, [&](const auto& o) {
      return o.second.about.client == mine.client && o.second.about.stream == mine.stream
             && o.second.about.number <= mine.number;
    });
    for (auto it = open_.begin(); known && it != open_.end(); ++it) {
      auto body = bodies_.find(it->first);
      stamp_time last;
      if (body == bodies_.end() || body->second->lane > one->lane || !latest(it->first, last)
          || last >= first)
        continue;
      const auto& about = it->second.about;
      if (std::any_of(open_.begin(), open_.end(), [&](const auto& o) {
            return o.second.about.client == about.client && o.second.about.stream == about.stream
                   && o.second.about.number <= about.number && o.first != it->first;
          }))
        continue; // behind one of its own, or with a rival
      out_.add("separation",
               "block {}: submission {} of client {} executes before {} of client {}, which all "
               "honest replicas had stamped before",
               n.value(), mine.number.value(), mine.client.value(), about.number.value(),
               about.client.value());
    }
  }
}

/// What all honest replicas stamped by T has f+1 stamps by T in the log.
void order_check::check_censorship(sequence_number n) {
  for (const auto& [body, what] : open_) {
    stamp_time last;
    if (!bodies_.contains(body) || !latest(body, last) || last > time_
        || what.about.number != ranking_.next(what.about.client, what.about.stream))
      continue;
    if (ranking_.time_of(what.about, body) > time_)
      out_.add("no-censorship",
               "block {}: all honest replicas have stamped submission {} of client {} by its time, "
               "and the log has not",
               n.value(), what.about.number.value(), what.about.client.value());
  }
}

} // namespace bourse::simulation
