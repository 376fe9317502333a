#define CAF_SUITE order_book
#include "tests/suite.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <list>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "market/expiry_index.hpp"
#include "market/level_index.hpp"
#include "market/line_arena.hpp"
#include "market/name_table.hpp"
#include "market/order_book.hpp"
#include "market/slab.hpp"
#include "messages/splitmix64.hpp"

using namespace bourse::market;

namespace {

order make_order(std::uint64_t id, std::uint32_t account, std::uint64_t name, side s,
                 std::int64_t lots) {
  order o;
  o.id = order_id{id};
  o.account = account_id{account};
  o.client_order = client_order_id{name};
  o.side = s;
  o.quantity = o.leaves = quantity{lots};
  return o;
}

using numbers = std::vector<std::uint64_t>;

numbers ids_of(const order_book& book, const level& l) {
  numbers result;
  for (auto slot = book.first(l); slot != no_order; slot = book.next(slot))
    result.push_back(book[slot].id.value());
  return result;
}

numbers ids_of(const order_book& book, account_id account) {
  numbers result;
  book.for_each_of(account, [&](order_slot slot) { result.push_back(book[slot].id.value()); });
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<std::int64_t> prices_of(const order_book& book, side s) {
  std::vector<std::int64_t> result;
  book.for_each_level(s, [&](const level& l) {
    result.push_back(l.price.value());
    return true;
  });
  return result;
}

/// What the book must be equal to, in the plainest terms.
struct plain_book {
  using name = std::pair<std::uint32_t, std::uint64_t>; // account, client order id

  struct entry {
    order o;
    std::int64_t price;
  };
  std::map<std::int64_t, std::list<name>> levels[2]; // by key: prices that grow towards the better
  std::map<name, entry> open;

  static int index(side s) {
    return s == side::sell;
  }
  static std::int64_t key(const entry& e) {
    return e.o.side == side::buy ? e.price : -e.price;
  }

  void add(const order& o, std::int64_t p) {
    name n{o.account.value(), o.client_order.value()};
    auto& e = open[n] = {o, p};
    levels[index(o.side)][key(e)].push_back(n);
  }
  void erase(name n) {
    auto& e = open[n];
    auto& side_levels = levels[index(e.o.side)];
    auto level = side_levels.find(key(e));
    level->second.remove(n);
    if (level->second.empty())
      side_levels.erase(level);
    open.erase(n);
  }
};

/// How many levels of one side differ.
int differing_levels(const order_book& book, plain_book& plain, side s) {
  auto& levels = plain.levels[plain_book::index(s)];
  auto expected = levels.rbegin();
  auto best = book.best(s);
  int result = (best == nullptr) != levels.empty();
  if (best && !levels.empty())
    result += best->price.value() != plain.open[expected->second.front()].price;
  book.for_each_level(s, [&](const level& l) {
    if (expected == levels.rend()) {
      ++result;
      return false;
    }
    numbers ids;
    std::int64_t lots = 0;
    for (const auto& name : expected->second) {
      ids.push_back(plain.open[name].o.id.value());
      lots += plain.open[name].o.leaves.value();
    }
    result += l.price.value() != plain.open[expected->second.front()].price || l.quantity != lots
              || l.orders != ids.size() || ids_of(book, l) != ids;
    ++expected;
    return true;
  });
  return result + (expected != levels.rend());
}

/// How many of the accounts 0 to 2 have others open.
int differing_accounts(const order_book& book, const plain_book& plain) {
  int result = 0;
  for (std::uint32_t account = 0; account < 3; ++account) {
    numbers expected;
    for (const auto& [name, e] : plain.open)
      if (name.first == account)
        expected.push_back(e.o.id.value());
    std::sort(expected.begin(), expected.end());
    result += ids_of(book, account_id{account}) != expected;
    result += book.size_of(account_id{account}) != expected.size();
  }
  return result;
}

/// A book and a plain one under the same operations.
class pair_of_books {
public:
  /// Narrow and wide, few names and many, so that levels, chunks and buckets come and go.
  explicit pair_of_books(std::uint64_t seed)
      : random_(seed),
        book_(seed),
        width_(seed % 3 == 0   ? std::uint64_t{1} << 40
               : seed % 3 == 1 ? 6
                               : 3000),
        names_(seed % 2 ? 50 : 1'000'000),
        stride_(seed % 4 == 0 ? 1024 : 1) {}

  void add(std::uint64_t id) {
    plain_book::name n{static_cast<std::uint32_t>(random_.below(3)),
                       (1 + random_.below(names_)) * stride_};
    auto taken = plain_.open.contains(n);
    wrong_ += taken != (book_.find(account_id{n.first}, client_order_id{n.second}) != no_order);
    if (taken)
      return;
    auto s = random_.below(2) ? side::buy : side::sell;
    auto p = static_cast<std::int64_t>(1 + (s == side::buy ? 0 : width_) + random_.below(width_));
    auto lots = static_cast<std::int64_t>(1 + random_.below(9));
    auto o = make_order(id, n.first, n.second, s, lots);
    book_.add(o, price{p});
    plain_.add(o, p);
    names_open_.push_back(n);
  }

  void fill_or_close() {
    if (names_open_.empty())
      return;
    auto& n = names_open_[random_.below(names_open_.size())];
    auto& e = plain_.open[n];
    auto slot = book_.find(account_id{n.first}, client_order_id{n.second});
    if (slot == no_order || book_[slot].id != e.o.id || book_.price_of(slot).value() != e.price) {
      ++wrong_;
      return;
    }
    if (e.o.leaves.value() > 1 && random_.below(3) == 0) {
      book_.reduce(slot, quantity{1});
      e.o.leaves = quantity{e.o.leaves.value() - 1};
      return;
    }
    book_.erase(slot);
    plain_.erase(n);
    n = names_open_.back();
    names_open_.pop_back();
  }

  void compare() {
    wrong_ += book_.size() != plain_.open.size();
    wrong_ += differing_levels(book_, plain_, side::buy);
    wrong_ += differing_levels(book_, plain_, side::sell);
    wrong_ += differing_accounts(book_, plain_);
  }

  bool chance(std::uint64_t percent) {
    return random_.below(100) < percent;
  }
  int wrong() const {
    return wrong_;
  }

private:
  splitmix64 random_;
  order_book book_;
  plain_book plain_;
  std::vector<plain_book::name> names_open_;
  std::uint64_t width_;
  std::uint64_t names_;
  std::uint64_t stride_;
  int wrong_ = 0;
};

} // namespace

CAF_TEST(orders of a level stand in the order of their coming) {
  order_book book;
  auto a = book.add(make_order(1, 7, 1, side::buy, 5), price{100});
  auto b = book.add(make_order(2, 8, 1, side::buy, 6), price{100});
  auto c = book.add(make_order(3, 7, 2, side::buy, 7), price{101});
  CAF_REQUIRE(book.best(side::buy) != nullptr);
  CAF_CHECK(book.best(side::sell) == nullptr);
  CAF_CHECK_EQUAL(book.best(side::buy)->price.value(), 101);
  CAF_CHECK_EQUAL(book.first(*book.best(side::buy)), c);
  CAF_CHECK_EQUAL(book.find(account_id{7}, client_order_id{1}), a);
  CAF_CHECK_EQUAL(book.find(account_id{8}, client_order_id{1}), b);
  CAF_CHECK_EQUAL(book.find(account_id{8}, client_order_id{2}), no_order);
  CAF_CHECK_EQUAL(book.find(account_id{99}, client_order_id{1}), no_order);

  book.erase(c);
  const auto* best = book.best(side::buy);
  CAF_CHECK_EQUAL(best->price.value(), 100);
  CAF_CHECK_EQUAL(best->quantity, 11);
  CAF_CHECK_EQUAL(best->orders, 2u);
  CAF_CHECK_EQUAL(book.first(*best), a);
  CAF_CHECK_EQUAL(book.next(a), b);
  CAF_CHECK_EQUAL(book.next(b), no_order);
  CAF_CHECK_EQUAL(book.price_of(b).value(), 100);
}

CAF_TEST(the best sell is the lowest) {
  order_book book;
  for (std::uint64_t p : {105, 103, 104, 110})
    book.add(make_order(p, 1, p, side::sell, 1), price{static_cast<std::int64_t>(p)});
  CAF_CHECK(prices_of(book, side::sell) == (std::vector<std::int64_t>{103, 104, 105, 110}));
}

CAF_TEST(fills and changes of size keep the place) {
  order_book book;
  auto a = book.add(make_order(1, 1, 1, side::sell, 10), price{50});
  book.add(make_order(2, 1, 2, side::sell, 10), price{50});
  book.reduce(a, quantity{4});
  CAF_CHECK_EQUAL(book[a].leaves.value(), 6);
  CAF_CHECK_EQUAL(book[a].filled(), 4);
  CAF_CHECK_EQUAL(book.best(side::sell)->quantity, 16);
  book.resize(a, quantity{9}, quantity{5});
  CAF_CHECK_EQUAL(book.best(side::sell)->quantity, 15);
  CAF_CHECK_EQUAL(book.first(*book.best(side::sell)), a);
}

CAF_TEST(an order keeps its name and rarities while it moves) {
  order_book book;
  auto a = book.add(make_order(1, 1, 1, side::buy, 10), price{50});
  auto b = book.add(make_order(2, 2, 1, side::buy, 10), price{50});
  CAF_CHECK_EQUAL(book.rank_of(a), 1u);
  book.unlist(a);
  CAF_CHECK_EQUAL(book.find(account_id{1}, client_order_id{1}), a);
  CAF_CHECK_EQUAL(book.best(side::buy)->quantity, 10);
  book.set_rarity(a, {.rank = 3, .expire_after = sequence_number{9}, .traded = {1, 2}});
  book.list(a, price{50}, quantity{8});
  CAF_CHECK(ids_of(book, *book.best(side::buy)) == (numbers{2, 1}));
  CAF_CHECK_EQUAL(book.best(side::buy)->quantity, 18);
  CAF_CHECK_EQUAL(book.rank_of(a), 3u);
  CAF_CHECK_EQUAL(book.rarity_of(a).traded.as_taker, 2);
  CAF_CHECK(book.rarity_of(b) == order_rarity{});
  book.rename(a, client_order_id{77});
  CAF_CHECK_EQUAL(book.find(account_id{1}, client_order_id{1}), no_order);
  CAF_CHECK_EQUAL(book.find(account_id{1}, client_order_id{77}), a);
  // Closing it frees them: the next order in its memory has none.
  book.erase(a);
  auto c = book.add(make_order(4, 1, 1, side::buy, 1), price{50});
  CAF_CHECK_EQUAL(book.rank_of(c), 4u);
  CAF_CHECK(book.rarity_of(c) == order_rarity{});
}

CAF_TEST(an order can be closed while it is in no level) {
  order_book book;
  auto a = book.add(make_order(1, 1, 1, side::buy, 10), price{50});
  book.unlist(a);
  CAF_CHECK(book.best(side::buy) == nullptr);
  book.erase(a);
  CAF_CHECK_EQUAL(book.size(), 0u);
  CAF_CHECK_EQUAL(book.find(account_id{1}, client_order_id{1}), no_order);
}

CAF_TEST(levels can be put in the order of ranks) {
  order_book book;
  for (std::uint64_t id : {5, 3, 9, 1, 7})
    book.add(make_order(id, 1, id, side::sell, 1), price{10}, {.rank = id == 1 ? 8u : 0u});
  book.sort_levels();
  CAF_CHECK(ids_of(book, *book.best(side::sell)) == (numbers{3, 5, 7, 1, 9}));
  CAF_CHECK_EQUAL(book.best(side::sell)->quantity, 5);
}

CAF_TEST(a long level can be put in the order of ranks) {
  order_book book;
  numbers expected;
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    book.add(make_order(id, 1, id, side::buy, 1), price{10}, {.rank = 5000 - id});
    expected.push_back(1001 - id);
  }
  book.sort_levels();
  CAF_CHECK(ids_of(book, *book.best(side::buy)) == expected);
}

