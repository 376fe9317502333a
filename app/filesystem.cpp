#include "app/filesystem.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace bourse::app {

namespace {

struct known_type {
  unsigned long magic;
  const char* name;
  bool in_memory;
};

// Numbers without a name stand in statfs(2), not in linux/magic.h.
constexpr std::array known_types{
    known_type{TMPFS_MAGIC, "tmpfs", true},
    known_type{RAMFS_MAGIC, "ramfs", true},
    known_type{EXT4_SUPER_MAGIC, "ext4", false}, // ext2 and ext3 have the same
    known_type{XFS_SUPER_MAGIC, "xfs", false},
    known_type{BTRFS_SUPER_MAGIC, "btrfs", false},
    known_type{F2FS_SUPER_MAGIC, "f2fs", false},
    known_type{OVERLAYFS_SUPER_MAGIC, "overlay", false},
    known_type{NFS_SUPER_MAGIC, "nfs", false},
    known_type{FUSE_SUPER_MAGIC, "fuse", false},
    known_type{0x2fc12fc1, "zfs", false},
    known_type{0x01021997, "9p", false},
};

} // namespace

messages::expected<filesystem_info> filesystem_of(const std::filesystem::path& path) {
  struct statfs found {};
  if (::statfs(path.c_str(), &found) != 0)
    return messages::fail(
        messages::errc::io_failed,
        fmt::format("{}: {}", path.string(), std::generic_category().message(errno)));
  // f_type is signed on some machines: the number's lower half is what counts.
  auto magic = static_cast<unsigned long>(found.f_type) & 0xffff'ffffUL;
  for (const auto& known : known_types)
    if (known.magic == magic)
      return filesystem_info{known.name, known.in_memory};
  return filesystem_info{fmt::format("{:#x}", magic), false};
}

messages::expected<void> check_writable(const std::filesystem::path& file) {
  std::error_code ignored;
  auto existed = std::filesystem::exists(file, ignored);
  errno = 0;
  std::ofstream out{file, std::ios::app};
  if (!out)
    return messages::fail(messages::errc::io_failed,
                          fmt::format("{} can't be written: {}", file.string(),
                                      std::generic_category().message(errno)));
  out.close();
  if (!existed)
    std::filesystem::remove(file, ignored);
  return {};
}

std::filesystem::path temporary_parent() {
  if (const auto* chosen = std::getenv("TMPDIR"); chosen != nullptr && *chosen != '\0')
    return chosen;
  for (const auto* candidate : {"/tmp", "/var/tmp"})
    if (auto info = filesystem_of(candidate); info && !info->in_memory)
      return candidate;
  return "/tmp";
}

} // namespace bourse::app
