#include "market/order_pages.hpp"

#include <algorithm>

#include "market/page_codec.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

namespace {

constexpr std::uint8_t page_version = 1;

enum order_flag : std::uint8_t { is_sell = 1, has_rank = 2, has_expiry = 4, has_traded = 8 };

constexpr std::uint64_t index_of(order_id id) {
  return id.value() >> order_pages::range_bits;
}

constexpr std::uint32_t offset_of(order_id id) {
  return static_cast<std::uint32_t>(id.value() & ((1u << order_pages::range_bits) - 1));
}

void write_order(page_writer& out, const order_book& book, order_slot slot) {
  auto& o = book[slot];
  auto& rare = book.rarity_of(slot);
  std::uint8_t flags = 0;
  flags |= o.side == side::sell ? is_sell : 0;
  flags |= rare.rank != 0 ? has_rank : 0;
  flags |= rare.expire_after.value() != 0 ? has_expiry : 0;
  flags |= rare.traded != traded{} ? has_traded : 0;
  out.put(static_cast<std::uint8_t>(offset_of(o.id)))
    .put(flags)
    .put(static_cast<std::uint8_t>(o.stp))
    .put(o.account.value())
    .put(o.client.value())
    .put(o.client_order.value())
    .put(book.price_of(slot).value())
    .put(o.quantity.value())
    .put(o.leaves.value());
  if (flags & has_rank)
    out.put(rare.rank);
  if (flags & has_expiry)
    out.put(rare.expire_after.value());
  if (flags & has_traded)
    out.put(rare.traded.as_maker).put(rare.traded.as_taker);
}

struct stored_order {
  order what;
  messages::price price;
  order_rarity rare;
};

/// Reads one order and requires of it what every open order has.
stored_order read_order(page_reader& in, std::uint64_t index, const rules& r) {
  stored_order s;
  auto& o = s.what;
  auto offset = in.get<std::uint8_t>();
  auto flags = in.get<std::uint8_t>();
  auto stp = in.get<std::uint8_t>();
  o.id = order_id{index << order_pages::range_bits | offset};
  o.side = flags & is_sell ? side::sell : side::buy;
  o.stp = static_cast<self_trade>(stp);
  o.account = account_id{in.get<std::uint32_t>()};
  o.client = client_id{in.get<std::uint32_t>()};
  o.client_order = client_order_id{in.get<std::uint64_t>()};
  s.price = messages::price{in.get<std::int64_t>()};
  o.quantity = quantity{in.get<std::int64_t>()};
  o.leaves = quantity{in.get<std::int64_t>()};
  if (flags & has_rank) {
    s.rare.rank = in.get<std::uint64_t>();
    in.require(s.rare.rank != 0);
  }
  if (flags & has_expiry) {
    s.rare.expire_after = sequence_number{in.get<std::uint64_t>()};
    in.require(s.rare.expire_after.value() != 0);
  }
  if (flags & has_traded) {
    s.rare.traded = {in.get<std::int64_t>(), in.get<std::int64_t>()};
    in.require(s.rare.traded != traded{} && s.rare.traded.as_maker >= 0
               && s.rare.traded.as_taker >= 0);
  }
  in.require(offset < 1u << order_pages::range_bits && flags < 16 && stp >= 1 && stp <= 3);
  in.require(o.account.value() < r.accounts.size() && o.client.value() < r.clients.size());
  in.require(o.client_order.value() != 0 && s.price.value() >= 1 && s.price.value() <= max_price);
  in.require(o.leaves.value() >= 1 && o.leaves <= o.quantity && o.quantity.value() <= max_quantity);
  return s;
}

} // namespace

void order_pages::added(order_book& book, order_slot slot) {
  auto id = book[slot].id;
  auto at = page_of(index_of(id));
  auto& members = pages_[at].members;
  member m{slot, offset_of(id)};
  // Ids ascend but for restored pages, so this is nearly always the end.
  auto where = members.end();
  while (where != members.begin() && std::prev(where)->offset > m.offset)
    --where;
  members.insert(where, m);
  book.set_page(slot, at);
  mark(at);
}

void order_pages::erased(const order_book& book, order_slot slot) {
  auto at = book[slot].page;
  auto& members = pages_[at].members;
  auto offset = offset_of(book[slot].id);
  auto found = std::find_if(members.begin(), members.end(),
                            [&](auto& m) { return m.offset == offset; });
  BOURSE_ASSERT(found != members.end() && found->slot == slot);
  members.erase(found);
  mark(at);
}

std::uint32_t order_pages::page_of(std::uint64_t index) {
  auto [entry, fresh] = by_index_.try_emplace(index, 0);
  if (!fresh)
    return entry->second;
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(pages_.size()));
    pages_.emplace_back();
  }
  entry->second = free_.back();
  free_.pop_back();
  pages_[entry->second].index = index;
  return entry->second;
}

void order_pages::mark(std::uint32_t at) {
  if (pages_[at].dirty)
    return;
  pages_[at].dirty = true;
  dirty_.push_back(at);
}

bytes order_pages::encode_page(const order_book& book, const page& p) const {
  page_writer out;
  out.put(page_version).put(static_cast<std::uint16_t>(p.members.size()));
  for (auto& m : p.members)
    write_order(out, book, m.slot);
  return out.take();
}

std::vector<page_update> order_pages::take_dirty(const order_book& book) {
  std::sort(dirty_.begin(), dirty_.end(),
            [&](auto a, auto b) { return pages_[a].index < pages_[b].index; });
  std::vector<page_update> updates;
  updates.reserve(dirty_.size());
  for (auto at : dirty_) {
    auto& p = pages_[at];
    p.dirty = false;
    page_key key{page_kind::orders, id_.value(), p.index};
    if (!p.members.empty()) {
      updates.push_back({key, encode_page(book, p)});
      p.told = true;
      continue;
    }
    if (p.told)
      updates.push_back({key, {}});
    by_index_.erase(p.index);
    p = {};
    free_.push_back(at);
  }
  dirty_.clear();
  return updates;
}

expected<void> order_pages::restore(order_book& book, const page_key& key, byte_view content,
                                   std::vector<order_slot>& slots) {
  auto corrupt = [&](const char* what) {
    return fail(errc::corrupt, "page of orders " + std::to_string(key.index) + " of instrument "
                                 + std::to_string(key.instrument) + ": " + what);
  };
  if (key.kind != page_kind::orders || key.instrument != id_.value())
    return corrupt("not a page of this book");
  if (by_index_.contains(key.index))
    return corrupt("twice");
  page_reader in(content);
  in.require(in.get<std::uint8_t>() == page_version);
  auto count = in.get<std::uint16_t>();
  in.require(count >= 1 && count <= 1u << range_bits);
  std::vector<stored_order> orders;
  for (int i = 0; i < count && in.ok(); ++i) {
    orders.push_back(read_order(in, key.index, rules_));
    in.require(i == 0 || orders[orders.size() - 2].what.id < orders.back().what.id);
  }
  if (!in.done())
    return corrupt("malformed");
  for (auto& s : orders) {
    auto best = book.best(opposite(s.what.side));
    bool crosses = best && (s.what.side == side::buy ? best->price <= s.price : best->price >= s.price);
    if (crosses)
      return corrupt("the book would cross");
    if (book.find(s.what.account, s.what.client_order) != no_order)
      return corrupt("an order id of a client twice");
    slots.push_back(book.add(s.what, s.price, s.rare));
    added(book, slots.back());
  }
  auto& p = pages_[page_of(key.index)];
  p.told = true;
  return {};
}

} // namespace bourse::market
