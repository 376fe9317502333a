#include "market/accounts.hpp"

#include <algorithm>
#include <string>

#include "market/page_codec.hpp"
#include "messages/assert.hpp"
#include "messages/checked.hpp"

namespace bourse::market {

namespace {

constexpr std::uint8_t page_version = 1;

/// No balance or sum of balances is more than the supply, so one out of range is a broken
/// invariant.
void add(std::int64_t& to, std::int64_t x) {
  BOURSE_ASSERT(!__builtin_add_overflow(to, x, &to));
}

} // namespace

accounts::accounts(const rules& r)
    : assets_(r.assets.size()),
      cells_(r.accounts.size() * assets_),
      open_orders_(r.accounts.size()),
      due_of_(r.accounts.size()),
      supply_(assets_),
      dirty_((r.accounts.size() + per_page - 1) / per_page, true),
      gained_(assets_),
      granted_(assets_) {
  for (std::size_t a = 0; a < r.accounts.size(); ++a) {
    auto& balances = r.accounts[a].balances;
    for (std::size_t i = 0; i < balances.size(); ++i) {
      cells_[a * assets_ + i].free = balances[i].value();
      add(supply_[i], balances[i].value());
    }
  }
}

accounts::cell& accounts::touch(account_id a, asset_id of) {
  auto i = index(a, of);
  touched_.push_back(i);
  mark_dirty(a);
  return cells_[i];
}

amount accounts::reserve(account_id a, asset_id of, std::int64_t wanted) {
  BOURSE_ASSERT(wanted >= 0);
  auto some = std::min(wanted, free(a, of));
  if (some > 0) {
    auto& c = touch(a, of);
    c.free -= some;
    add(c.held, some);
  }
  return amount{some};
}

void accounts::release(account_id a, asset_id of, amount to_free) {
  auto& c = touch(a, of);
  add(c.free, to_free.value());
  add(c.held, -to_free.value());
}

void accounts::pay(const transfer& t, purse from) {
  auto x = t.amount.value();
  BOURSE_ASSERT(x > 0);
  auto& gained = gained_[t.asset.value()];
  if (t.from != transfer::outside) {
    auto& c = touch(t.from, t.asset);
    add(from == purse::held ? c.held : c.free, -x);
    add(gained, -x);
  }
  if (t.to != transfer::outside) {
    add(touch(t.to, t.asset).free, x);
    add(gained, x);
  }
}

void accounts::announce(asset_id of, std::int64_t change) {
  add(supply_[of.value()], change);
  add(granted_[of.value()], change);
}

void accounts::end_block() {
  for (std::size_t i = 0; i < assets_; ++i) {
    BOURSE_ASSERT(gained_[i] == granted_[i]);
    gained_[i] = granted_[i] = 0;
  }
  for (auto i : touched_) {
    BOURSE_ASSERT(cells_[i].free >= 0);
    BOURSE_ASSERT(cells_[i].held >= 0);
  }
  touched_.clear();
}

void accounts::change_open_orders(account_id a, std::int32_t by) {
  auto& n = open_orders_[a.value()];
  auto changed = std::int64_t{n} + by;
  BOURSE_ASSERT(changed >= 0 && changed <= UINT32_MAX);
  all_open_orders_ += static_cast<std::uint64_t>(changed) - n;
  n = static_cast<std::uint32_t>(changed);
  mark_dirty(a);
}

void accounts::arm(account_id a, block_time due) {
  auto& current = due_of_[a.value()];
  if (current != block_time{})
    due_.erase({current, a});
  current = due;
  if (current != block_time{})
    due_.insert({current, a});
  mark_dirty(a);
}

std::vector<account_id> accounts::take_due(block_time now) {
  std::vector<account_id> result;
  while (!due_.empty() && due_.begin()->first <= now) {
    result.push_back(due_.begin()->second);
    arm(result.back(), block_time{});
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<balance> accounts::balances(account_id a) const {
  std::vector<balance> result;
  result.reserve(assets_);
  for (std::uint16_t i = 0; i < assets_; ++i) {
    asset_id of{i};
    result.push_back({of, amount{free(a, of)}, amount{held(a, of)}});
  }
  return result;
}

std::vector<amount> accounts::sums() const {
  std::vector<std::int64_t> sums(assets_);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    add(sums[i % assets_], cells_[i].free);
    add(sums[i % assets_], cells_[i].held);
  }
  std::vector<amount> result;
  for (auto s : sums)
    result.emplace_back(s);
  return result;
}

// A page: version, then of each of its accounts: when its switch is due, how many orders are open,
// how many balances follow; of each balance that is not zero, by asset: asset, free, held.
bytes accounts::encode_page(std::uint32_t page) const {
  page_writer out;
  out.put(page_version);
  auto end = std::min(size(), (page + 1) * per_page);
  for (auto a = page * per_page; a < end; ++a) {
    out.put(due_of_[a].value()).put(open_orders_[a]);
    auto count_at = out.size();
    std::uint16_t count = 0;
    out.put(count);
    for (std::size_t i = 0; i < assets_; ++i) {
      auto& c = cells_[a * assets_ + i];
      if (c.free == 0 && c.held == 0)
        continue;
      out.put(static_cast<std::uint16_t>(i)).put(c.free).put(c.held);
      ++count;
    }
    out.put_at(count_at, count);
  }
  return out.take();
}

void accounts::take_dirty_pages(std::vector<page_update>& to) {
  for (std::uint32_t page = 0; page < dirty_.size(); ++page) {
    if (!dirty_[page])
      continue;
    dirty_[page] = false;
    to.push_back({{page_kind::accounts, 0, page}, encode_page(page)});
  }
}

expected<void> accounts::restore(std::uint64_t page, byte_view content) {
  if (page >= dirty_.size())
    return fail(errc::corrupt, "page of accounts: there are fewer");
  page_reader in{content};
  in.require(in.get<std::uint8_t>() == page_version);
  auto first = static_cast<std::uint32_t>(page) * per_page;
  auto end = std::min(size(), first + per_page);
  for (auto a = first; a < end && in.ok(); ++a) {
    auto* cells = &cells_[a * assets_];
    std::fill(cells, cells + assets_, cell{});
    arm(account_id{a}, block_time{in.get<std::uint64_t>()});
    all_open_orders_ -= open_orders_[a];
    open_orders_[a] = in.get<std::uint32_t>();
    all_open_orders_ += open_orders_[a];
    auto count = in.get<std::uint16_t>();
    std::uint32_t next_asset = 0; // ascending, so that there is one way to write a page
    for (; count > 0 && in.ok(); --count) {
      auto asset = in.get<std::uint16_t>();
      cell c;
      c.free = in.get<std::int64_t>();
      c.held = in.get<std::int64_t>();
      in.require(asset >= next_asset && asset < assets_);
      in.require(c.free >= 0 && c.held >= 0 && c.held <= max_supply - c.free);
      in.require(c.free != 0 || c.held != 0);
      if (in.ok())
        cells[asset] = c;
      next_asset = asset + 1u;
    }
  }
  if (!in.done())
    return fail(errc::corrupt, "page of accounts " + std::to_string(page));
  dirty_[page] = false;
  return {};
}

} // namespace bourse::market
