// The project's errors: a code that a program can test and a detail that a person can read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace bourse::messages {

enum class errc : std::uint8_t {
  malformed = 1,       ///< bytes that do not decode, or a field outside its bounds
  too_large,           ///< longer than its stated limit
  unsupported_version, ///< a version that this program does not know
  bad_signature,       ///< a signature that does not verify
  wrong_cluster,       ///< made for another genesis
  unknown_replica,     ///< a replica id or key that the genesis does not name
  unknown_client,      ///< a client id or key that the genesis does not name
  not_authorised,      ///< a right that the sender does not have
  duplicate,           ///< a submission number that was executed before
  outside_window,      ///< a submission number beyond the client's credit
  busy,                ///< the sender is past its credit; try again later
  invalid_certificate, ///< a certificate without a valid quorum
  not_found,           ///< asked for something that is not held here
  io_failed,           ///< the file system or the database failed
  corrupt,             ///< stored data that contradicts its checksum, hash or signature
  config_invalid,      ///< a config or genesis file that breaks its schema
  unreachable,         ///< no answer from the other side in time
  handshake_failed,    ///< the other side could not prove who it is
  shutting_down,       ///< the service is ending
  pruned,              ///< asked for something that was held here and is not any more
};

/// A short, stable, lower-case name, such as "bad_signature".
std::string_view to_string(errc code);

struct error {
  errc code;
  /// What was wrong and where: names the file, line or field, for people.
  std::string detail;

  friend bool operator==(const error&, const error&) = default;
};

/// "bad_signature: submission 7 of client 2"
std::string to_string(const error& e);

template <class T>
using expected = tl::expected<T, error>;

inline tl::unexpected<error> fail(errc code, std::string detail = {}) {
  return tl::unexpected<error>(error{code, std::move(detail)});
}

} // namespace bourse::messages
