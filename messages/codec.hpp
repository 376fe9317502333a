// What the codecs share: bounded parsing, range checks, and a writer for the hottest messages. For
// inclusion by the *_codec.cpp alone, so that Protobuf stays inside them.
#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/consensus.hpp"
#include "messages/error.hpp"
#include "messages/types.hpp"

namespace bourse::wire {
class ChainHead;
class CheckpointStatement;
class CommitCertificate;
class FetchReports;
class PeerMessage;
class ReplicaSignature;
class ResultsStatement;
class SignedSubmission;
class StableCheckpoint;
class StampReports;
class Statement;
} // namespace bourse::wire

namespace bourse::messages::codec {

namespace pb = google::protobuf;

/// The bound of any list of signatures where the caller gives none: no cluster is larger.
inline constexpr std::size_t max_signatures = peer_limits{}.max_replicas;

/// Checks the size, then parses. `what` names the message in errors. Fields that the schema does
/// not know are skipped here; codecs of signed bytes refuse them by `is_canonical`. Errors:
/// too_large (more than `max_bytes`), malformed.
inline expected<void> parse(pb::MessageLite& into, byte_view encoded, std::size_t max_bytes,
                            const char* what) {
  // Protobuf counts in int.
  if (encoded.size() > max_bytes || encoded.size() > std::numeric_limits<int>::max())
    return fail(errc::too_large, what);
  if (!into.ParseFromArray(encoded.data(), static_cast<int>(encoded.size())))
    return fail(errc::malformed, what);
  return {};
}

/// How often a field stands in a message, and how many bytes of content it has in all.
struct tally {
  std::size_t count = 0;
  std::size_t bytes = 0;
};

/// Counts the field that a path of field numbers leads to, without parsing: a few bytes on the wire
/// can stand for many in memory, so long lists are counted before they are built. All but the last
/// of the path must be messages. Where the bytes do not parse it counts what comes before.
tally count_field(byte_view encoded, std::initializer_list<int> path);

/// Our schemas have no maps, so the same value always gives the same bytes.
inline bytes serialize(const pb::MessageLite& m) {
  bytes out;
  m.SerializeToString(&out);
  return out;
}

/// Memory for one parsed message of many parts, kept by the thread between messages. At most one
/// per thread at a time.
class scratch_arena {
public:
  scratch_arena() = default;
  scratch_arena(const scratch_arena&) = delete;
  scratch_arena& operator=(const scratch_arena&) = delete;
  ~scratch_arena() {
    storage().arena.Reset(); // keeps the first block, frees what a large message added
  }

