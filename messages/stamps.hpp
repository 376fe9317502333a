// When a replica saw what: stamps, and the signed reports that carry them, each naming the one
// before, so that a replica's reports are a chain (docs/PROTOCOL, "Blocks and their order").
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/crypto.hpp"
#include "messages/error.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

/// Microseconds since the Unix epoch by the clock of the replica that stamps, which never gives one
/// twice nor an earlier one later.
using stamp_time = strong<struct stamp_time_tag, std::uint64_t>;
/// Position of a report in its replica's chain; the first is 1.
using report_index = strong<struct report_index_tag, std::uint64_t>;

/// Far above every true time, and so low that sums of a few do not wrap.
inline constexpr stamp_time max_stamp_time{std::uint64_t{1} << 62};

/// "I hold this body, and everything that stands before it in its stream, since then."
struct stamp {
  submission_header about;
  digest body;
  stamp_time time;

  friend bool operator==(const stamp&, const stamp&) = default;
};

/// All stamps of a replica after the boundary of its previous report, up to `boundary`.
struct stamp_report {
  replica_id replica;
  report_index index;
  digest previous; ///< digest of the report before; the cluster id in the first
  stamp_time boundary;
  std::vector<stamp> stamps; ///< by time, each later than the one before

  friend bool operator==(const stamp_report&, const stamp_report&) = default;
};

/// A report as it travels and is stored: the exact bytes that the replica encoded, and its
/// signature of hash(body) (purpose::stamp_report). Its name everywhere is the digest of `body`.
struct signed_report {
  bytes body;
  messages::signature signature;

  friend bool operator==(const signed_report&, const signed_report&) = default;
};

/// A report that was decoded and whose signature was checked. Made once, then shared.
struct verified_report {
  signed_report source;
  messages::digest digest; ///< hash(source.body)
  stamp_report content;
};
using report_ptr = std::shared_ptr<const verified_report>;

/// A report of a replica's chain, as blocks name the newest.
struct chain_head {
  replica_id replica;
  report_index index;
  digest report;

  friend auto operator<=>(const chain_head&, const chain_head&) = default;
};

// -- what replicas tell each other ---------------------------------------------------------------

/// Own reports as they are made, or those that were asked for, of whichever replica.
struct stamp_reports {
  std::vector<signed_report> reports;

  friend bool operator==(const stamp_reports&, const stamp_reports&) = default;
};

/// Asks for reports. `sequence` is the lowest block that needs one of them, or may: so whoever has
/// pruned what led there can say so.
struct fetch_reports {
  sequence_number sequence;
  std::vector<chain_head> reports;

  friend bool operator==(const fetch_reports&, const fetch_reports&) = default;
};

// -- the codec -----------------------------------------------------------------------------------

/// Encodes for signing. Total for every value with ascending times.
bytes encode(const stamp_report& r);

/// Errors: malformed (also: an index of 0, times that do not ascend, a boundary before the last
/// stamp, either above max_stamp_time, a number of 0, no such stream), too_large (more than
/// `max_stamps`).
expected<stamp_report> decode_stamp_report(byte_view body, std::uint32_t max_stamps);

/// No report of so many stamps is longer.
std::size_t max_report_bytes(std::uint32_t max_stamps);

/// Signs and hashes.
report_ptr sign_report(stamp_report content, const key_pair& key, const digest& cluster);

/// Decodes and checks the signature against the key of the replica that the report names.
/// Errors: as decode_stamp_report, bad_signature, malformed (no such replica).
expected<report_ptr> verify_report(signed_report source, const std::vector<public_key>& keys,
                                   const digest& cluster, std::uint32_t max_stamps);

} // namespace bourse::messages

template <>
struct std::hash<bourse::messages::chain_head> {
  std::size_t operator()(const bourse::messages::chain_head& x) const noexcept {
    return std::hash<bourse::messages::digest>{}(x.report);
  }
};
