// A whole file for reading, without a copy of it in memory.
#pragma once

#include <filesystem>
#include <memory>

#include "messages/bytes.hpp"
#include "messages/error.hpp"

namespace bourse::actors {

/// Only what is in the file when it is opened; it may grow meanwhile, but not shrink.
class mapped_file {
public:
  /// Errors: not_found; io_failed, also for what is no regular file.
  static messages::expected<mapped_file> open(const std::filesystem::path& file);

  messages::byte_view view() const {
    return view_;
  }

private:
  std::shared_ptr<void> mapping_; ///< null if the file is empty
  messages::byte_view view_;
};

} // namespace bourse::actors
