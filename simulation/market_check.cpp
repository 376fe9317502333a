#include "simulation/market_check.hpp"

#include <algorithm>

#include "market/pages.hpp"
#include "messages/crypto.hpp"
#include "simulation/load.hpp"

namespace bourse::simulation {

using namespace messages;

market_check::market_check(const config::genesis& g, violations& out)
    : genesis_(g),
      out_(out),
      exchange_(g.market),
      books_(g.market, out),
      order_(g, out),
      recomputed_(g.market, g.size),
      reports_of_stamps_(g.size),
      past_(g.market.instruments.size()),
      reports_(g.market.clients.size()) {
  note_views();
}

void market_check::submitted(const signed_submission& s) {
  auto name = hash(s.body);
  if (submissions_.contains(name))
    return;
  auto content = decode_submission(s.body, genesis_.market.submissions);
  if (!content || content->client.value() >= genesis_.market.clients.size()
      || !verify(genesis_.market.clients[content->client.value()].key, purpose::submission,
                 genesis_.cluster(), s.body, s.signature))
    return;
  auto lane = market::lane_of(*content, genesis_.market);
  submissions_.insert(name);
  order_.submitted(std::make_shared<const verified_submission>(
      verified_submission{s, name, std::move(*content), lane}));
}

market::block_input market_check::input_of(sequence_number n, const digest& d, byte_view block) {
  market::block_input input{n, d, {}, {}};
  auto content = decode_block(block);
  if (!content) {
    out_.add("validity", "block {} cannot be decoded", n.value());
    return input;
  }
  if (is_null(*content))
    return input;
  input.submissions = order_.execute(n, content->heads);
  input.time = block_time{order_.time().value() / 1000};
  if (recompute(n, content->heads) != input.submissions)
    out_.add("order", "block {}: F gives another order than its rules do", n.value());
  return input;
}

std::vector<submission_ptr> market_check::recompute(sequence_number n,
                                                    const std::vector<chain_head>& heads) {
  if (!recomputed_.lacking(heads, reports_of_stamps_).empty()) {
    out_.add("validity", "block {} rests on reports that nobody has sent", n.value());
    return {};
  }
  std::vector<submission_ptr> bodies;
  for (const auto& name : recomputed_.begin(heads, reports_of_stamps_)) {
    bodies.push_back(order_.body(name));
    if (!bodies.back()) // which has been said already
      return {};
  }
  return recomputed_.finish(bodies);
}

void market_check::execute(sequence_number n, const digest& d, byte_view block,
                           const digest& chain) {
  auto input = input_of(n, d, block);
  auto result = exchange_.execute(input);
  executed_ = n.value();
  requests_ += result.requests;
  results_[executed_] = result.results_root;
  check_fates(input, result);
  std::vector<report> all;
  for (const auto& c : result.reports) {
    auto reports = decode_reports(c.encoded, c.count);
    auto& known = reports_[c.client.value()];
    if (!reports || c.first.value() != known.size() + 1) {
      out_.add("exactly-once", "block {}: reports of client {} begin at {}, {} were before",
               n.value(), c.client.value(), c.first.value(), known.size());
      continue;
    }
    known.insert(known.end(), reports->begin(), reports->end());
    all.insert(all.end(), reports->begin(), reports->end());
  }
  note_trades(result);
  books_.executed(input, result, all, exchange_);
  note_views();
  if (executed_ % genesis_.checkpoint_interval == 0) {
    for (const auto& page : recomputed_.take_dirty_pages())
      exchange_.set_page(page.key, page.content);
    states_[executed_] = market::state_digest(n, chain, exchange_.page_root());
    books_.compare_books(exchange_);
  }
}

void market_check::note_trades(const market::block_result& result) {
  for (const auto& s : result.settlements) {
    if (s.trade.value() == 0)
      continue;
    ++trades_;
    past_[s.instrument.value()].push_back(
        {executed_, {s.trade, result.time, s.price, s.quantity, s.taker_side}});
  }
}

/// A number executes once, after all lower ones of its stream.
void market_check::check_fates(const market::block_input& input,
                               const market::block_result& result) {
  for (std::size_t i = 0; i < input.submissions.size() && i < result.fates.size(); ++i) {
    if (result.fates[i] != market::submission_fate::executed)
      continue;
    const auto& s = input.submissions[i]->content;
    auto c = s.client.value();
    auto number = s.number.value();
    if (!done_.insert({c, s.stream.value(), number}).second)
      out_.add("exactly-once", "block {}: submission {} of client {}, stream {} executes again",
               executed_, number, c, s.stream.value());
    if (number > 1 && !done_.contains({c, s.stream.value(), number - 1}))
      out_.add("exactly-once", "block {}: submission {} of client {}, stream {} skips one",
               executed_, number, c, s.stream.value());
  }
}

void market_check::checkpoint_said(std::size_t by, const checkpoint_statement& s) {
  auto known = states_.find(s.sequence.value());
  if (known == states_.end())
    out_.add("recomputation", "replica {} has a checkpoint at block {}, which nobody executed", by,
             s.sequence.value());
  else if (known->second != s.state)
    out_.add("recomputation", "replica {}: its state after block {} is another one", by,
             s.sequence.value());
}

void market_check::results_said(std::size_t by, const results_statement& s) {
  auto known = results_.find(s.sequence.value());
  if (known == results_.end() || known->second != s.results)
    out_.add("recomputation", "replica {}: its results of block {} are others", by,
             s.sequence.value());
}

void market_check::believed(client_id client, const report& r) {
  const auto& known = reports_[client.value()];
  auto n = r.number.value();
  if (n == 0 || n > known.size())
    out_.add("confirmed", "client {} believes report {}, which nobody gave", client.value(), n);
  else if (known[n - 1] != r)
    out_.add("confirmed", "client {} believes another report {} than was executed", client.value(),
             n);
}

void market_check::note_views() {
  auto& views = views_.emplace_back();
  for (std::uint16_t i = 0; i < genesis_.market.instruments.size(); ++i)
    views[{query_kind::book, i}] = hash(encode(exchange_.book(instrument_id{i}, load::levels)));
  for (const auto& c : genesis_.market.clients)
    if (!c.accounts.empty())
      views[{query_kind::account, c.accounts.front().value()}]
          = hash(encode(exchange_.account(c.accounts.front())));
}

void market_check::believed(client_id client, const question& q, const question_answer& a,
                            bool pruned) {
  auto asked = static_cast<int>(q.kind);
  if (a.problem) {
    // Too few may have answered in time, or no longer have what a receipt is made of.
    if (a.problem->code != errc::unreachable
        && (q.kind != query_kind::receipt || a.problem->code != errc::not_found))
      out_.add("confirmed", "client {} is told of question {} about {}: {}", client.value(), asked,
               q.subject, to_string(*a.problem));
    return;
  }
  if (q.kind == query_kind::receipt)
    return check_receipt(client, q, a.body);
  if (q.kind == query_kind::trades)
    return check_trades(client, q, a, pruned);
  auto n = a.at.value();
  if (n >= views_.size())
    out_.add("confirmed", "client {} believes an answer as of block {}, which nobody executed",
             client.value(), n);
  else if (auto known = views_[n].find({q.kind, q.subject});
           known == views_[n].end() || known->second != hash(a.body))
    out_.add("confirmed", "client {} believes another answer to question {} about {} at block {}",
             client.value(), asked, q.subject, n);
}

void market_check::check_trades(client_id client, const question& q, const question_answer& a,
                                bool pruned) {
  auto view = decode_trades_view(a.body);
  auto n = a.at.value();
  if (n > executed_)
    out_.add("confirmed", "client {} believes an answer as of block {}, which nobody executed",
             client.value(), n);
  else if (!view || view->instrument.value() != q.subject || !are_latest(*view, n, q.limit, pruned))
    out_.add("confirmed", "client {} believes other trades of instrument {} than were at block {}",
             client.value(), q.subject, n);
}

/// Newest first. A log that was pruned, or began with a fetched state, lacks whole blocks, the
/// oldest ones.
bool market_check::are_latest(const trades_view& v, std::uint64_t block, std::size_t limit,
                              bool pruned) const {
  const auto& all = past_[v.instrument.value()];
  auto next = std::make_reverse_iterator(
      std::ranges::upper_bound(all, block, {}, [](const past_trade& t) { return t.block; }));
  auto last = block + 1;
  for (const auto& t : v.trades) {
    if (next == all.rend() || next->what != t)
      return false;
    last = next++->block;
  }
  if (v.trades.size() >= limit || next == all.rend())
    return v.trades.size() <= limit;
  return pruned && next->block < last;
}

void market_check::check_receipt(client_id client, const question& q, const bytes& body) {
  auto proof = decode_receipt(body);
  auto r = proof ? decode_report(proof->report) : fail(errc::malformed);
  const auto& known = reports_[client.value()];
  auto n = q.report.value();
  if (!r || n == 0 || n > known.size() || known[n - 1] != *r)
    out_.add("confirmed", "client {} has a receipt of another report {} than was executed",
             client.value(), n);
}

void market_check::finish() {
  books_.compare_books(exchange_);
}

} // namespace bourse::simulation
