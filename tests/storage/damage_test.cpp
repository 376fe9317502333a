// One flipped byte anywhere: the audit names a block at or before it, or the ledger is refused. It
// may pass only if nothing that is read has changed.
#define CAF_SUITE damage
#include "tests/suite.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <map>
#include <random>

#include "storage/audit.hpp"
#include "storage/layout.hpp"
#include "storage/memory_store.hpp"
#include "storage/rocks_tuning.hpp"
#include "tests/storage/base_steps.hpp"
#include "tests/storage/fake_ledger.hpp"
#include "tests/storage/test_disk.hpp"

using namespace bourse::storage;
using namespace bourse::tests;

namespace {

constexpr std::size_t block_count = 10;

/// The log begins behind 4 if it is pruned; 8 is the base to come.
void write_ledger(store& s, fake_ledger& ledger, bool pruned) {
  CAF_REQUIRE(open_for(s, ledger.cluster(), ledger.self).has_value());
  ledger.write_blocks(s, 6);
  if (pruned)
    write_next_base(s);
  ledger.write_blocks(s, block_count - 6);
  if (pruned)
    prune(s);
  write_next_base(s);
  ledger.write_open_slot(s);
}

std::uint64_t number_at(byte_view key, std::size_t at) {
  layout::unpacker in{key.substr(at)};
  return in.big_u64();
}

/// The block that a value is about, in a log that begins behind `before`; of others, the last
/// block.
std::uint64_t block_of(family f, byte_view key, byte_view value, std::uint64_t before) {
  switch (f) {
    case family::blocks:
    case family::bodies:
    case family::base:
      return number_at(key, 0);
    case family::results:
      return number_at(key, 1);
    case family::stamps: // every block names one more report of each replica
      if (key.front() == 'r' && number_at(key, 3) > before)
        return std::min<std::uint64_t>(number_at(key, 3), block_count);
      break;
    case family::reports:
      return layout::unpacker{value}.u64();
    case family::consensus:
      if (key.size() > 1)
        return number_at(key, key.front() == 'e' ? 9 : 1);
      break;
    case family::meta:
    case family::pages:
      break;
  }
  return block_count;
}

struct tally {
  int named = 0;
  int refused = 0;
  int harmless = 0;

