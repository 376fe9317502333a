#include "simulation/block_story.hpp"

#include <algorithm>

namespace bourse::simulation {

namespace {

/// docs/PROTOCOL, section 11: trade id = sequence << 24 | index of the fill in the block.
constexpr unsigned trade_bits = 24;

/// How a request that is granted is answered.
report_kind answer_to(const request& r) {
  if (std::holds_alternative<place>(r))
    return report_kind::accepted;
  if (std::holds_alternative<cancel>(r))
    return report_kind::cancelled;
  return std::holds_alternative<replace>(r) ? report_kind::replaced : report_kind::done;
}

bool names_request(const report& r) {
  return r.submission.value() != 0;
}

} // namespace

block_story::block_story(const market::block_input& input, const market::block_result& result,
                         const std::vector<report>& reports, violations& out)
    : input_(input), result_(result), reports_(reports), out_(out) {
  take_requests();
  take_trades();
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < reports_.size(); ++i) {
    if (i > 0 && reports_[i].client != reports_[i - 1].client)
      before = 0;
    const auto& r = reports_[i];
    if (names_request(r))
      before = position_of(r);
    else if (auto t = r.trade.value() - (result_.sequence.value() << trade_bits);
             r.kind == report_kind::fill && t < trades_.size())
      before = trades_[t].position;
    take_report(i, before);
  }
  check_answers();
  for (std::uint32_t i = 0; i < trades_.size(); ++i)
    all_.push_back({trades_[i].position, happening::kind::trade, i});
  std::sort(all_.begin(), all_.end());
}

void block_story::take_requests() {
  requests_.resize(1);
  for (std::size_t i = 0; i < input_.submissions.size(); ++i) {
    const auto& s = input_.submissions[i]->content;
    auto executed
        = i < result_.fates.size() && result_.fates[i] == market::submission_fate::executed;
    if (executed)
      first_[{s.client, s.stream, s.number}] = static_cast<std::uint32_t>(requests_.size());
    for (const auto& each : s.requests)
      requests_.push_back({s.client, executed ? &each : nullptr});
  }
}

/// Trades by their settlements, and to each the two fills that clients are told of.
void block_story::take_trades() {
  auto first = result_.sequence.value() << trade_bits;
  for (const auto& s : result_.settlements)
    if (s.trade.value() != 0) {
      if (s.trade.value() != first + trades_.size())
        out_.add("settlement", "block {}: trade {} comes as number {}", result_.sequence.value(),
                 s.trade.value(), trades_.size());
      trades_.push_back({&s});
    }
  for (const auto& r : reports_)
    if (r.kind == report_kind::fill)
      match_fill(r);
  std::uint32_t last = 0;
  for (auto& t : trades_) {
    if (!t.maker || !t.taker)
      out_.add("settlement", "block {}: trade {} is settled and its {} is not told",
               result_.sequence.value(), t.settled->trade.value(), t.maker ? "taker" : "maker");
    if (t.taker)
      t.position = position_of(*t.taker);
    if (t.position < last)
      out_.add("settlement", "block {}: trade {} of request {} is numbered after one of {}",
               result_.sequence.value(), t.settled->trade.value(), t.position, last);
    last = t.position;
  }
}

void block_story::match_fill(const report& r) {
  auto t = r.trade.value() - (result_.sequence.value() << trade_bits);
  if (t >= trades_.size() || r.role == role::none)
    return out_.add("settlement", "block {}: order {} is filled by trade {}, which is not settled",
                    result_.sequence.value(), r.order.value(), r.trade.value());
  auto& told = r.role == role::maker ? trades_[t].maker : trades_[t].taker;
  if (told)
    out_.add("settlement", "block {}: trade {} is told twice to its {}", result_.sequence.value(),
             r.trade.value(), r.role == role::maker ? "maker" : "taker");
  told = &r;
}

/// `before`: its position, or if it names no request one that it did not come before.
void block_story::take_report(std::uint32_t index, std::uint32_t before) {
  const auto& r = reports_[index];
  bool ends = r.kind == report_kind::cancelled || r.kind == report_kind::expired
              || r.kind == report_kind::done;
  bool opens = r.kind == report_kind::accepted || r.kind == report_kind::replaced
               || r.kind == report_kind::rejected;
  if (names_request(r)) {
    const auto* by = request_of(r);
    if (!by)
      return out_.add("exactly-once", "block {}: client {} is answered on what it did not ask",
                      result_.sequence.value(), r.client.value());
    auto& a = requests_[before];
    if (r.kind == report_kind::rejected || r.kind == answer_to(*by->what)) {
      ++a.answers;
      a.answer = r.kind;
    }
  } else if (opens || r.kind == report_kind::done) {
    return out_.add("exactly-once", "block {}: client {} is answered and did not ask",
                    result_.sequence.value(), r.client.value());
  }
  if (opens)
    all_.push_back({before, happening::kind::opening, index});
  else if (ends)
    all_.push_back({before,
                    names_request(r) || trades_at(r.order, before) ? happening::kind::end
                                                                   : happening::kind::early_end,
                    index});
}

void block_story::check_answers() {
  for (std::size_t i = 1; i < requests_.size(); ++i)
    if (requests_[i].what && requests_[i].answers != 1)
      out_.add("exactly-once", "block {}: request {} is answered {} times",
               result_.sequence.value(), i, requests_[i].answers);
}

const asked* block_story::request_of(const report& r) const {
  auto at = names_request(r) ? position_of(r) : 0;
  return at == 0 ? nullptr : &requests_[at];
}

/// 0: of no request of this block.
std::uint32_t block_story::position_of(const report& r) const {
  auto s = first_.find({r.client, r.stream, r.submission});
  if (s == first_.end())
    return 0;
  auto at = s->second + r.index;
  return at < requests_.size() && requests_[at].what ? at : 0;
}

bool block_story::trades_at(order_id id, std::uint32_t position) const {
  auto t = std::lower_bound(trades_.begin(), trades_.end(), position,
                            [](const trade& each, auto at) { return each.position < at; });
  for (; t != trades_.end() && t->position == position; ++t)
    if (t->settled->maker_order == id || t->settled->taker_order == id)
      return true;
  return false;
}

} // namespace bourse::simulation
