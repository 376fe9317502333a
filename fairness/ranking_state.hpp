// What `ranking` keeps, for its units.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fairness/ranking.hpp"

namespace bourse::fairness {

/// That of a body without f+1 stamps: never.
inline constexpr stamp_time no_time{UINT64_MAX};

/// A body as those that stamped it under this number have it.
struct stamped_body {
  submission_header about;
  messages::digest digest;
  std::vector<held_stamp> stamps; ///< ascending; a replica's once
  stamp_time time = no_time;
  bool eligible = false;
  messages::lane lane = lane::ordinary; ///< the submission's, to be at hand
  submission_ptr submission;            ///< as soon as it is eligible

  bool stamped_by(replica_id r) const;
  void hold(submission_ptr s);
};

/// Strangers choose digests, so those that collide must differ from replica to replica.
struct seeded_hash {
  std::uint64_t seed = 0;
  std::size_t operator()(const digest& d) const;
};

/// By time, then digest; the rest matters only to a set.
struct earlier {
  bool operator()(const stamped_body* a, const stamped_body* b) const {
    auto& x = a->about;
    auto& y = b->about;
    return std::tie(a->time, a->digest, x.client, x.stream, x.number)
           < std::tie(b->time, b->digest, y.client, y.stream, y.number);
  }
};

struct open_number {
  /// What was stamped under it, in no order that matters.
  std::vector<stamped_body*> bodies;
  /// Blocks that left it over though it was ready, up to what makes it aged.
  std::uint8_t left_over = 0;

  /// The earliest of its eligible bodies; nullptr if there is none.
  const stamped_body* earliest = nullptr;

  /// An eligible body is new, or its time has changed, which only falls.
  void note(const stamped_body& b);
};

struct open_stream {
  std::map<std::uint64_t, open_number> numbers;
  std::uint64_t ready = 0; ///< so many of them, from the stream's next on
  std::uint64_t aged = 0;  ///< so many of those that are ready, from the first on
};

/// A ready number as this block ranks it.
struct contender {
  const stamped_body* body = nullptr;
  stamp_time time;                         ///< effective
  messages::lane lane = lane::liquidation; ///< effective
  bool aged = false;
  bool reserved = false; ///< it has its place since it is aged
  block_rank rank = block_rank::others;
};

class block_choice;

struct ranking::state {
  /// Blocks that leave a number over before it is aged.
  static constexpr std::uint8_t aged_after = 2;
  /// Bits of a stream and of a number in the index of a page of bodies.
  static constexpr unsigned number_bits = 24;

  state(const market::rules& r, cluster_size s, std::uint64_t seed);

  bool known(const submission_header& about) const;
  /// Whether a stamp of this kind counts, see `ranking::add`.
  bool takes(replica_id by, const submission_header& about, const digest& body) const;
  /// Adds a stamp that `takes` took. Returns what it is of.
  stamped_body& put(replica_id by, const stamp& s);
  bool waits(const stamped_body& b) const;
  open_number& number_of(const stamped_body& b);
  void make_eligible(stamped_body& b);
  /// Counts what has become ready of a stream.
  void extend_ready(std::uint32_t stream);
  std::vector<contender> contenders() const;
  /// `ranked` are all that are ready, as a block has chosen; the first `executed` it executes.
  block_explanation explain(const std::vector<contender>& ranked, std::size_t executed,
                            block_choice& choice) const;
  /// Executes the stream's next number, which is this body's.
  void execute(const stamped_body& b);
  void drop(const stamped_body& b);
  /// Ages what this block left over, and forgets streams that hold nothing.
  void end_block();

  market::page_key stream_page(std::uint32_t stream) const;
  market::page_key body_page(const submission_header& about) const;
  void touch(const market::page_key& page);
  bytes encode_stream(std::uint32_t stream) const;
  bytes encode_bodies(std::uint64_t index) const;
  bytes encode(const market::page_key& page) const;
  expected<void> restore_stream(std::uint32_t stream, byte_view content);
  expected<void> restore_bodies(std::uint64_t index, byte_view content);

  const market::rules& rules;
  const cluster_size size;

  /// By client and stream, as `stream_index` has them.
  std::vector<submission_number> next;
  std::unordered_map<std::uint32_t, open_stream> streams; ///< those that hold something
  std::vector<std::uint32_t> ready_streams;
  std::size_t ready = 0; ///< numbers, over all streams
  /// Faulty replicas may name several numbers for one digest, so there may be as many as replicas.
  std::unordered_multimap<digest, stamped_body, seeded_hash> bodies;
  std::set<stamped_body*, earlier> waiting; ///< have a time but are not eligible
  std::vector<std::size_t> open_stamps;     ///< by replica

  stamp_time now;                     ///< T of the block
  std::vector<stamped_body*> asked;   ///< those whose bodies `finish` will bring
  std::vector<submission_ptr> voided; ///< by the last block

  std::unordered_set<std::uint64_t> dirty; ///< packed keys of pages
  std::unordered_set<std::uint64_t> told;  ///< pages that the reader of pages has
  /// Bodies of pages, until finish_restore finds what they belong to.
  std::unordered_map<digest, submission_ptr> restored;
};

inline std::uint32_t stream_index(client_id client, stream_id stream) {
  return client.value() * static_cast<std::uint32_t>(max_streams) + stream.value();
}
inline std::uint32_t stream_index(const submission_header& about) {
  return stream_index(about.client, about.stream);
}

} // namespace bourse::fairness