  std::string text() const {
    return "named " + std::to_string(named) + ", refused " + std::to_string(refused) + ", harmless "
           + std::to_string(harmless);
  }
};

using image = std::map<std::string, std::string>;

image image_of(rocks_test_disk& disk) {
  image out;
  for (auto& name : disk.fs().names())
    out[name] = disk.fs().read(name);
  return out;
}

void restore(rocks_test_disk& disk, const image& from) {
  for (auto& name : disk.fs().names())
    if (!from.contains(name))
      disk.fs().remove(name);
  for (auto& [name, content] : from)
    disk.fs().overwrite(name, content);
}

/// Everything in tables and blob files, nothing in the log.
void flush(rocks_test_disk& disk) {
  auto o = disk.options();
  auto cache = rocksdb::NewLRUCache(1 << 20);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < family_count; ++i) {
    auto f = static_cast<family>(i);
    families.emplace_back(family_name(f), family_options(o, f, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  CAF_REQUIRE(
      rocksdb::DB::Open(database_options(o), o.directory.string(), families, &handles, &raw).ok());
  std::unique_ptr<rocksdb::DB> db{raw};
  CAF_REQUIRE(db->Flush({}, handles).ok());
  for (auto* h : handles)
    db->DestroyColumnFamilyHandle(h);
}

void flip(rocks_test_disk& disk, const image& good, const std::string& name, std::size_t at,
          std::uint8_t bits, const fake_ledger& ledger, tally& count) {
  restore(disk, good);
  auto damaged = good.at(name);
  damaged[at] = static_cast<char>(damaged[at] ^ bits);
  disk.fs().overwrite(name, damaged);
  auto s = disk.open_read_only();
  auto r = s ? verify_ledger(**s, ledger.genesis()) : tl::unexpected{s.error()};
  if (!r)
    ++count.refused;
  else if (r->problem)
    ++count.named;
  else if (r->executed == ledger.last() && r->chain == ledger.blocks().back().chain
           && r->without_results == 0)
    ++count.harmless;
  else
    CAF_ERROR(name << ": byte " << at << " ^ " << int{bits} << " shortens the ledger to "
                   << r->executed.value());
}

/// Flips bytes of every file whose name ends so.
tally flip_files(rocks_test_disk& disk, const fake_ledger& ledger, std::string_view ending,
                 int flips, std::mt19937_64& random) {
  auto good = image_of(disk);
  tally count;
  for (auto& [name, content] : good) {
    if (name.find(ending) == std::string::npos || content.empty())
      continue;
    for (int i = 0; i < flips; ++i)
      flip(disk, good, name, random() % content.size(),
           static_cast<std::uint8_t>(1 + random() % 255), ledger, count);
  }
  restore(disk, good);
  CAF_MESSAGE(ending << ": " << count.text());
  return count;
}

} // namespace

namespace {

void flip_values(bool pruned) {
  std::mt19937_64 random{11};
  fake_ledger ledger{11};
  memory_disk disk;
  auto s = open_memory_store(disk);
  write_ledger(*s, ledger, pruned);
  tally count;
  for (std::size_t i = 0; i < family_count; ++i) {
    auto f = static_cast<family>(i);
    std::vector<std::pair<bytes, bytes>> values;
    CAF_REQUIRE(s->scan(f, {}, {}, [&](byte_view k, byte_view v) {
                   values.emplace_back(k, v);
                   return true;
                 }).has_value());
    CAF_CHECK(!values.empty());
    for (auto& [key, value] : values)
      for (auto at : {std::size_t{0}, random() % value.size(), value.size() - 1}) {
        auto damaged = value;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 + random() % 255));
        write_batch batch;
        batch.put(f, key, damaged);
        CAF_REQUIRE(s->write(batch, durability::synced).has_value());
        auto r = verify_ledger(*s, ledger.genesis());
        count.refused += !r;
        count.named += r && r->problem;
        if (r && !r->problem)
          CAF_ERROR("not found: family " << to_string(f) << ", key " << to_hex(key));
        if (r && r->problem && r->problem->block.value() > block_of(f, key, value, pruned ? 4 : 0))
          CAF_ERROR("named too late: family " << to_string(f) << ", key " << to_hex(key) << ", as "
                                              << r->problem->block.value());
        batch.clear();
        batch.put(f, key, value);
        CAF_REQUIRE(s->write(batch, durability::synced).has_value());
      }
  }
  CAF_MESSAGE(count.text());
  auto r = verify_ledger(*s, ledger.genesis());
  CAF_CHECK(r && !r->problem);
}

} // namespace

CAF_TEST(a flipped byte in any stored value is named or refused) {
  flip_values(false);
}

CAF_TEST(a flipped byte in any stored value of a pruned ledger is named or refused) {
  flip_values(true);
}

CAF_TEST(a flipped byte in the files of RocksDB is named or refused or harmless) {
  std::mt19937_64 random{12};
  fake_ledger ledger{12};
  rocks_test_disk disk;
  {
    auto s = disk.open();
    CAF_REQUIRE(s.has_value());
    write_ledger(**s, ledger, true);
  }
  auto log = flip_files(disk, ledger, ".log", 150, random);
  CAF_CHECK_EQUAL(log.refused, 150);
  flush(disk);
  auto tables = flip_files(disk, ledger, ".sst", 30, random);
  CAF_CHECK(tables.refused + tables.named > 3 * tables.harmless);
  auto blobs = flip_files(disk, ledger, ".blob", 100, random);
  CAF_CHECK(blobs.refused + blobs.named > 3 * blobs.harmless);
  auto manifest = flip_files(disk, ledger, "MANIFEST", 100, random);
  CAF_CHECK_EQUAL(manifest.harmless, 0);
  flip_files(disk, ledger, "CURRENT", 20, random);
  auto s = disk.open();
  CAF_REQUIRE(s.has_value());
  auto r = verify_ledger(**s, ledger.genesis());
  CAF_CHECK(r && !r->problem);
}
