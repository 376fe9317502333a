// What every store promises, on both disks.
#define CAF_SUITE store
#include "tests/suite.hpp"

#include "storage/store.hpp"
#include "tests/storage/test_disk.hpp"

using namespace bourse::storage;
using namespace bourse::tests;

namespace {

std::unique_ptr<store> opened(test_disk& disk) {
  CAF_MESSAGE("on " << disk.name());
  auto s = disk.open();
  if (!s)
    CAF_FAIL(to_string(s.error()));
  return std::move(*s);
}

std::unique_ptr<store> reopened_after_crash(test_disk& disk, std::unique_ptr<store> s) {
  disk.crash(std::move(s), [](std::size_t) { return 0; });
  return opened(disk);
}

void put(store& s, family f, bytes key, bytes value, durability how = durability::synced) {
  write_batch batch;
  batch.put(f, std::move(key), std::move(value));
  auto ok = s.write(batch, how);
  if (!ok)
    CAF_FAIL(to_string(ok.error()));
}

bytes get(const reader& s, family f, byte_view key) {
  auto value = s.get(f, key);
  if (!value)
    CAF_FAIL(to_string(value.error()));
  return value->value_or("(none)");
}

/// "key=value " for each entry that a scan visits.
bytes listed(const reader& s, family f, byte_view from, byte_view to, std::size_t at_most = 100) {
  bytes out;
  auto ok = s.scan(f, from, to, [&](byte_view key, byte_view value) {
    out.append(key).append("=").append(value).append(" ");
    return --at_most > 0;
  });
  return ok ? out : to_string(ok.error());
}

bytes last(const reader& s, family f, byte_view from, byte_view to) {
  auto found = s.last(f, from, to);
  if (!found)
    return to_string(found.error());
  return *found ? (*found)->first + "=" + (*found)->second : "(none)";
}

} // namespace

CAF_TEST(a written value is read back in its family alone) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    put(*s, family::blocks, "a", "1");
    CAF_CHECK_EQUAL(get(*s, family::blocks, "a"), "1");
    CAF_CHECK_EQUAL(get(*s, family::bodies, "a"), "(none)");
    CAF_CHECK_EQUAL(get(*s, family::blocks, "b"), "(none)");
    put(*s, family::blocks, "a", "2");
    CAF_CHECK_EQUAL(get(*s, family::blocks, "a"), "2");
  }
}

CAF_TEST(keys and values may be any bytes) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    auto key = bytes("\0\xff\0k", 4);
    auto value = bytes(300'000, '\0') + '\xff';
    put(*s, family::bodies, key, value);
    put(*s, family::bodies, "empty", "");
    CAF_CHECK(get(*s, family::bodies, key) == value);
    CAF_CHECK_EQUAL(get(*s, family::bodies, "empty"), "");
    s = reopened_after_crash(*disk, std::move(s));
    CAF_CHECK(get(*s, family::bodies, key) == value);
    CAF_CHECK_EQUAL(get(*s, family::bodies, "empty"), "");
  }
}

CAF_TEST(every family holds values) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    for (std::size_t i = 0; i < family_count; ++i)
      put(*s, static_cast<family>(i), "k", std::to_string(i));
    s = reopened_after_crash(*disk, std::move(s));
    for (std::size_t i = 0; i < family_count; ++i)
      CAF_CHECK_EQUAL(get(*s, static_cast<family>(i), "k"), std::to_string(i));
  }
}

CAF_TEST(a scan visits a range in order until told to stop) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    for (auto key : {"d", "a", "c", "b", "\xff"})
      put(*s, family::pages, key, "v");
    CAF_CHECK_EQUAL(listed(*s, family::pages, "", ""), "a=v b=v c=v d=v \xff=v ");
    CAF_CHECK_EQUAL(listed(*s, family::pages, {}, {}), "a=v b=v c=v d=v \xff=v ");
    CAF_CHECK_EQUAL(listed(*s, family::pages, "b", "d"), "b=v c=v ");
    CAF_CHECK_EQUAL(listed(*s, family::pages, "bb", ""), "c=v d=v \xff=v ");
    CAF_CHECK_EQUAL(listed(*s, family::pages, "", "", 2), "a=v b=v ");
    CAF_CHECK_EQUAL(listed(*s, family::pages, "d", "b"), "");
    CAF_CHECK_EQUAL(listed(*s, family::pages, "b", "b"), "");
    CAF_CHECK_EQUAL(listed(*s, family::reports, "", ""), "");
  }
}