  template <class Message>
  Message& make() {
    return *pb::Arena::CreateMessage<Message>(&storage().arena);
  }

private:
  struct memory {
    static constexpr std::size_t size = std::size_t{64} * 1024;
    std::unique_ptr<char[]> block{new char[size]};
    pb::Arena arena{block.get(), size};
  };
  static memory& storage() {
    thread_local memory m;
    return m;
  }
};

/// Sets `out` if `in` fits its type and is at most `max`.
template <class Strong, class Int>
bool read_unsigned(Strong& out, Int in,
                   std::uint64_t max = std::numeric_limits<typename Strong::rep>::max()) {
  static_assert(std::is_unsigned_v<Int> && std::is_unsigned_v<typename Strong::rep>);
  if (in > max)
    return false;
  out = Strong{static_cast<typename Strong::rep>(in)};
  return true;
}

/// Sets `out` if `in` is 0 to `max`.
template <class Strong>
bool read_signed(Strong& out, std::int64_t in,
                 std::int64_t max = std::numeric_limits<std::int64_t>::max()) {
  if (in < 0 || in > max)
    return false;
  out = Strong{in};
  return true;
}

/// Sets `out` if `in` is one of the values from `first` to `last`.
template <class Enum>
bool read_enum(Enum& out, int in, Enum first, Enum last) {
  if (in < static_cast<int>(first) || in > static_cast<int>(last))
    return false;
  out = static_cast<Enum>(in);
  return true;
}

inline bool read_price(price& out, std::int64_t in) {
  return read_signed(out, in, max_price);
}

inline bool read_quantity(quantity& out, std::int64_t in) {
  return read_signed(out, in, max_quantity);
}

// Digests in one piece, without separators.
bytes join(const std::vector<digest>& digests);
/// Sets `out`; the caller has checked that `in` holds whole digests and how many.
void split(std::vector<digest>& out, byte_view in);

// Parts that several messages have. Readers are false if a field is missing or outside its bounds.
void write(const statement& from, wire::Statement& to);
void write(const checkpoint_statement& from, wire::CheckpointStatement& to);
void write(const results_statement& from, wire::ResultsStatement& to);
void write(const replica_signature& from, wire::ReplicaSignature& to);
void write(const signed_submission& from, wire::SignedSubmission& to);
void write(const chain_head& from, wire::ChainHead& to);
template <class Repeated>
void write_all(const std::vector<replica_signature>& from, Repeated& to) {
  to.Reserve(static_cast<int>(from.size()));
  for (const auto& s : from)
    write(s, *to.Add());
}

bool read(statement& to, const wire::Statement& from);
bool read(chain_head& to, const wire::ChainHead& from);
bool read(checkpoint_statement& to, const wire::CheckpointStatement& from);
bool read(results_statement& to, const wire::ResultsStatement& from);
bool read(replica_signature& to, const wire::ReplicaSignature& from,
          std::size_t max_replicas = max_signatures);
template <class Repeated>
bool read_all(std::vector<replica_signature>& to, const Repeated& from,
              std::size_t max_replicas = max_signatures) {
  if (static_cast<std::size_t>(from.size()) > max_replicas)
    return false;
  to.resize(static_cast<std::size_t>(from.size()));
  for (std::size_t i = 0; i < to.size(); ++i)
    if (!read(to[i], from.Get(static_cast<int>(i)), max_replicas))
      return false;
  return true;
}
void write(const commit_certificate& from, wire::CommitCertificate& to);
void write(const stable_checkpoint& from, wire::StableCheckpoint& to);
bool read(commit_certificate& to, const wire::CommitCertificate& from, std::size_t max_replicas);
bool read(stable_checkpoint& to, const wire::StableCheckpoint& from, std::size_t max_replicas);

// What replicas say when they fetch a state: in state_codec.cpp.
void write(const fetch_state& from, wire::PeerMessage& to);
void write(const state_offer& from, wire::PeerMessage& to);
void write(const fetch_state_nodes& from, wire::PeerMessage& to);
void write(const state_nodes& from, wire::PeerMessage& to);
void write(const fetch_state_pages& from, wire::PeerMessage& to);
void write(const state_pages& from, wire::PeerMessage& to);
void write(const pruned& from, wire::PeerMessage& to);
void write(const standing& from, wire::PeerMessage& to);
/// True if none of their lists is too long.
bool state_lists_are_bounded(byte_view encoded, const peer_limits& limits);
/// Takes large fields out of `from`. Errors: malformed, also for messages of another kind.
expected<peer_message> take_state_message(wire::PeerMessage& from, const peer_limits& limits);

// What replicas say of their stamps: in stamps_codec.cpp.
void write(const stamp_reports& from, wire::PeerMessage& to);
void write(const fetch_reports& from, wire::PeerMessage& to);
/// True if they name not too many reports.
bool reports_are_bounded(byte_view encoded, const peer_limits& limits);
/// Take bodies out of `from`. Errors: malformed, too_large.
expected<peer_message> take_reports(wire::StampReports& from);
expected<peer_message> take_question(const wire::FetchReports& from);

/// Takes the body out of `from`, so that it is not copied again.
bool take(signed_submission& to, wire::SignedSubmission& from);

/// Writes the fields of one small message as Protobuf's generated code would: in the order of the
/// calls, which must be ascending, leaving out zeros. It is 3 to 5 times as fast, which matters for
/// what is encoded per order; the tests compare the two byte for byte.
template <std::size_t MaxFields>
class field_writer {
public:
  /// Field numbers below 2^11 take two bytes at most, values ten.
  static constexpr std::size_t max_size = MaxFields * 12;

  void number(int field, std::uint64_t value) {
    if (value != 0)
      end_ = pb::internal::WireFormatLite::WriteUInt64ToArray(field, value, end_);
  }
  /// Also if it is zero: for `optional` fields.
  void present(int field, std::uint64_t value) {
    end_ = pb::internal::WireFormatLite::WriteUInt64ToArray(field, value, end_);
  }
  template <class Tag, class Rep>
  void number(int field, strong<Tag, Rep> value) {
    // int64 fields travel as two's complement in 64 bits.
    number(field, static_cast<std::uint64_t>(static_cast<std::int64_t>(value.value())));
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void number(int field, Enum value) {
    number(field, static_cast<std::uint64_t>(value));
  }

  byte_view view() const {
    return {reinterpret_cast<const char*>(buffer_), static_cast<std::size_t>(end_ - buffer_)};
  }

private:
  std::uint8_t buffer_[max_size];
  std::uint8_t* end_ = buffer_;
};

/// Bytes that the tag and length of a nested message take at most, for field numbers below 16.
inline constexpr std::size_t max_prefix = 1 + 5;

/// Writes the tag and length that go before a nested message of `size` bytes.
inline std::uint8_t* write_prefix(std::uint8_t* to, int field, std::size_t size) {
  using format = pb::internal::WireFormatLite;
  to = format::WriteTagToArray(field, format::WIRETYPE_LENGTH_DELIMITED, to);
  return pb::io::CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(size), to);
}

} // namespace bourse::messages::codec
