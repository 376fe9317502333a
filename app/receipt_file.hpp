// A receipt as a file: a line that says what it is, the encoded receipt, and a checksum over both,
// so that any damage is told from forgery.
#pragma once

#include <filesystem>

#include "messages/client.hpp"
#include "messages/error.hpp"

namespace bourse::app {

/// Errors: io_failed.
messages::expected<void> write_receipt(const std::filesystem::path& file,
                                       const messages::receipt& r);
/// Says nothing about signatures, see config::verify_receipt. Errors: not_found, io_failed;
/// malformed if it is no receipt; corrupt if it is a damaged one.
messages::expected<messages::receipt> read_receipt(const std::filesystem::path& file);

} // namespace bourse::app