CAF_TEST(a price may change sides) {
  order_book book;
  auto a = book.add(make_order(1, 1, 1, side::buy, 1), price{50});
  book.erase(a);
  book.add(make_order(2, 1, 1, side::sell, 1), price{50});
  CAF_CHECK(book.best(side::buy) == nullptr);
  CAF_CHECK(ids_of(book, *book.best(side::sell)) == (numbers{2}));
}

CAF_TEST(random operations leave what they leave in a plain book) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAF_MESSAGE("seed " << seed);
    pair_of_books books{seed};
    for (std::uint64_t id = 1; id <= 6000; ++id) {
      auto growing = id / 1500 % 2 == 0;
      if (books.chance(growing ? 70 : 30))
        books.add(id);
      else
        books.fill_or_close();
      if (id % 97 == 0)
        books.compare();
    }
    CAF_CHECK_EQUAL(books.wrong(), 0);
  }
}

CAF_TEST(a level index finds what is in it) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAF_MESSAGE("seed " << seed);
    splitmix64 random{seed};
    level_index index;
    std::map<std::int64_t, level_slot> plain;
    int wrong = 0;
    for (level_slot i = 0; i < 20'000; ++i) {
      auto key = static_cast<std::int64_t>(random.below(seed % 2 ? 900 : 100'000)) - 450;
      auto is_in = plain.contains(key);
      wrong += index.find(key) != (is_in ? plain[key] : no_level);
      auto growing = i / 4000 % 2 == 0;
      if (is_in && (!growing || random.below(4) == 0)) {
        index.erase(key);
        plain.erase(key);
      } else if (!is_in && (growing || random.below(4) == 0)) {
        index.insert(key, i);
        plain.emplace(key, i);
      }
      wrong += index.empty() != plain.empty();
      if (!plain.empty())
        wrong += index.best() != plain.rbegin()->second;
    }
    std::vector<level_slot> all;
    index.for_each([&](level_slot l) {
      all.push_back(l);
      return true;
    });
    std::vector<level_slot> expected;
    for (auto i = plain.rbegin(); i != plain.rend(); ++i)
      expected.push_back(i->second);
    CAF_CHECK_EQUAL(wrong, 0);
    CAF_CHECK(all == expected);
    for (const auto& [key, l] : plain)
      index.erase(key);
    CAF_CHECK(index.empty());
  }
}

