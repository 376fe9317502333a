// A small cluster's ledger without the cluster: blocks full of seeded orders, signed by all who
// should have, executed and stored as a replica stores them.
#pragma once

#include <functional>
#include <random>
#include <vector>

#include "market/exchange.hpp"
#include "storage/audit.hpp"
#include "storage/records.hpp"

namespace bourse::tests {

using namespace messages;

class fake_ledger {
public:
  static constexpr replica_id self{1};
  static constexpr std::uint64_t checkpoint_interval = 4;

  /// `adapt` may change the genesis before anything is made of it.
  explicit fake_ledger(std::uint64_t seed,
                       const std::function<void(storage::audit_genesis&)>& adapt = {});
  // Its market keeps a reference to its rules.
  fake_ledger(const fake_ledger&) = delete;
  fake_ledger& operator=(const fake_ledger&) = delete;

  /// Appends blocks to the store, everything synced.
  void write_blocks(storage::store& s, std::size_t count);
  /// One as a view change leaves it where nothing was prepared.
  void write_null_block(storage::store& s);
  /// A proposal with bodies for the next slot that did not get any further, and evidence.
  void write_open_slot(storage::store& s);

  const storage::audit_genesis& genesis() const {
    return genesis_;
  }
  const digest& cluster() const {
    return genesis_.rules.cluster;
  }

  /// Signed by the primary.
  new_view make_new_view(const new_view_content& content) const;

  /// What was written, by block; [0] is block 1.
  struct written_block {
    committed_block committed;
    std::vector<submission_ptr> submissions;
    market::block_result_ptr result;
    replica_signature by;
    digest chain;
    digest state; ///< at checkpoints
  };
  const std::vector<written_block>& blocks() const {
    return blocks_;
  }
  sequence_number last() const {
    return sequence_number{blocks_.size()};
  }

private:
  std::size_t below(std::size_t bound) {
    return random_() % bound;
  }
  replica_signature sign(replica_id by, purpose why, byte_view payload) const;
  request random_request(client_id client);
  submission_ptr random_submission(client_id client);
  std::vector<submission_ptr> random_batch();
  void write_block(storage::store& s, block content, std::vector<submission_ptr> submissions);
  new_view_content new_view_of(view_number view) const;
  void append_agreement(storage::write_batch& to, const committed_block& b);
  void append_checkpoint(storage::write_batch& to, written_block& b);

  std::mt19937_64 random_;
  std::vector<key_pair> replicas_;
  std::vector<key_pair> clients_;
  storage::audit_genesis genesis_;
  std::unique_ptr<market::exchange> exchange_;
  std::vector<submission_number> next_; ///< by client, of stream 0
  std::uint64_t next_order_ = 1;
  std::vector<written_block> blocks_;
};

} // namespace bourse::tests
