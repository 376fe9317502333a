// A file in memory, for what reads files by their names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/assert.hpp"

namespace bourse::fuzz {

class memory_file {
public:
  explicit memory_file(std::string_view content) : descriptor_(::memfd_create("input", 0)) {
    BOURSE_ASSERT(descriptor_ >= 0 && ::fchmod(descriptor_, 0600) == 0);
    BOURSE_ASSERT(::write(descriptor_, content.data(), content.size())
                  == static_cast<ssize_t>(content.size()));
  }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  ~memory_file() {
    ::close(descriptor_);
  }

  std::filesystem::path path() const {
    return "/proc/self/fd/" + std::to_string(descriptor_);
  }

private:
  int descriptor_;
};

} // namespace bourse::fuzz
