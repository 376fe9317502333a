#define CAF_SUITE records_stamps
#include "tests/suite.hpp"

#include <algorithm>
#include <vector>

#include "fairness/stamped.hpp"
#include "storage/records.hpp"
#include "tests/storage/ledger_store.hpp"

using namespace bourse::storage;
using namespace bourse::tests;
using bourse::fairness::about;
using bourse::fairness::name_of;

namespace {

template <class T>
T good(expected<T> x) {
  if (!x)
    CAF_FAIL(to_string(x.error()));
  return std::move(*x);
}

template <class T>
errc code_of(const expected<T>& x) {
  CAF_REQUIRE(!x.has_value());
  CAF_MESSAGE(to_string(x.error()));
  return x.error().code;
}

struct fixture : ledger_store {
  fixture() : ledger_store(1) {}

  void write(const write_batch& batch) {
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
  }

  /// Names from there on, at most so many; checks that each has its report.
  std::vector<chain_head> names(std::uint16_t from, std::uint64_t first, std::size_t most = 1000) {
    std::vector<chain_head> out;
    auto ok = load_reports(*s, replica_id{from}, report_index{first},
                           [&](const chain_head& name, signed_report r) -> expected<bool> {
                             CAF_CHECK(hash(r.body) == name.report);
                             out.push_back(name);
                             return out.size() < most;
                           });
    CAF_REQUIRE(ok.has_value());
    return out;
  }
  expected<void> read_all_reports() {
    return load_reports(*s, replica_id{0}, report_index{0},
                        [](auto&, auto) -> expected<bool> { return true; });
  }
  std::vector<signed_submission> pending() {
    std::vector<signed_submission> out;
    auto ok
        = load_pending(*s, [&](const submission_header& h, signed_submission b) -> expected<void> {
            CAF_CHECK(good(decode_submission_header(b.body)) == h);
            out.push_back(std::move(b));
            return {};
          });
    CAF_REQUIRE(ok.has_value());
    return out;
  }
  expected<void> read_all_pending() {
    return load_pending(*s, [](auto&, auto) -> expected<void> { return {}; });
  }
  /// As somebody's number n of that stream; bodies of different variants differ.
  submission_ptr body(std::uint32_t client, std::uint8_t stream, std::uint64_t n,
                      std::uint64_t variant = 0) {
    verified_submission out;
    out.content = {client_id{client},
                   stream_id{stream},
                   submission_number{n},
                   {cancel{account_id{0}, instrument_id{0}, client_order_id{variant}}}};
    out.source.body = encode(out.content);
    out.digest = hash(out.source.body);
    return std::make_shared<const verified_submission>(std::move(out));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(records_stamps_tests, fixture)

CAF_TEST(reports are found by name) {
  for (const auto& b : ledger.blocks())
    for (const auto& r : b.reports) {
      auto name = name_of(*r);
      CAF_CHECK(good(load_report(*s, name)) == r->source);
      name.index = name.index.next();
      CAF_CHECK(!good(load_report(*s, name)));
      name.index = r->content.index;
      name.report = hash("another");
      CAF_CHECK(!good(load_report(*s, name)));
    }
}

CAF_TEST(reports come by replica and index from any on) {
  auto all = names(0, 0);
  CAF_REQUIRE_EQUAL(all.size(), 4 * (block_count + 1)); // with the open slot
  CAF_CHECK(std::is_sorted(all.begin(), all.end()));
  for (std::uint16_t by = 0; by < 4; ++by)
    for (std::uint64_t i : {0, 1, 2, 7, 19, 20}) {
      chain_head from{replica_id{by}, report_index{i}, {}};
      auto first = std::lower_bound(all.begin(), all.end(), from);
      CAF_CHECK(names(by, i) == std::vector(first, all.end()));
    }
  CAF_CHECK(names(2, 5, 3) == std::vector(all.begin() + 2 * 19 + 4, all.begin() + 2 * 19 + 7));
  CAF_CHECK(names(4, 0).empty());
  CAF_CHECK(names(UINT16_MAX, UINT64_MAX).empty());
}

CAF_TEST(branches of a chain lie side by side and a report is written once) {
  auto r = block(5).reports[2];
  auto other = std::make_shared<verified_report>(*r);
  other->source.body += "x";
  other->digest = hash(other->source.body);
  auto before = names(0, 0).size();
  write_batch batch;
  append(batch, *r);
  append(batch, *other);
  write(batch);
  CAF_CHECK_EQUAL(names(0, 0).size(), before + 1);
  CAF_CHECK(good(load_report(*s, name_of(*r))) == r->source);
  CAF_CHECK(good(load_report(*s, name_of(*other))) == other->source);
}

CAF_TEST(reports under the wrong name are refused) {
  auto r = block(5).reports[1];
  auto payload = layout::packer{}.fixed(r->source.signature).raw(r->source.body).take();
  auto name = name_of(*r);
  name.report = hash("another");
  put(family::stamps, layout::chain_key(name), payload);
  CAF_CHECK(code_of(load_report(*s, name)) == errc::corrupt);
  CAF_CHECK(code_of(read_all_reports()) == errc::corrupt);
  name.report = hash("");
  put(family::stamps, layout::chain_key(name), payload.substr(0, 63));
  CAF_CHECK(code_of(load_report(*s, name)) == errc::corrupt);
}

CAF_TEST(keys of another form are refused) {
  for (const auto& key : {bytes{"r\xff"}, bytes{"s"}, layout::chain_key({}) + "x"}) {
    fixture other;
    other.put(family::stamps, key, "");
    CAF_CHECK(code_of(other.read_all_reports()) == errc::corrupt);
    CAF_CHECK(other.read_all_pending().has_value());
  }
  for (const auto& key : {bytes{"p"}, bytes{"b"}, bytes{"q"}, layout::pending_key({}, {}) + "x"}) {
    fixture other;
    other.put(family::stamps, key, "");
    CAF_CHECK(code_of(other.read_all_pending()) == errc::corrupt);
    CAF_CHECK(other.read_all_reports().has_value());
  }
}

CAF_TEST(damaged reports are refused) {
  auto name = name_of(*block(5).reports[1]);
  auto value = good(s->get(family::stamps, layout::chain_key(name)));
  CAF_REQUIRE(value.has_value());
  (*value)[value->size() / 2] ^= 4;
  write_batch batch;
  batch.put(family::stamps, layout::chain_key(name), *value);
  write(batch);
  CAF_CHECK(code_of(load_report(*s, name)) == errc::corrupt);
  CAF_CHECK(code_of(read_all_reports()) == errc::corrupt);
  CAF_CHECK(good(load_report(*s, name_of(*block(5).reports[0]))).has_value());
}

CAF_TEST(pending bodies stay until each is erased) {
  CAF_REQUIRE_EQUAL(pending().size(), 1u); // of the open slot
  CAF_CHECK(pending()[0] == ledger.pending()[0]->source);
  // By client, stream, number; 300 and 70,000 so that the order of bytes tells.
  std::vector all{body(2, 0, 5), body(2, 3, 300), body(2, 3, 70'000), body(300, 0, 1)};
  write_batch batch;
  for (auto i : {2, 0, 3, 1})
    append_pending(batch, *all[static_cast<std::size_t>(i)]);
  append_pending(batch, *all[1]); // again
  write(batch);
  auto found = pending();
  CAF_REQUIRE_EQUAL(found.size(), 5u);
  for (std::size_t i = 0; i < all.size(); ++i)
    CAF_CHECK(found[i + 1] == all[i]->source);
  batch.clear();
  erase_pending(batch, about(*all[1]).about, all[1]->digest);
  erase_pending(batch, about(*all[0]).about, all[3]->digest); // not there
  write(batch);
  CAF_CHECK_EQUAL(pending().size(), 4u);
}

CAF_TEST(a body that comes and goes in one batch is gone) {
  auto first = body(2, 0, 5);
  auto rival = body(2, 0, 5, 1);
  write_batch batch;
  append_pending(batch, *rival);
  write(batch);
  CAF_CHECK_EQUAL(pending().size(), 2u);
  batch.clear();
  append_pending(batch, *first);
  for (const auto& b : {first, rival})
    erase_pending(batch, about(*b).about, b->digest);
  write(batch);
  CAF_CHECK_EQUAL(pending().size(), 1u);
}

CAF_TEST(pending bodies under the wrong name are refused) {
  auto b = body(2, 0, 5);
  auto payload = layout::packer{}.fixed(b->source.signature).raw(b->source.body).take();
  put(family::stamps, layout::pending_key(about(*b).about, hash("another")), payload);
  CAF_CHECK(code_of(read_all_pending()) == errc::corrupt);
}

CAF_TEST(an error of a visitor ends the reading) {
  int calls = 0;
  auto no = [&](auto&, auto) -> tl::unexpected<error> {
    ++calls;
    return fail(errc::malformed, "no");
  };
  CAF_CHECK(code_of(load_pending(*s, no)) == errc::malformed);
  CAF_CHECK(code_of(load_reports(*s, replica_id{0}, report_index{0}, no)) == errc::malformed);
  CAF_CHECK_EQUAL(calls, 2);
}

CAF_TEST_FIXTURE_SCOPE_END()
