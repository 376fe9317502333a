#define CAF_SUITE pages
#include "tests/suite.hpp"

#include "market/pages.hpp"
#include "tests/market/samples.hpp"

#include <map>
#include <random>
#include <string>

using namespace bourse::market;
using bourse::market::samples::test_seed;

namespace {

using page_map = std::map<std::uint64_t, bytes>;

/// The root as the definition has it, from all pages at once.
digest naive_node(page_map::const_iterator from, page_map::const_iterator to, unsigned level) {
  if (level == 8) {
    bytes data(1, '\0');
    for (unsigned i = 0; i < 8; ++i)
      data += static_cast<char>(from->first >> (8 * i));
    return hash(data + from->second);
  }
  bytes data{1, static_cast<char>(level)};
  while (from != to) {
    auto byte = [&](auto i) {
      return static_cast<std::uint8_t>(i->first >> (8 * (7 - level)));
    };
    auto end = from;
    while (end != to && byte(end) == byte(from))
      ++end;
    data += static_cast<char>(byte(from));
    data += naive_node(from, end, level + 1).view();
    from = end;
  }
  return hash(data);
}

digest naive_root(const page_map& pages) {
  return pages.empty() ? hash("") : naive_node(pages.begin(), pages.end(), 0);
}

page_key key(page_kind kind, std::uint16_t instrument, std::uint64_t index) {
  return {kind, instrument, index};
}

} // namespace

CAF_TEST(keys pack and unpack) {
  auto k = key(page_kind::orders, 0xabcd, (std::uint64_t{1} << page_key::index_bits) - 1);
  CAF_CHECK(page_key::unpack(k.packed()) == k);
  CAF_CHECK(key(page_kind::accounts, 9, 9).packed() < key(page_kind::clients, 0, 0).packed());
  ++k.index;
  CAF_CHECK(!k.packable());
}

CAF_TEST(the root of nothing is the hash of nothing) {
  page_tree tree;
  CAF_CHECK(tree.root() == hash(""));
  tree.apply({{key(page_kind::orders, 1, 2), "x"}});
  CAF_CHECK(tree.root() != hash(""));
  tree.apply({{key(page_kind::orders, 1, 2), ""}});
  CAF_CHECK(tree.root() == hash(""));
  tree.apply({{key(page_kind::orders, 1, 2), ""}}); // gone already
  CAF_CHECK(tree.root() == hash(""));
}

CAF_TEST(roots equal those of a naive computation) {
  auto seed = test_seed();
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  page_map pages;
  page_tree tree;
  for (int round = 0; round < 300; ++round) {
    std::vector<page_update> updates;
    for (auto n = random() % 20; n > 0; --n) {
      // Few enough keys that pages are overwritten and removed, spread over all levels.
      auto k
          = key(static_cast<page_kind>(1 + random() % 4), static_cast<std::uint16_t>(random() % 3),
                (random() % 40) << (8 * (random() % 5)) & 0xff'ffff'ffff);
      bytes content = random() % 3 == 0 ? "" : std::to_string(random());
      if (content.empty())
        pages.erase(k.packed());
      else
        pages[k.packed()] = content;
      updates.push_back({k, content});
    }
    tree.apply(updates);
    if (random() % 2 == 0)
      CAF_REQUIRE(tree.root() == naive_root(pages));
  }
  CAF_CHECK(tree.root() == naive_root(pages));

  page_tree restored;
  for (auto i = pages.rbegin(); i != pages.rend(); ++i)
    restored.apply(page_key::unpack(i->first), i->second);
  CAF_CHECK(restored.root() == tree.root());
}

CAF_TEST(the state digest covers all its parts) {
  auto d = [](const char* x) {
    return hash(x);
  };
  auto it = state_digest(sequence_number{7}, d("chain"), d("root"));
  CAF_CHECK(it != state_digest(sequence_number{8}, d("chain"), d("root")));
  CAF_CHECK(it != state_digest(sequence_number{7}, d("chains"), d("root")));
  CAF_CHECK(it != state_digest(sequence_number{7}, d("chain"), d("roots")));
}
