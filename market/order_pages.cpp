#include "market/order_pages.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "market/page_codec.hpp"
#include "market/prefetch.hpp"
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

/// Bytes of an order at most, and of what stands before the orders.
constexpr std::size_t order_bytes = 3 + 2 * 4 + 4 * 8 + 4 * 8;
constexpr std::size_t head_bytes = 3;

/// Like page_writer, into memory that was taken beforehand: millions of orders go through here.
class order_writer {
public:
  explicit order_writer(char* to) : to_(to) {}

  template <class T>
  order_writer& put(T x) {
    static_assert(std::is_integral_v<T> && std::endian::native == std::endian::little);
    std::memcpy(to_, &x, sizeof x);
    to_ += sizeof x;
    return *this;
  }
  char* end() const {
    return to_;
  }

private:
  char* to_;
};

void write_order(order_writer& out, const order_book& book, order_slot slot) {
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
stored_order read_order(page_reader& in, const page_key& key, const rules& r) {
  stored_order s;
  auto& o = s.what;
  auto offset = in.get<std::uint8_t>();
  auto flags = in.get<std::uint8_t>();
  auto stp = in.get<std::uint8_t>();
  o.id = order_id{key.index << order_pages::range_bits | offset};
  o.side = flags & is_sell ? side::sell : side::buy;
  o.stp = static_cast<self_trade>(stp);
  o.account = account_id{in.get<std::uint32_t>()};
  o.client = client_id{in.get<std::uint32_t>()};
  o.client_order = client_order_id{in.get<std::uint64_t>()};
  s.price = messages::price{in.get<std::int64_t>()};
  o.quantity = quantity{in.get<std::int64_t>()};
  o.leaves = quantity{in.get<std::int64_t>()};
  if (flags & has_rank)
    s.rare.rank = in.get<std::uint64_t>();
  if (flags & has_expiry)
    s.rare.expire_after = sequence_number{in.get<std::uint64_t>()};
  if (flags & has_traded)
    s.rare.traded = {in.get<std::int64_t>(), in.get<std::int64_t>()};
  in.require(offset < 1u << order_pages::range_bits && flags < 16 && stp >= 1 && stp <= 3);
  in.require(!(flags & has_rank) || s.rare.rank > o.id.value());
  in.require(!(flags & has_expiry) || s.rare.expire_after.value() >= o.id.value() >> 16);
  in.require(o.account.value() < r.accounts.size() && o.client.value() < r.clients.size());
  in.require(o.client_order.value() != 0 && s.price.value() >= 1 && s.price.value() <= max_price);
  in.require(o.leaves.value() >= 1 && o.leaves <= o.quantity && o.quantity.value() <= max_quantity);
  auto& t = s.rare.traded;
  in.require(t.as_maker >= 0 && t.as_taker >= 0 && (t != traded{}) == ((flags & has_traded) != 0));
  if (!in.ok())
    return s;
  // Only what was filled was traded; and what it holds is computed from all this.
  in.require((t != traded{}) == (o.filled() > 0));
  auto& on = r.instruments[key.instrument];
  in.require(limit_hold(on, o.side, s.price, o.leaves, t).has_value());
  return s;
}

/// Why an order can't stand in the book; nullptr if it can.
const char* conflict(const order_book& book, const stored_order& s) {
  if (book.find(s.what.account, s.what.client_order) != no_order)
    return "a client order id twice";
  auto best = book.best(opposite(s.what.side));
  if (best && (s.what.side == side::buy ? best->price <= s.price : best->price >= s.price))
    return "the book would cross";
  if (!checked_add(book.lots_at(s.what.side, s.price), s.what.leaves.value()))
    return "a level's lots leave their range";
  return nullptr;
}

} // namespace

void order_pages::added(order_book& book, order_slot slot) {
  auto index = index_of(book[slot].id);
  if (newest_ == no_page || pages_[newest_].index != index)
    newest_ = new_page(index);
  auto& p = pages_[newest_];
  p.members.push_back(slot);
  ++p.open;
  book.set_page(slot, newest_);
  mark(newest_);
}

void order_pages::end_block() {
  constexpr std::size_t ahead = 12;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (i + ahead < changes_.size())
      prefetch_line(&pages_[changes_[i + ahead].page]);
    auto [at, erased] = changes_[i];
    mark(at);
    if (erased && --pages_[at].open == 0 && !pages_[at].told)
      drop(at);
  }
  changes_.clear();
}

