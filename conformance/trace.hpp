// What one replica did, as bytes that last: the form in which steps leave a node to be checked
// elsewhere. PROTOCOL 18 has the layout.
#pragma once

#include <optional>
#include <string_view>

#include "conformance/step.hpp"
#include "messages/error.hpp"

namespace bourse::conformance {

inline constexpr std::string_view trace_magic = "bourse trace 2\n";
inline constexpr std::size_t trace_header_bytes = trace_magic.size() + 32 + 2 + 2 + 4 + 4 + 4;
/// A longer record is damage: the longest are starts, with certificates of a whole window.
inline constexpr std::uint32_t longest_record = 32U << 20;
/// Around the content: its length, the length's checksum, and behind it its own.
inline constexpr std::size_t record_front_bytes = 4 + 4;
inline constexpr std::size_t record_back_bytes = 4;

/// With which a trace begins. It is of one replica, and of all its lives.
bytes trace_header(const identity& who);
/// Blocks are left out: their digests are what replicas agree on.
bytes trace_record(std::uint64_t time_ns, const event& e);
/// The last record of a trace that has reached its limit: what comes after is not known.
bytes trace_end();

/// Total: whatever the bytes are it ends, with steps or an error, and takes no more memory than the
/// bytes justify.
class trace_reader {
public:
  /// `all` outlives it. Errors: malformed, unsupported_version.
  static expected<trace_reader> open(byte_view all);

  const identity& who() const {
    return who_;
  }
  /// Nothing at the end. Errors: malformed, too_large, each with the record's number and place.
  expected<std::optional<step>> next();
  /// Past the next record, without looking at more than its length; false at the end. Errors: as
  /// of `next`.
  expected<bool> skip();

  /// Records that `next` or `skip` has passed: the first is 1.
  std::size_t records() const {
    return records_;
  }
  /// Where the next record begins.
  std::size_t place() const {
    return at_;
  }
  /// At the end: the trace had reached its limit ...
  bool full() const {
    return full_;
  }
  /// ... or its last record is not whole: its writer was stopped in the middle of it.
  bool cut_off() const {
    return cut_off_;
  }
  /// So many bytes lie behind the last whole record.
  std::size_t left() const {
    return all_.size() - at_;
  }

private:
  explicit trace_reader(byte_view all) : all_(all) {}
  /// The next record's content, its checksum still to be looked at; nothing if there is no whole
  /// one.
  expected<std::optional<byte_view>> take_record();
  std::string where(std::size_t record, std::size_t at) const;

  byte_view all_;
  identity who_;
  std::size_t at_ = trace_header_bytes;
  std::size_t records_ = 0;
  bool full_ = false;
  bool cut_off_ = false;
};

} // namespace bourse::conformance
