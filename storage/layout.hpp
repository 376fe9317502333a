// How values lie in the store: numbers little endian, every value sealed by a checksum that covers
// its family and key too. Numbers in keys are big endian.
//
//   family     key                          value
//   meta       "identity"                   format, replica, cluster id
//              "checkpoint"                 own checkpoint: sequence, chain, state digest, time
//              "base"                       likewise, where the log begins, and its stable proof
//              "next base"                  the base to come: its pages are all there
//              "silence"                    mark of the database, sequence: does not take part yet
//   consensus  'v'                          view
//              'n'                          last new view that was gone by: body, signer
//              's'                          stable checkpoint with its proof
//              'e' view sequence            two conflicting proposals
//              'p' sequence view            proposal: statement, signature, block
//              'o' sequence view kind       own vote: statement
//              'c' sequence view            prepared certificate
//   blocks     sequence                     commit certificate, block
//   bodies     sequence, block digest       bodies that the block executed, and those that it made
//                                           void, each with its signature
//   results    'r' sequence                 reports by client, own signature of the results
//              's' sequence                 settlements, if there were any
//   reports    client, first report number  sequence
//   pages      packed page key              page, as of the own checkpoint
//   base       sequence, packed page key    page, as of that block
//   stamps     'r' replica index digest     report of that replica's chain, with its signature
//              'p' client stream number     body that has not executed, with its signature
//                  digest
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/records.hpp"
#include "storage/store.hpp"

namespace bourse::storage::layout {

/// Builds a value or a key.
class packer {
public:
  explicit packer(std::size_t expected_size = 0) {
    out_.reserve(expected_size);
  }

  packer& u8(std::uint8_t x) {
    out_.push_back(static_cast<char>(x));
    return *this;
  }
  packer& u16(std::uint16_t x) {
    return little(x, 2);
  }
  packer& u32(std::uint32_t x) {
    return little(x, 4);
  }
  packer& u64(std::uint64_t x) {
    return little(x, 8);
  }
  packer& i64(std::int64_t x) {
    return little(static_cast<std::uint64_t>(x), 8);
  }
  packer& big_u16(std::uint16_t x) {
    return big(x, 2);
  }
  packer& big_u32(std::uint32_t x) {
    return big(x, 4);
  }
  packer& big_u64(std::uint64_t x) {
    return big(x, 8);
  }
  packer& raw(byte_view x) {
    out_.append(x);
    return *this;
  }
  /// Behind its length.
  packer& sized(byte_view x) {
    return u32(static_cast<std::uint32_t>(x.size())).raw(x);
  }
  template <class Tag, std::size_t N>
  packer& fixed(const fixed_bytes<Tag, N>& x) {
    return raw(x.view());
  }
  packer& statement(const messages::statement& s) {
    return u64(s.view.value()).u64(s.sequence.value()).fixed(s.digest);
  }
  bytes take() {
    return std::move(out_);
  }

private:
  packer& little(std::uint64_t x, std::size_t size) {
    std::array<char, 8> raw;
    for (std::size_t i = 0; i < raw.size(); ++i)
      raw[i] = static_cast<char>(x >> 8 * i);
    out_.append(raw.data(), size);
    return *this;
  }
  packer& big(std::uint64_t x, std::size_t size) {
    std::array<char, 8> raw;
    for (std::size_t i = 0; i < raw.size(); ++i)
      raw[raw.size() - 1 - i] = static_cast<char>(x >> 8 * i);
    out_.append(raw.data() + raw.size() - size, size);
    return *this;
  }

  bytes out_;
};

/// The reverse. Reading past the end gives zeros and makes `good` false for ever.
class unpacker {
public:
  explicit unpacker(byte_view from) : left_(from) {}

  std::uint8_t u8() {
    return static_cast<std::uint8_t>(little(1));
  }
  std::uint16_t u16() {
    return static_cast<std::uint16_t>(little(2));
  }
  std::uint32_t u32() {
    return static_cast<std::uint32_t>(little(4));
  }
  std::uint64_t u64() {
    return little(8);
  }
  std::int64_t i64() {
    return static_cast<std::int64_t>(little(8));
  }
  std::uint16_t big_u16() {
    return static_cast<std::uint16_t>(big(2));
  }
  std::uint32_t big_u32() {
    return static_cast<std::uint32_t>(big(4));
  }
  std::uint64_t big_u64() {
    return big(8);
  }
  messages::statement statement();
  byte_view raw(std::size_t size) {
    if (!good_ || size > left_.size()) {
      good_ = false;
      return {};
    }
    auto out = left_.substr(0, size);
    left_.remove_prefix(size);
    return out;
  }
  byte_view sized() {
    auto size = u32();
    return raw(size);
  }
  byte_view rest() {
    return raw(left_.size());
  }
  template <class Fixed>
  Fixed fixed() {
    Fixed out;
    if (!out.assign(raw(Fixed::size)))
      out = {};
    return out;
  }
  /// A number of things of at least `least_size` bytes each: never more than can follow.
  std::uint32_t count(std::size_t least_size) {
    auto n = u32();
    if (n > left_.size() / least_size)
      good_ = false;
    return good_ ? n : 0;
  }

