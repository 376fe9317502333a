#include "messages/error.hpp"

namespace bourse::messages {

std::string_view to_string(errc code) {
  switch (code) {
    case errc::malformed:
      return "malformed";
    case errc::too_large:
      return "too_large";
    case errc::unsupported_version:
      return "unsupported_version";
    case errc::bad_signature:
      return "bad_signature";
    case errc::wrong_cluster:
      return "wrong_cluster";
    case errc::unknown_replica:
      return "unknown_replica";
    case errc::unknown_client:
      return "unknown_client";
    case errc::not_authorised:
      return "not_authorised";
    case errc::duplicate:
      return "duplicate";
    case errc::outside_window:
      return "outside_window";
    case errc::busy:
      return "busy";
    case errc::invalid_certificate:
      return "invalid_certificate";
    case errc::not_found:
      return "not_found";
    case errc::io_failed:
      return "io_failed";
    case errc::corrupt:
      return "corrupt";
    case errc::config_invalid:
      return "config_invalid";
    case errc::unreachable:
      return "unreachable";
    case errc::handshake_failed:
      return "handshake_failed";
    case errc::shutting_down:
      return "shutting_down";
    case errc::pruned:
      return "pruned";
  }
  return "unknown_error";
}

std::string to_string(const error& e) {
  std::string out{to_string(e.code)};
  if (!e.detail.empty()) {
    out += ": ";
    out += e.detail;
  }
  return out;
}

} // namespace bourse::messages