CAF_TEST(a visitor of a scan may read) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    put(*s, family::pages, "a", "1");
    bytes seen;
    auto ok = s->scan(family::pages, "", "", [&](byte_view key, byte_view) {
      seen = get(*s, family::pages, key);
      return true;
    });
    CAF_CHECK(ok.has_value());
    CAF_CHECK_EQUAL(seen, "1");
  }
}

CAF_TEST(the last key of a range is found) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    CAF_CHECK_EQUAL(last(*s, family::blocks, "", ""), "(none)");
    for (auto key : {"a", "b", "d"})
      put(*s, family::blocks, key, key);
    CAF_CHECK_EQUAL(last(*s, family::blocks, "", ""), "d=d");
    CAF_CHECK_EQUAL(last(*s, family::blocks, {}, {}), "d=d");
    CAF_CHECK_EQUAL(last(*s, family::blocks, "", "d"), "b=b");
    CAF_CHECK_EQUAL(last(*s, family::blocks, "b", "c"), "b=b");
    CAF_CHECK_EQUAL(last(*s, family::blocks, "c", "d"), "(none)");
    CAF_CHECK_EQUAL(last(*s, family::blocks, "e", ""), "(none)");
    CAF_CHECK_EQUAL(last(*s, family::blocks, "d", "a"), "(none)");
    CAF_CHECK_EQUAL(last(*s, family::blocks, "", "a"), "(none)");
  }
}

CAF_TEST(a batch erases ranges first and then follows its order) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    for (auto key : {"a", "b", "c", "d"})
      put(*s, family::pages, key, "old");
    write_batch batch;
    batch.put(family::pages, "b", "new");
    batch.erase_range(family::pages, "b", "d");
    batch.put(family::pages, "c", "new");
    batch.erase(family::pages, "c");
    batch.erase(family::pages, "d");
    batch.put(family::pages, "d", "new");
    batch.erase(family::pages, "never there");
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
    CAF_CHECK_EQUAL(listed(*s, family::pages, "", ""), "a=old b=new d=new ");
    s = reopened_after_crash(*disk, std::move(s));
    CAF_CHECK_EQUAL(listed(*s, family::pages, "", ""), "a=old b=new d=new ");
  }
}

CAF_TEST(a range without an end reaches the end of the family) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    write_batch batch;
    batch.erase_range(family::pages, "", "");
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
    for (auto key : {"a", "b", "\xff\xff"})
      put(*s, family::pages, key, "v");
    put(*s, family::blocks, "x", "v");
    batch.clear();
    batch.erase_range(family::pages, "b", "");
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
    CAF_CHECK_EQUAL(listed(*s, family::pages, "", ""), "a=v ");
    CAF_CHECK_EQUAL(listed(*s, family::blocks, "", ""), "x=v ");
    batch.clear();
    batch.erase_range(family::pages, "b", "a"); // empty
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
    CAF_CHECK_EQUAL(listed(*s, family::pages, "", ""), "a=v ");
  }
}