  bool good() const {
    return good_;
  }
  /// All was there and nothing is left.
  bool done() const {
    return good_ && left_.empty();
  }

private:
  std::uint64_t little(std::size_t size);
  std::uint64_t big(std::size_t size);

  byte_view left_;
  bool good_ = true;
};

// -- keys ----------------------------------------------------------------------------------------

inline constexpr byte_view identity_key = "identity";
inline constexpr byte_view checkpoint_key = "checkpoint";
inline constexpr byte_view base_key = "base";
inline constexpr byte_view next_base_key = "next base";
inline constexpr byte_view silence_key = "silence";

/// Kinds of consensus records, the first byte of their keys.
enum class record_kind : char {
  view = 'v',
  new_view = 'n',
  stable = 's',
  equivocation = 'e', ///< view, sequence
  proposal = 'p',     ///< sequence, view
  vote = 'o',         ///< sequence, view, kind
  prepared = 'c',     ///< sequence, view
};

bytes record_key(record_kind kind);
bytes record_key(record_kind kind, std::uint64_t first, std::uint64_t second);
bytes vote_key(const consensus::vote_record& r);
/// The least key of records of this kind from `first` on; pruning deletes up to it.
bytes record_bound(record_kind kind, std::uint64_t first);

/// Blocks, and the prefix of what is stored by sequence number.
bytes sequence_key(sequence_number n);
bytes bodies_key(sequence_number n, const digest& block);
bytes results_key(sequence_number n);
bytes settlements_key(sequence_number n);
bytes report_key(client_id client, report_number first);
bytes page_key(market::page_key k);
bytes base_page_key(sequence_number of, market::page_key k);
bytes chain_key(const chain_head& report);
/// The least key of this replica's reports from `first` on.
bytes chain_bound(replica_id of, report_index first);
bytes pending_key(const submission_header& about, const digest& body);
/// The least key of this stream's pending bodies from this number on.
bytes pending_bound(const submission_header& from);
/// All pending bodies lie before it, all reports behind it.
inline constexpr byte_view pending_end = "r";

// -- values --------------------------------------------------------------------------------------

inline constexpr std::size_t seal_size = 8;

/// Appends the checksum. Reserve seal_size bytes more than the payload needs.
bytes seal(family where, byte_view key, bytes payload);
/// The payload; the view is of `value`. Errors: corrupt.
expected<byte_view> unseal(family where, byte_view key, byte_view value);
/// get and unseal in one. Nothing: no such key.
expected<std::optional<bytes>> load(const reader& s, family where, byte_view key);
/// scan and unseal in one; stops at the first error.
expected<void>
load_range(const reader& s, family where, byte_view from, byte_view to,
           const std::function<expected<bool>(byte_view key, byte_view payload)>& visit);
/// The error for a value that is sealed well and still makes no sense.
tl::unexpected<error> nonsense(family where, byte_view key, std::string_view what);

struct identity {
  static constexpr std::uint32_t current_format = 4;

  std::uint32_t format = current_format;
  replica_id replica;
  digest cluster;
};
/// Nothing: a new store.
expected<std::optional<identity>> load_identity(const reader& s);

packer& pack(packer& to, const stored_checkpoint& c);
/// The rest of the value may follow.
stored_checkpoint unpack_checkpoint(unpacker& in);

expected<committed_block> unpack_block(byte_view key, byte_view payload);

/// Calls `executed` with each body that the block executed and its signature, then `voided` with
/// those that it made void.
using body_visitor = std::function<void(byte_view body, const signature&)>;
expected<void> unpack_bodies(byte_view key, byte_view payload, const body_visitor& executed,
                             const body_visitor& voided);

/// What a key of `stamps` names.
expected<chain_head> unpack_chain_key(byte_view key);
struct pending_name {
  submission_header about;
  digest body;
};
expected<pending_name> unpack_pending_key(byte_view key);
/// A report or a body, and its signature. Checks that it has the digest that the key names.
expected<signed_report> unpack_report(const chain_head& name, byte_view payload);
expected<signed_submission> unpack_pending(const pending_name& name, byte_view payload);

/// A value of `results`; views are of the payload.
struct results_value {
  struct client_part {
    client_id client;
    report_number first;
    std::uint32_t count = 0;
    byte_view encoded;
  };

  results_statement what;
  block_time time;
  replica_signature by;
  std::uint32_t requests = 0;
  std::uint32_t settlements = 0;
  std::vector<client_part> clients; ///< ascending
};
expected<results_value> unpack_results(byte_view key, byte_view payload);

struct settlements_value {
  block_time time;
  std::vector<settlement> settlements;
};
bytes pack_settlements(block_time time, std::span<const settlement> settlements);
expected<settlements_value> unpack_settlements(byte_view key, byte_view payload);

/// Which block holds a client's reports from the one in the key on.
expected<sequence_number> unpack_report_place(byte_view key, byte_view payload);

} // namespace bourse::storage::layout
