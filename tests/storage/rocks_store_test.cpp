// What only the store on RocksDB can get wrong: locks, foreign files, and damage on the disk.
#define CAF_SUITE rocks_store
#include "tests/suite.hpp"

#include <rocksdb/db.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "storage/rocks_store.hpp"
#include "tests/storage/test_disk.hpp"

using namespace bourse::storage;
using namespace bourse::tests;

namespace {

/// A directory on the real disk, gone at the end.
class scratch_directory {
public:
  scratch_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "bourse-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const char* name) const {
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

rocks_options at(const std::filesystem::path& directory) {
  rocks_options o;
  o.directory = directory;
  o.write_buffer_mb = 4;
  return o;
}

void put(store& s, family f, bytes key, bytes value) {
  write_batch batch;
  batch.put(f, std::move(key), std::move(value));
  CAF_REQUIRE(s.write(batch, durability::synced).has_value());
}

using content = std::map<std::pair<family, bytes>, bytes>;

expected<content> read_all(const store& s) {
  content out;
  for (std::size_t i = 0; i < family_count; ++i) {
    auto f = static_cast<family>(i);
    auto ok = s.scan(f, "", "", [&](byte_view k, byte_view v) {
      out[{f, bytes{k}}] = v;
      return true;
    });
    if (!ok)
      return tl::unexpected{ok.error()};
  }
  return out;
}

bytes noise(std::mt19937_64& random, std::size_t size) {
  bytes out(size, '\0');
  for (auto& c : out)
    c = static_cast<char>(random());
  return out;
}

/// A ledger-like mix: one big value and a few small ones a batch.
void fill(store& s, std::mt19937_64& random, int begin, int end, std::size_t big) {
  for (int i = begin; i < end; ++i) {
    write_batch batch;
    auto n = std::to_string(i);
    batch.put(family::bodies, "b" + n, noise(random, random() % big));
    batch.put(family::consensus, "v" + n, noise(random, 60));
    batch.put(family::reports, "r" + n, noise(random, 8));
    CAF_REQUIRE(s.write(batch, durability::synced).has_value());
  }
}

struct tally {
  int refused = 0;
  int failed_reads = 0;
  int harmless = 0;
};

/// Flips the bit, opens and reads everything: never may other content come out.
void flip(rocks_test_disk& disk, const std::map<std::string, std::string>& image,
          const content& truth, const std::string& name, std::size_t at, std::uint8_t bits,
          tally& count) {
  for (auto& present : disk.fs().names())
    if (!image.contains(present))
      disk.fs().remove(present);
  for (auto& [file, bytes] : image)
    disk.fs().overwrite(file, bytes);
  auto damaged = image.at(name);
  damaged[at] = static_cast<char>(damaged[at] ^ bits);
  disk.fs().overwrite(name, damaged);

  // Only reading, since background work that meets damage waits for a second before it gives up.
  auto s = disk.open_read_only();
  if (!s) {
    ++count.refused;
    return;
  }
  auto found = read_all(**s);
  if (!found)
    ++count.failed_reads;
  else if (*found == truth)
    ++count.harmless;
  else
    CAF_ERROR(name << ": byte " << at << " ^ " << int{bits} << " changes the content: "
                   << found->size() << " of " << truth.size() << " entries");
}

std::map<std::string, std::string> image_of(rocks_test_disk& disk) {
  std::map<std::string, std::string> out;
  for (auto& name : disk.fs().names())
    out[name] = disk.fs().read(name);
  return out;
}

/// Where the headers of records are in a log: seven bytes each.
std::vector<std::size_t> header_bytes(const std::string& log) {
  constexpr std::size_t block = 32 * 1024;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i + 7 <= log.size();) {
    if (block - i % block < 7) {
      i += block - i % block;
      continue;
    }
    for (std::size_t k = 0; k < 7; ++k)
      out.push_back(i + k);
    i += 7 + static_cast<std::uint8_t>(log[i + 4]) + 256 * static_cast<std::uint8_t>(log[i + 5]);
  }
  return out;
}

} // namespace

CAF_TEST(a database is made where there is none and found again) {
  scratch_directory scratch;
  auto options = at(scratch / "new/ledger");
  {
    auto s = open_rocks_store(options);
    CAF_REQUIRE(s.has_value());
    put(**s, family::meta, "a", "1");
  }
  auto s = open_rocks_store(options);
  CAF_REQUIRE(s.has_value());
  CAF_CHECK((*s)->get(family::meta, "a") == bytes{"1"});
}

CAF_TEST(a database in use is refused in plain words) {
  scratch_directory scratch;
  auto options = at(scratch / "ledger");
  auto first = open_rocks_store(options);
  CAF_REQUIRE(first.has_value());
  auto second = open_rocks_store(options);
  CAF_REQUIRE(!second);
  CAF_CHECK(second.error().code == errc::io_failed);
  CAF_CHECK(second.error().detail.find("in use") != bytes::npos);
}

