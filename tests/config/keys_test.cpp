#define CAF_SUITE keys
#include "tests/suite.hpp"

#include "config/keys.hpp"
#include "tests/config/files.hpp"

#include <sys/stat.h>

using namespace bourse::config;
using namespace bourse::tests;

namespace {

struct fixture {
  fixture() {
    init_crypto();
  }

  temporary_folder folder;
  std::filesystem::path file = folder.path() / "key";

  /// A key file with any content and mode.
  void put(const std::string& text, mode_t mode = 0600) {
    write(file, text);
    CAF_REQUIRE_EQUAL(::chmod(file.c_str(), mode), 0);
  }

  error problem() {
    auto key = load_key(file);
    CAF_REQUIRE(!key.has_value());
    return key.error();
  }
};

unsigned mode_of(const std::filesystem::path& file) {
  struct stat status {};
  CAF_REQUIRE_EQUAL(::stat(file.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

const std::string seed = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

} // namespace

CAF_TEST_FIXTURE_SCOPE(keys_tests, fixture)

CAF_TEST(a saved key is the same when it is loaded) {
  auto key = key_pair::generate();
  CAF_REQUIRE(save_key(file, key).has_value());
  auto loaded = load_key(file);
  CAF_REQUIRE(loaded.has_value());
  CAF_CHECK(loaded->identity() == key.identity());
  CAF_CHECK(loaded->seed() == key.seed());
}

CAF_TEST(only the owner may read a new key whatever the umask) {
  for (mode_t mask : {0, 022, 0277}) {
    auto before = ::umask(mask);
    std::filesystem::remove(file);
    CAF_CHECK(save_key(file, key_pair::generate()).has_value());
    ::umask(before);
    CAF_CHECK_EQUAL(mode_of(file), 0600u);
  }
}

CAF_TEST(a key is never overwritten) {
  put("precious");
  auto saved = save_key(file, key_pair::generate());
  CAF_REQUIRE(!saved.has_value());
  CAF_CHECK_EQUAL(saved.error().detail,
                  file.string() + ": exists already, and keys are never overwritten");
  CAF_CHECK_EQUAL(read(file), "precious");
}

CAF_TEST(a key is not written through a symbolic link) {
  std::filesystem::create_symlink(folder.path() / "elsewhere", file);
  CAF_CHECK(!save_key(file, key_pair::generate()).has_value());
  CAF_CHECK(!std::filesystem::exists(folder.path() / "elsewhere"));
}

CAF_TEST(a key that others may read is refused) {
  for (mode_t mode : {0640, 0604, 0660, 0666, 0610}) {
    put(seed + "\n", mode);
    auto e = problem();
    CAF_CHECK(e.code == errc::config_invalid);
    CAF_CHECK(e.detail.find("`chmod 600 " + file.string() + "`") != std::string::npos);
  }
  for (mode_t mode : {0600, 0400}) {
    put(seed + "\n", mode);
    CAF_CHECK(load_key(file).has_value());
  }
}

CAF_TEST(a missing key says how to make one) {
  auto e = problem();
  CAF_CHECK(e.code == errc::not_found);
  CAF_CHECK_EQUAL(e.detail, file.string() + ": no such key file; `bourse keygen` makes one");
}

CAF_TEST(what is no key is refused and never repeated) {
  for (const auto& text :
       {std::string{}, seed.substr(1), seed + "0", seed + "\n\n", seed + "x",
        seed.substr(0, 63) + "g", std::string(100000, 'a'), std::string(64, ' ')}) {
    put(text);
    auto e = problem();
    CAF_CHECK(e.code == errc::config_invalid);
    CAF_CHECK(e.detail.find(seed.substr(2, 10)) == std::string::npos);
    CAF_CHECK(e.detail.size() < file.string().size() + 100);
  }
}

CAF_TEST(a folder or a pipe is no key) {
  std::filesystem::create_directory(file);
  CAF_CHECK(!load_key(file).has_value());
  std::filesystem::remove(file);
  CAF_REQUIRE_EQUAL(::mkfifo(file.c_str(), 0600), 0);
  CAF_CHECK_EQUAL(problem().detail, file.string() + ": is no plain file");
}

CAF_TEST_FIXTURE_SCOPE_END()