std::uint32_t order_pages::new_page(std::uint64_t index) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(pages_.size()));
    pages_.emplace_back();
  }
  auto at = free_.back();
  free_.pop_back();
  pages_[at].index = index;
  return at;
}

void order_pages::mark(std::uint32_t at) {
  auto& p = pages_[at];
  if (p.dirty_place != not_dirty)
    return;
  p.dirty_place = static_cast<std::uint32_t>(dirty_.size());
  dirty_.push_back(at);
}

void order_pages::drop(std::uint32_t at) {
  auto& p = pages_[at];
  if (p.dirty_place != not_dirty) {
    dirty_[p.dirty_place] = dirty_.back();
    pages_[dirty_.back()].dirty_place = p.dirty_place;
    dirty_.pop_back();
  }
  p.members = {};
  p.open = 0;
  p.dirty_place = not_dirty;
  p.told = false;
  free_.push_back(at);
  if (newest_ == at)
    newest_ = no_page;
}

/// Leaves the open orders, each once, ascending by id. A slot may have been given to another order
/// since, even to one of this page.
void order_pages::tidy(const order_book& book, page& p) const {
  constexpr std::size_t ahead = 12;
  auto& m = p.members;
  for (std::size_t i = 0; i < std::min(ahead, m.size()); ++i)
    prefetch_line(&book[m[i]]);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < m.size(); ++i) {
    if (i + ahead < m.size())
      prefetch_line(&book[m[i + ahead]]);
    if (index_of(book[m[i]].id) == p.index)
      m[kept++] = m[i];
  }
  m.resize(kept);
  auto before = [&](auto a, auto b) {
    return book[a].id < book[b].id;
  };
  if (!std::is_sorted(m.begin(), m.end(), before))
    std::sort(m.begin(), m.end(), before);
  m.erase(std::unique(m.begin(), m.end()), m.end());
  BOURSE_ASSERT(m.size() == p.open);
  if (m.capacity() > 4 * m.size())
    m.shrink_to_fit();
}

bytes order_pages::encode_page(const order_book& book, const page& p) const {
  std::array<char, head_bytes + (std::size_t{1} << range_bits) * order_bytes> content;
  order_writer out(content.data());
  out.put(page_version).put(static_cast<std::uint16_t>(p.members.size()));
  for (auto slot : p.members)
    write_order(out, book, slot);
  return {content.data(), out.end()};
}

std::vector<page_update> order_pages::take_dirty(const order_book& book) {
  std::sort(dirty_.begin(), dirty_.end(),
            [&](auto a, auto b) { return pages_[a].index < pages_[b].index; });
  std::vector<page_update> updates;
  updates.reserve(dirty_.size());
  for (auto at : dirty_) {
    auto& p = pages_[at];
    p.dirty_place = not_dirty;
    page_key key{page_kind::orders, id_.value(), p.index};
    if (p.open == 0) {
      updates.push_back({key, {}});
      drop(at);
      continue;
    }
    tidy(book, p);
    updates.push_back({key, encode_page(book, p)});
    p.told = true;
  }
  dirty_.clear();
  return updates;
}

expected<std::vector<order_slot>> order_pages::restore(order_book& book, const page_key& key,
                                                       byte_view content) {
  auto corrupt = [&](const char* what) {
    return fail(errc::corrupt, "page of orders " + std::to_string(key.index) + " of instrument "
                                   + std::to_string(key.instrument) + ": " + what);
  };
  if (key.kind != page_kind::orders || key.instrument != id_.value() || !key.packable()
      || key.index >> (16 - range_bits) == 0)
    return corrupt("not a page of this book");
  page_reader in(content);
  in.require(in.get<std::uint8_t>() == page_version);
  auto count = in.get<std::uint16_t>();
  in.require(count >= 1 && count <= 1u << range_bits);
  std::vector<stored_order> orders;
  for (int i = 0; i < count && in.ok(); ++i) {
    orders.push_back(read_order(in, key, rules_));
    in.require(i == 0 || orders[orders.size() - 2].what.id < orders.back().what.id);
  }
  if (!in.done())
    return corrupt("malformed");

  std::vector<order_slot> slots;
  for (auto& s : orders) {
    if (auto what = conflict(book, s)) {
      for (auto slot : slots)
        book.erase(slot);
      return corrupt(what);
    }
    slots.push_back(book.add(s.what, s.price, s.rare));
  }
  auto at = new_page(key.index);
  for (auto slot : slots)
    book.set_page(slot, at);
  pages_[at].members = slots;
  pages_[at].open = count;
  pages_[at].told = true;
  return slots;
}

} // namespace bourse::market