CAF_TEST(a snapshot stays as the content was) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    for (auto key : {"a", "b", "c", "d"})
      put(*s, family::pages, key, "1", durability::buffered);
    auto then = s->snapshot();
    put(*s, family::pages, "b", "2");
    put(*s, family::pages, "e", "2");
    put(*s, family::blocks, "a", "2");
    write_batch batch;
    batch.erase(family::pages, "a");
    batch.erase_range(family::pages, "c", "e");
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());
    auto later = s->snapshot();
    batch.clear();
    batch.erase_range(family::pages, "", "");
    CAF_REQUIRE(s->write(batch, durability::synced).has_value());

    CAF_CHECK_EQUAL(listed(*then, family::pages, "", ""), "a=1 b=1 c=1 d=1 ");
    CAF_CHECK_EQUAL(listed(*then, family::pages, "b", "d"), "b=1 c=1 ");
    CAF_CHECK_EQUAL(listed(*then, family::pages, "", "", 1), "a=1 ");
    CAF_CHECK_EQUAL(get(*then, family::pages, "b"), "1");
    CAF_CHECK_EQUAL(get(*then, family::pages, "e"), "(none)");
    CAF_CHECK_EQUAL(get(*then, family::blocks, "a"), "(none)");
    CAF_CHECK_EQUAL(last(*then, family::pages, "", ""), "d=1");
    CAF_CHECK_EQUAL(last(*then, family::pages, "", "c"), "b=1");
    CAF_CHECK_EQUAL(last(*then, family::blocks, "", ""), "(none)");
    CAF_CHECK_EQUAL(listed(*later, family::pages, "", ""), "b=2 e=2 ");
    CAF_CHECK_EQUAL(listed(*s, family::pages, "", ""), "");
  }
}

CAF_TEST(an empty synced batch makes earlier writes durable) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    put(*s, family::meta, "k", "v", durability::buffered);
    CAF_CHECK(s->write({}, durability::buffered).has_value());
    CAF_CHECK(s->write({}, durability::synced).has_value());
    s = reopened_after_crash(*disk, std::move(s));
    CAF_CHECK_EQUAL(get(*s, family::meta, "k"), "v");
  }
}

CAF_TEST(what was not synced may be lost and what was synced is kept) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    put(*s, family::meta, "a", "synced");
    put(*s, family::meta, "a", "buffered", durability::buffered);
    put(*s, family::meta, "b", "buffered", durability::buffered);
    CAF_CHECK_EQUAL(get(*s, family::meta, "a"), "buffered");
    s = reopened_after_crash(*disk, std::move(s));
    CAF_CHECK_EQUAL(get(*s, family::meta, "a"), "synced");
    CAF_CHECK_EQUAL(get(*s, family::meta, "b"), "(none)");
  }
}

CAF_TEST(a synced write takes the buffered ones before it along) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    put(*s, family::meta, "a", "1", durability::buffered);
    put(*s, family::blocks, "b", "2", durability::buffered);
    put(*s, family::meta, "c", "3");
    s = reopened_after_crash(*disk, std::move(s));
    CAF_CHECK_EQUAL(get(*s, family::meta, "a"), "1");
    CAF_CHECK_EQUAL(get(*s, family::blocks, "b"), "2");
    CAF_CHECK_EQUAL(get(*s, family::meta, "c"), "3");
  }
}

CAF_TEST(after a failed write every later one fails and reads go on) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    put(*s, family::meta, "a", "1");
    disk->fill_up_after(3);
    write_batch batch;
    batch.put(family::meta, "b", "2");
    auto ok = s->write(batch, durability::synced);
    for (int i = 0; i < 10 && ok; ++i)
      ok = s->write(batch, durability::synced);
    CAF_REQUIRE(!ok);
    CAF_CHECK(ok.error().code == errc::io_failed);
    CAF_CHECK_EQUAL(get(*s, family::meta, "a"), "1");
    ok = s->write({}, durability::buffered);
    CAF_REQUIRE(!ok);
    CAF_CHECK(ok.error().code == errc::io_failed);

    s = reopened_after_crash(*disk, std::move(s));
    CAF_CHECK_EQUAL(get(*s, family::meta, "a"), "1");
    put(*s, family::meta, "c", "3");
    CAF_CHECK_EQUAL(get(*s, family::meta, "c"), "3");
  }
}

CAF_TEST(a disk that failed once stays failed though it recovers) {
  for (auto& disk : both_disks()) {
    auto s = opened(*disk);
    disk->fill_up_after(0);
    write_batch batch;
    batch.put(family::meta, "b", "2");
    CAF_CHECK(!s->write(batch, durability::synced));
    disk->fill_up_after(1'000'000);
    auto ok = s->write(batch, durability::synced);
    CAF_REQUIRE(!ok);
    CAF_CHECK(ok.error().code == errc::io_failed);
  }
}