CAF_TEST(an error names its database once) {
  CAF_CHECK_EQUAL(located({errc::corrupt, "no identity"}, "/data").detail, "/data: no identity");
  CAF_CHECK_EQUAL(located({errc::corrupt, "/data/000004.log: cut"}, "/data").detail,
                  "/data/000004.log: cut");
}

CAF_TEST(an impossible directory is refused) {
  auto s = open_rocks_store(at("/proc/no/such/place"));
  CAF_REQUIRE(!s);
  CAF_CHECK(s.error().code == errc::io_failed);
}

CAF_TEST(reading only sees everything and changes nothing) {
  scratch_directory scratch;
  auto options = at(scratch / "ledger");
  auto writer = open_rocks_store(options);
  CAF_REQUIRE(writer.has_value());
  put(**writer, family::blocks, "a", "1");
  options.read_only = true;
  auto s = open_rocks_store(options); // even while another has it open
  CAF_REQUIRE(s.has_value());
  CAF_CHECK((*s)->get(family::blocks, "a") == bytes{"1"});
  auto ok = (*s)->write({}, durability::buffered);
  CAF_REQUIRE(!ok);
  CAF_CHECK(ok.error().code == errc::io_failed);

  options.directory = scratch / "nothing here";
  s = open_rocks_store(options);
  CAF_REQUIRE(!s);
  CAF_CHECK(s.error().code == errc::io_failed);
  CAF_CHECK(!std::filesystem::exists(options.directory));
}

CAF_TEST(a database of another program is refused) {
  scratch_directory scratch;
  auto directory = scratch / "foreign";
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    CAF_REQUIRE(rocksdb::DB::Open(options, directory.string(), &raw).ok());
    std::unique_ptr<rocksdb::DB> db{raw};
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    CAF_REQUIRE(db->CreateColumnFamily({}, "theirs", &handle).ok());
    db->DestroyColumnFamilyHandle(handle);
  }
  auto s = open_rocks_store(at(directory));
  CAF_REQUIRE(!s);
  CAF_CHECK(s.error().code == errc::corrupt);
}

CAF_TEST(a directory that lost its CURRENT file is not started anew) {
  rocks_test_disk disk;
  {
    auto s = disk.open();
    CAF_REQUIRE(s.has_value());
    put(**s, family::meta, "a", "1");
  }
  auto current = disk.fs().read("/ledger/CURRENT");
  disk.fs().remove("/ledger/CURRENT");
  auto s = disk.open();
  CAF_REQUIRE(!s);
  CAF_CHECK(s.error().code == errc::corrupt);
  disk.fs().overwrite("/ledger/CURRENT", current);
  s = disk.open();
  CAF_REQUIRE(s.has_value());
  CAF_CHECK((*s)->get(family::meta, "a") == bytes{"1"});
}

CAF_TEST(a full disk is named) {
  rocks_test_disk disk;
  auto s = disk.open();
  CAF_REQUIRE(s.has_value());
  disk.fill_up_after(0);
  write_batch batch;
  batch.put(family::meta, "a", "1");
  auto ok = (*s)->write(batch, durability::synced);
  CAF_REQUIRE(!ok);
  CAF_CHECK(ok.error().detail.find("disk is full") != bytes::npos);
}

