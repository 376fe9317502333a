#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keys.hpp"

namespace bourse::config {

namespace {

constexpr std::size_t seed_size = 32;
constexpr std::size_t hex_size = 2 * seed_size;

std::string reason_of(int problem) {
  return std::generic_category().message(problem);
}

/// Memory that held a secret, wiped whichever way its owner ends.
template <std::size_t N, class T>
struct secret {
  std::array<T, N> data{};

  secret() = default;
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() {
    wipe(data.data(), sizeof data);
  }
};

class open_file {
public:
  explicit open_file(int descriptor) : descriptor_(descriptor) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }
  int get() const {
    return descriptor_;
  }

private:
  int descriptor_;
};

/// Reads until the buffer is full or the file ends. -1: an error.
ssize_t read_all(int descriptor, char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    auto n = ::read(descriptor, to + done, size - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

bool write_all(int descriptor, const char* from, std::size_t size) {
  while (size > 0) {
    auto n = ::write(descriptor, from, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    from += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

/// The file must be a plain one that only its owner can read.
expected<void> check_permissions(int descriptor, const std::filesystem::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    return fail(errc::io_failed, fmt::format("{}: {}", file.string(), reason_of(errno)));
  if (!S_ISREG(status.st_mode))
    return fail(errc::config_invalid, file.string() + ": is no plain file");
  if ((status.st_mode & 077) != 0)
    return fail(errc::config_invalid,
                fmt::format("{}: others than its owner may use this private key (mode {:04o}); if "
                            "none has, `chmod 600 {}`, else make a new key",
                            file.string(), status.st_mode & 07777U, file.string()));
  return {};
}

} // namespace

expected<key_pair> load_key(const std::filesystem::path& file) {
  // Without O_NONBLOCK a named pipe in the file's place would wait for a writer for ever.
  open_file in{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (in.get() < 0)
    return fail(errno == ENOENT ? errc::not_found : errc::io_failed,
                fmt::format("{}: {}", file.string(),
                            errno == ENOENT ? "no such key file; `bourse keygen` makes one"
                                            : reason_of(errno)));
  if (auto good = check_permissions(in.get(), file); !good)
    return tl::unexpected(good.error());
  secret<hex_size + 2, char> text; // the newline, and one more to see that nothing follows
  auto size = read_all(in.get(), text.data.data(), text.data.size());
  if (size < 0)
    return fail(errc::io_failed, fmt::format("{}: {}", file.string(), reason_of(errno)));
  secret<seed_size, std::uint8_t> seed;
  std::size_t decoded = 0;
  auto ends = size == hex_size || (size == hex_size + 1 && text.data[hex_size] == '\n');
  if (!ends
      || sodium_hex2bin(seed.data.data(), seed_size, text.data.data(), hex_size, nullptr, &decoded,
                        nullptr)
             != 0
      || decoded != seed_size)
    return fail(errc::config_invalid,
                fmt::format("{}: is no key file, which holds {} hexadecimal digits and no more",
                            file.string(), hex_size));
  return key_pair::from_seed(seed.data);
}

expected<void> save_key(const std::filesystem::path& file, const key_pair& key) {
  secret<seed_size, std::uint8_t> seed;
  seed.data = key.seed();
  secret<hex_size + 1, char> text;
  sodium_bin2hex(text.data.data(), text.data.size(), seed.data.data(), seed_size);
  text.data[hex_size] = '\n'; // in place of the terminating zero
  open_file out{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (out.get() < 0)
    return fail(errc::io_failed,
                fmt::format("{}: {}", file.string(),
                            errno == EEXIST ? "exists already, and keys are never overwritten"
                                            : reason_of(errno)));
  // The mode of open() is subject to the umask, which may take even the owner's rights.
  if (::fchmod(out.get(), 0600) != 0 || !write_all(out.get(), text.data.data(), text.data.size())
      || ::fsync(out.get()) != 0) {
    auto problem = errno;
    ::unlink(file.c_str()); // half a key would only be found out later
    return fail(errc::io_failed, fmt::format("{}: {}", file.string(), reason_of(problem)));
  }
  return {};
}

} // namespace bourse::config
