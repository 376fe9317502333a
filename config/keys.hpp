// Key files of replicas and clients.
#pragma once

#include <filesystem>

#include "messages/crypto.hpp"
#include "messages/error.hpp"

namespace bourse::config {

using namespace messages;

/// A key file holds a 32-byte seed in hex, mode 0600. Refuses one that others may read.
/// Errors: not_found, config_invalid, io_failed.
expected<key_pair> load_key(const std::filesystem::path& file);
/// Creates the file (mode 0600); refuses to overwrite. Errors: io_failed.
expected<void> save_key(const std::filesystem::path& file, const key_pair& key);

} // namespace bourse::config
