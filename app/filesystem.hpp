// Which file system data lies on: a figure measured in memory says nothing about disks.
#pragma once

#include <filesystem>
#include <string>

#include "messages/error.hpp"

namespace bourse::app {

struct filesystem_info {
  std::string type;       ///< "ext4", "tmpfs", ...; the number of one that has no name here
  bool in_memory = false; ///< syncing costs nothing and keeps nothing: measurements don't count
};

/// Of an existing file or folder. Errors: io_failed.
messages::expected<filesystem_info> filesystem_of(const std::filesystem::path& path);

/// Whether a file can be written there, to be asked before a long run whose outcome goes into it.
/// Changes nothing. Errors: io_failed.
messages::expected<void> check_writable(const std::filesystem::path& file);

/// Where temporary data goes: TMPDIR, or else the first of /tmp and /var/tmp that is on a disk.
std::filesystem::path temporary_parent();

} // namespace bourse::app
