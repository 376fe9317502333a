#include "actors/mapped_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bourse::actors {

using namespace messages;

expected<mapped_file> mapped_file::open(const std::filesystem::path& file) {
  auto failed = [&] {
    return fail(errno == ENOENT ? errc::not_found : errc::io_failed,
                file.string() + ": " + std::generic_category().message(errno));
  };
  auto descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return failed();
  std::shared_ptr<void> closer{nullptr, [descriptor](void*) {
                                 ::close(descriptor);
                               }};
  struct stat about {};
  if (::fstat(descriptor, &about) != 0)
    return failed();
  if (!S_ISREG(about.st_mode))
    return fail(errc::io_failed, file.string() + ": is no regular file");
  mapped_file out;
  auto size = static_cast<std::size_t>(about.st_size);
  if (size == 0)
    return out;
  auto* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (at == MAP_FAILED)
    return failed();
  out.mapping_ = {at, [size](void* p) {
                    ::munmap(p, size);
                  }};
  out.view_ = {static_cast<const char*>(at), size};
  return out;
}

} // namespace bourse::actors