CAF_TEST(a name table stays small after it was large) {
  line_arena arena;
  name_table table;
  auto tag = [](order_slot i) {
    return (i * 0x9e37'79b9U & ~7U) | 4 | i % 4;
  };
  for (order_slot i = 0; i < 100'000; ++i)
    table.insert(arena, tag(i), i);
  CAF_CHECK(table.bytes() <= 100'000 * 64);
  for (order_slot i = 0; i < 99'990; ++i)
    table.erase(arena, tag(i), i);
  CAF_CHECK(table.bytes() < 2048);
  std::set<order_slot> left;
  table.for_each([&](order_slot slot) { left.insert(slot); });
  CAF_CHECK_EQUAL(left.size(), 10u);
  int wrong = 0;
  for (order_slot i = 99'980; i < 100'000; ++i) {
    auto found = table.find(tag(i), [&](order_slot slot) { return slot == i; });
    wrong += found != (i < 99'990 ? no_order : i);
  }
  CAF_CHECK_EQUAL(wrong, 0);
}

CAF_TEST(names that collide are still told apart) {
  line_arena arena;
  name_table table;
  for (order_slot i = 0; i < 1000; ++i)
    table.insert(arena, 4, i);
  for (order_slot i = 0; i < 1000; i += 2)
    table.erase(arena, 4, i);
  int wrong = 0;
  for (order_slot i = 0; i < 1000; ++i)
    wrong += table.find(4, [&](order_slot slot) { return slot == i; }) != (i % 2 ? i : no_order);
  CAF_CHECK_EQUAL(wrong, 0);
  CAF_CHECK_EQUAL(table.size(), 500u);
}

CAF_TEST(arrays of an arena do not overlap and are used again) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAF_MESSAGE("seed " << seed);
    splitmix64 random{seed};
    line_arena arena;
    std::map<std::uintptr_t, unsigned> taken; // address and n
    int wrong = 0;
    auto bytes = [](unsigned n) {
      return line_arena::line_size << n;
    };
    for (int i = 0; i < 5000; ++i) {
      if (taken.size() < 300) {
        auto n = static_cast<unsigned>(random.below(12));
        auto at = reinterpret_cast<std::uintptr_t>(arena.take(n));
        auto [place, is_new] = taken.emplace(at, n);
        wrong += !is_new || at % bytes(0) != 0;
        if (place != taken.begin())
          wrong += std::prev(place)->first + bytes(std::prev(place)->second) > at;
        if (std::next(place) != taken.end())
          wrong += at + bytes(n) > std::next(place)->first;
      } else {
        for (auto some = random.below(200); some > 0; --some) {
          auto victim
              = std::next(taken.begin(), static_cast<std::ptrdiff_t>(random.below(taken.size())));
          arena.give(reinterpret_cast<void*>(victim->first), victim->second);
          taken.erase(victim);
        }
      }
    }
    CAF_CHECK_EQUAL(wrong, 0);
  }
  line_arena arena;
  for (unsigned n : {0U, 5U, 16U}) { // the last one is larger than a chunk
    auto array = arena.take(n);
    std::memset(array, 1, line_arena::line_size << n);
    arena.give(array, n);
    CAF_CHECK(arena.take(n) == array);
  }
}

CAF_TEST(objects of a slab stay where they are) {
  slab<std::array<std::uint64_t, 64>> objects;
  constexpr auto chunk = decltype(objects)::chunk_size;
  std::vector<const void*> places;
  for (std::uint32_t i = 0; i < 3 * chunk; ++i) {
    auto slot = objects.make();
    CAF_REQUIRE(slot == i);
    objects[slot].fill(i);
    places.push_back(&objects[slot]);
  }
  int wrong = 0;
  for (std::uint32_t i = 0; i < 3 * chunk; ++i)
    wrong += &objects[i] != places[i] || objects[i].front() != i || objects[i].back() != i;
  CAF_CHECK_EQUAL(wrong, 0);
  objects.free(chunk + 5);
  objects.free(7);
  CAF_CHECK_EQUAL(objects.make(), 7u);
  CAF_CHECK_EQUAL(objects.make(), chunk + 5);
}

CAF_TEST(the expiry index follows the open orders) {
  order_book book;
  expiry_index expiring;
  auto kept = book.add(make_order(1, 1, 1, side::buy, 1), price{10});
  expiring.add(book, kept, sequence_number{7});
  for (std::uint64_t id = 2; id < 10'000; ++id) {
    auto slot = book.add(make_order(id, 1, id, side::buy, 1), price{10});
    expiring.add(book, slot, sequence_number{5});
    expiring.closed(book);
    book.erase(slot);
  }
  CAF_CHECK(expiring.size() < 100);
  CAF_CHECK(expiring.take_due(book, sequence_number{7}).empty());
  CAF_CHECK(expiring.take_due(book, sequence_number{8}) == std::vector<order_slot>{kept});
  CAF_CHECK_EQUAL(expiring.size(), 0u);
}
