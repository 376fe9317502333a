#include "market/settle.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "messages/assert.hpp"
#include "messages/checked.hpp"
#include "messages/merkle.hpp"

namespace bourse::market {

namespace {

/// A typical report, encoded and behind its length.
constexpr std::size_t report_bytes = 72;

/// Sorts by position, 0 to `last`; ties stay in the order in which `each` gives them. `each(f)`
/// calls f(position, item) for all items, and is called twice. Linear, since positions are dense.
template <class Item, class Each>
void sort_by_position(std::vector<Item>& out, std::vector<std::uint32_t>& offsets,
                      std::uint32_t last, Each&& each) {
  offsets.assign(last + 2, 0);
  each([&](std::uint32_t position, const Item&) {
    BOURSE_ASSERT(position <= last);
    ++offsets[position + 1];
  });
  std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
  out.resize(offsets.back());
  each([&](std::uint32_t position, const Item& item) { out[offsets[position]++] = item; });
}

} // namespace

void settler::settle(const std::vector<outcome>& outcomes, const std::vector<money_move>& moves,
                     std::uint32_t last, accounts& to, std::vector<std::int64_t>& fees,
                     block_result& result) {
  auto moved = static_cast<std::uint32_t>(outcomes.size());
  sort_by_position(events_, offsets_, last, [&](auto&& f) {
    for (std::uint32_t i = 0; i < moved; ++i) {
      auto& positions = outcomes[i].fill_positions;
      for (std::uint32_t k = 0; k < positions.size(); ++k)
        f(positions[k], event{i, k});
    }
    for (std::uint32_t k = 0; k < moves.size(); ++k)
      f(moves[k].position, event{moved, k});
  });
  // The clearing house lets only so many orders rest.
  BOURSE_ASSERT(events_.size() < 1u << trade_index_bits);

  first_trade_.resize(outcomes.size());
  std::uint32_t fills = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    BOURSE_ASSERT(outcomes[i].fills.size() == outcomes[i].fill_positions.size());
    first_trade_[i] = fills;
    fills += static_cast<std::uint32_t>(outcomes[i].fills.size());
  }
  trades_.resize(fills);

  std::uint64_t next_trade = result.sequence.value() << trade_index_bits;
  result.settlements.reserve(events_.size());
  for (auto& e : events_) {
    auto& record = result.settlements.emplace_back();
    if (e.instrument == moved) {
      record.transfers.push_back(moves[e.index].what);
      to.pay(moves[e.index].what, accounts::purse::held);
      continue;
    }
    trade_id trade{next_trade++};
    trades_[first_trade_[e.instrument] + e.index] = trade;
    settle_fill(outcomes[e.instrument].fills[e.index],
                instrument_id{static_cast<std::uint16_t>(e.instrument)}, trade, to, fees, record);
  }
}

void settler::settle_fill(const fill& f, instrument_id on, trade_id trade, accounts& to,
                          std::vector<std::int64_t>& fees, settlement& record) const {
  auto& market = rules_.instruments[on.value()];
  record.trade = trade;
  record.instrument = on;
  record.price = f.price;
  record.quantity = f.quantity;
  record.taker_side = f.taker_side;
  record.maker_order = f.maker_order;
  record.taker_order = f.taker_order;

  record.transfers.reserve(4);
  auto pay
      = [&](account_id from, accounts::purse purse, account_id payee, asset_id asset, amount x) {
          BOURSE_ASSERT(x.value() >= 0);
          if (x.value() == 0)
            return;
          to.pay(record.transfers.emplace_back(transfer{from, payee, asset, x}), purse);
        };
  pay(f.seller, accounts::purse::held, f.buyer, market.base, f.base);
  pay(f.buyer, accounts::purse::held, f.seller, market.quote, f.notional);
  pay(f.buyer, accounts::purse::held, rules_.fee_account, market.quote, f.buyer_fee);
  pay(f.seller, accounts::purse::free, rules_.fee_account, market.quote, f.seller_fee);

  // Fees can pass through accounts again and again, so their sum is bounded by nothing but time.
  auto& charged = fees[market.quote.value()];
  auto sum = int128{charged} + f.buyer_fee.value() + f.seller_fee.value();
  charged = narrow(sum).value_or(INT64_MAX);
}

trade_id settler::trade_of(instrument_id on, std::uint32_t fill) const {
  BOURSE_ASSERT(on.value() < first_trade_.size());
  auto i = std::size_t{first_trade_[on.value()]} + fill;
  BOURSE_ASSERT(i < trades_.size());
  return trades_[i];
}

std::uint32_t report_merger::merge(std::vector<outcome>& outcomes, std::vector<draft_report>& own,
                                   std::uint32_t last, const settler& trades,
                                   client_windows& windows, block_result& result) {
  sort_by_position(in_order_, offsets_, last, [&](auto&& f) {
    for (auto& o : outcomes)
      for (auto& draft : o.reports)
        f(draft.position, &draft);
    for (auto& draft : own)
      f(draft.position, &draft);
  });
  group_by_client();

  auto count = static_cast<std::uint32_t>(in_order_.size());
  result.leaves.reserve(count);
  result.reports.reserve(clients_.size());
  std::uint32_t begin = 0;
  for (auto c : clients_) {
    auto end = std::exchange(counts_[c], 0); // group_by_client left the end of the group there
    encode(client_id{c}, &by_client_[begin], end - begin, trades, windows, result);
    begin = end;
  }
  result.results_root = merkle_root(result.leaves);
  return count;
}

void report_merger::group_by_client() {
  clients_.clear();
  for (auto* draft : in_order_) {
    auto c = draft->content.client.value();
    BOURSE_ASSERT(c < counts_.size());
    if (counts_[c]++ == 0)
      clients_.push_back(c);
  }
  std::sort(clients_.begin(), clients_.end());
  std::uint32_t offset = 0;
  for (auto c : clients_)
    offset += std::exchange(counts_[c], offset);
  by_client_.resize(in_order_.size());
  for (auto* draft : in_order_)
    by_client_[counts_[draft->content.client.value()]++] = draft;
}

void report_merger::encode(client_id of, draft_report* const* drafts, std::uint32_t count,
                           const settler& trades, client_windows& windows,
                           block_result& result) const {
  auto& to = result.reports.emplace_back();
  to.client = of;
  to.first = windows.take_reports(of, count);
  to.count = count;
  to.encoded.reserve(count * report_bytes);
  auto number = to.first;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& content = drafts[i]->content;
    content.number = number;
    number = number.next();
    if (content.kind == report_kind::fill)
      content.trade = trades.trade_of(content.instrument, drafts[i]->fill);
    auto size = append_report(to.encoded, content);
    result.leaves.push_back(merkle_leaf(byte_view{to.encoded}.substr(to.encoded.size() - size)));
  }
}

} // namespace bourse::market
