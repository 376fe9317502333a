// A whole trace, held against the specification.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/spec_cluster.hpp"
#include "conformance/spec_replica.hpp"
#include "conformance/trace.hpp"

namespace bourse::conformance {

/// Names of the messages that replicas say to agree, such as "prepare"; "other" for all others.
std::string_view kind_of(const peer_message& m);

struct refused_step {
  std::size_t record = 0;    ///< the first is 1
  std::uint64_t time_ns = 0; ///< of the replica's clock
  std::string step;          ///< in words
  refusal why{};
};

struct trace_report {
  identity who;
  std::uint64_t steps = 0;
  std::uint64_t starts = 0;
  std::uint64_t heard = 0;
  std::map<std::string_view, std::uint64_t> said; ///< by kind_of
  std::uint64_t executed = 0;
  bool full = false;                ///< the trace ended at its limit
  bool cut_off = false;             ///< its last record is not whole ...
  std::uint64_t left_out_bytes = 0; ///< ... and has so many bytes
  std::optional<refused_step> refused;
};

/// Up to the first step that is refused. `all` of one cluster are held against each other by one
/// `cluster`. Errors: those of trace_reader.
expected<trace_report> check_trace(byte_view trace, const verifier& verify, spec_cluster& cluster);

} // namespace bourse::conformance