CAF_TEST(a flipped bit in the log is refused) {
  std::mt19937_64 random{7};
  rocks_test_disk disk;
  content truth;
  {
    auto s = disk.open();
    CAF_REQUIRE(s.has_value());
    fill(**s, random, 0, 12, 30'000); // below what makes it flush
    truth = *read_all(**s);
  }
  auto image = image_of(disk);
  tally count;
  for (auto& [name, bytes] : image) {
    if (!name.ends_with(".log") || bytes.empty())
      continue;
    for (auto i : header_bytes(bytes))
      for (int bit = 0; bit < 8; ++bit)
        flip(disk, image, truth, name, i, static_cast<std::uint8_t>(1 << bit), count);
    for (int i = 0; i < 500; ++i)
      flip(disk, image, truth, name, random() % bytes.size(),
           static_cast<std::uint8_t>(1 + random() % 255), count);
  }
  CAF_MESSAGE("refused " << count.refused << ", failed reads " << count.failed_reads
                         << ", harmless " << count.harmless);
  CAF_CHECK(count.refused > 1000);
  CAF_CHECK_EQUAL(count.failed_reads, 0);
}

CAF_TEST(a flipped bit in any other file never changes what is read) {
  std::mt19937_64 random{8};
  rocks_test_disk disk;
  content truth;
  for (int i = 0; i < 3; ++i) { // several tables and manifests
    auto s = disk.open();
    CAF_REQUIRE(s.has_value());
    fill(**s, random, 20 * i, 20 * i + 20, 60'000);
    truth = *read_all(**s);
  }
  auto image = image_of(disk);
  std::map<std::string, tally> counts;
  for (auto& [name, bytes] : image) {
    if (name.ends_with(".log") || bytes.empty())
      continue;
    auto kind = name.substr(name.find_last_of("./") + 1);
    kind = kind.substr(0, kind.find('-'));
    auto& count = counts[kind];
    if (kind == "MANIFEST")
      for (auto i : header_bytes(bytes))
        for (int bit : {0, 2, 7})
          flip(disk, image, truth, name, i, static_cast<std::uint8_t>(1 << bit), count);
    for (int i = 0; i < 80; ++i) {
      // Half of them near the end, where tables keep what describes them.
      auto at = random() % bytes.size();
      if (i % 2 == 0)
        at = bytes.size() - 1 - random() % std::min<std::size_t>(bytes.size(), 1000);
      flip(disk, image, truth, name, at, static_cast<std::uint8_t>(1 + random() % 255), count);
    }
  }
  for (auto& [kind, count] : counts)
    CAF_MESSAGE(kind << ": refused " << count.refused << ", failed reads " << count.failed_reads
                     << ", harmless " << count.harmless);
  CAF_CHECK(counts["sst"].refused + counts["sst"].failed_reads > 0);
  CAF_CHECK(counts["blob"].refused + counts["blob"].failed_reads > 0);
  CAF_CHECK(counts["MANIFEST"].refused > 0);
}

CAF_TEST(a file that was cut short is refused) {
  std::mt19937_64 random{9};
  rocks_test_disk disk;
  std::vector<std::map<std::string, std::string>> images; // first only logs, in the end tables too
  std::vector<content> truths;
  for (int i = 0; i < 3; ++i) {
    auto s = disk.open();
    CAF_REQUIRE(s.has_value());
    fill(**s, random, 20 * i, 20 * i + 20, 60'000);
    truths.push_back(*read_all(**s));
    s->reset();
    images.push_back(image_of(disk));
  }
  std::map<std::string, int> refused;
  auto cut = [&](const std::map<std::string, std::string>& image, const content& truth,
                 const std::string& name, std::size_t size) {
    for (auto& present : disk.fs().names())
      disk.fs().remove(present);
    for (auto& [file, bytes] : image)
      disk.fs().overwrite(file, file == name ? bytes.substr(0, size) : bytes);
    auto s = disk.open();
    if (!s) {
      if (s.error().code != errc::corrupt || s.error().detail.find("/ledger") == bytes::npos)
        CAF_ERROR(name << " cut to " << size << ": " << to_string(s.error()));
      ++refused[name.substr(name.find_last_of("./") + 1).substr(0, 4)];
      return;
    }
    // The end of a manifest may be missing where the logs still make it good.
    auto found = read_all(**s);
    if (!found || *found != truth)
      CAF_ERROR(name << ", " << image.at(name).size() << " bytes, cut to " << size << ": "
                     << (found ? std::to_string(found->size()) : to_string(found.error())) << " of "
                     << truth.size() << " entries");
  };
  for (auto i : {0, 2})
    for (auto& [name, bytes] : images[i])
      if (!bytes.empty() && !name.ends_with(".log")) {
        cut(images[i], truths[i], name, 0);
        cut(images[i], truths[i], name, bytes.size() - 1);
        for (int k = 0; k < 20; ++k)
          cut(images[i], truths[i], name, random() % bytes.size());
      }
  for (auto& [kind, n] : refused)
    CAF_MESSAGE(kind << ": refused " << n);
  for (auto* kind : {"sst", "blob", "MANI", "CURR"})
    CAF_CHECK(refused[kind] > 0);
}

CAF_TEST(what is erased by ranges gives its room back) {
  // As pruning does it. Compaction follows in the background, but writers wait for one that is far
  // behind, so the bound holds however slow it is.
  std::mt19937_64 random{10};
  rocks_test_disk disk;
  auto s = disk.open();
  CAF_REQUIRE(s.has_value());
  auto key = [](std::uint64_t n) {
    bytes out(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
      out[i] = static_cast<char>(n >> 8 * (7 - i));
    return out;
  };
  constexpr std::uint64_t all = 2500;
  constexpr std::uint64_t kept = 100;
  std::size_t written = 0;
  for (std::uint64_t n = 1; n <= all; ++n) {
    write_batch batch;
    batch.put(family::bodies, key(n), noise(random, 30'000));
    batch.put(family::blocks, key(n), noise(random, 3'000));
    batch.put(family::reports, key(n), noise(random, 16));
    written += batch.size_bytes();
    if (n % kept == 0 && n > kept)
      for (auto f : {family::bodies, family::blocks, family::reports})
        batch.erase_range(f, {}, key(n - kept));
    CAF_REQUIRE((*s)->write(batch, durability::buffered).has_value());
  }
  s->reset();
  std::size_t left = 0;
  for (auto& name : disk.fs().names())
    left += disk.fs().read(name).size();
  CAF_MESSAGE(left / 1000 << " of " << written / 1000 << " KB are left");
  CAF_CHECK(left < written / 2);
  s = disk.open();
  CAF_REQUIRE(s.has_value());
  auto content = read_all(**s);
  CAF_REQUIRE(content.has_value());
  CAF_CHECK_EQUAL(content->size(), 3 * (kept + 1));
}
