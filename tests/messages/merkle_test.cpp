#define CAF_SUITE merkle
#include "tests/suite.hpp"

#include "messages/merkle.hpp"

#include "tests/messages/generators.hpp"

using namespace bourse::messages;

namespace {

struct tree {
  std::vector<bytes> data;
  std::vector<digest> leaves;

  explicit tree(std::uint32_t count) {
    splitmix64 random{count};
    for (std::uint32_t i = 0; i < count; ++i) {
      data.push_back(random_bytes(random, random.below(700)));
      leaves.push_back(merkle_leaf(data.back()));
    }
  }
  digest root() const {
    return merkle_root(leaves);
  }
};

digest node(const digest& left, const digest& right) {
  return hasher{}.add("\x01").add(left).add(right).finish();
}

/// RFC 6962, section 2.1, as it is written: the left half is the largest power of two.
digest rfc_root(std::span<const digest> leaves) {
  if (leaves.empty())
    return hash("");
  if (leaves.size() == 1)
    return leaves.front();
  std::size_t left = 1;
  while (left * 2 < leaves.size())
    left *= 2;
  return node(rfc_root(leaves.first(left)), rfc_root(leaves.subspan(left)));
}

} // namespace

CAF_TEST(a leaf is hashed behind its prefix) {
  for (std::size_t size : {0, 1, 510, 511, 512, 5000}) {
    bytes data(size, 'x');
    CAF_CHECK(merkle_leaf(data) == hash(bytes(1, '\0') + data));
  }
}

CAF_TEST(the root is that of RFC 6962) {
  for (std::uint32_t count = 0; count <= 70; ++count) {
    tree t{count};
    CAF_CHECK(t.root() == rfc_root(t.leaves));
  }
}

CAF_TEST(every path of every tree verifies) {
  for (std::uint32_t count = 1; count <= 40; ++count) {
    tree t{count};
    auto root = t.root();
    for (std::uint32_t i = 0; i < count; ++i)
      CAF_CHECK(merkle_verify(root, t.data[i], i, count, merkle_path(t.leaves, i)));
  }
}

CAF_TEST(forged paths are refused) {
  for (std::uint32_t count = 1; count <= 40; ++count) {
    tree t{count};
    auto root = t.root();
    for (std::uint32_t i = 0; i < count; ++i) {
      auto path = merkle_path(t.leaves, i);
      auto accepts
          = [&](byte_view data, std::uint32_t index, std::uint32_t of, const auto& siblings) {
              return merkle_verify(root, data, index, of, siblings);
            };
      CAF_CHECK(!accepts(t.data[i] + 'x', i, count, path));
      CAF_CHECK(!accepts(t.data[i], count, count, path));
      CAF_CHECK(!accepts(t.data[i], i, 0, path));
      CAF_CHECK(!merkle_verify(hash("another"), t.data[i], i, count, path));
      auto longer = path;
      longer.push_back(root);
      CAF_CHECK(!accepts(t.data[i], i, count, longer));
      for (std::uint32_t other = 0; other < count; ++other)
        if (other != i && accepts(t.data[i], other, count, path))
          CAF_FAIL("leaf " << i << " of " << count << " passed for leaf " << other);
      for (auto& sibling : path) {
        sibling.data[0] ^= 1;
        CAF_CHECK(!accepts(t.data[i], i, count, path));
        sibling.data[0] ^= 1;
      }
      if (!path.empty()) {
        path.pop_back();
        CAF_CHECK(!accepts(t.data[i], i, count, path));
      }
    }
  }
}

CAF_TEST(a node cannot be passed off as a leaf) {
  tree t{4};
  bytes pair{t.leaves[0].view()};
  pair += t.leaves[1].view();
  std::vector<digest> path{node(t.leaves[2], t.leaves[3])};
  CAF_CHECK(!merkle_verify(t.root(), pair, 0, 2, path));
  CAF_CHECK(!merkle_verify(t.root(), "\x01" + pair, 0, 2, path));
}

CAF_TEST(a huge count ends) {
  tree t{2};
  CAF_CHECK(!merkle_verify(t.root(), t.data[0], 0, UINT32_MAX, {}));
  CAF_CHECK(
      !merkle_verify(t.root(), t.data[0], UINT32_MAX - 1, UINT32_MAX, merkle_path(t.leaves, 0)));
}
