// A small cluster's ledger without the cluster: blocks full of seeded orders, stamped and signed by
// all who should have, put in order, executed and stored as a replica stores them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "fairness/fair_exchange.hpp"
#include "storage/audit.hpp"
#include "storage/records.hpp"
#include "tests/fairness/report_chain.hpp"

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

  /// Appends blocks to the store, everything synced. Each names new reports of all replicas, which
  /// have stamped the block's submissions.
  void write_blocks(storage::store& s, std::size_t count);
  /// One as a view change leaves it where nothing was prepared.
  void write_null_block(storage::store& s);
  /// One for which a client has sent three bodies under one number.
  void write_rivals(storage::store& s);
  /// One of which the test says what is in it. All replicas report, but for those from `reporters`
  /// on.
  struct stamping {
    submission_ptr body;
    /// By replica: so many microseconds after `now`, each later than all before; 0: not stamped.
    std::vector<std::uint64_t> after_us;
  };
  void write_stamped(storage::store& s, std::vector<stamping> all, std::size_t reporters = 4);
  submission_ptr make(submission_header about, std::vector<request> requests) const;
  /// The boundary of the last reports.
  stamp_time now() const {
    return now_;
  }
  /// A proposal for the next slot that did not get any further, with reports and a body, and
  /// evidence.
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
    std::vector<submission_ptr> submissions; ///< executed, in this order
    std::vector<submission_ptr> voided;
    std::vector<report_ptr> reports; ///< of stamps, by replica: the heads; none in a null block
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
  /// Bodies that wait for a block, in no order.
  std::vector<submission_ptr> pending() const;

private:
  std::size_t below(std::size_t bound) {
    return random_() % bound;
  }
  replica_signature sign(replica_id by, purpose why, byte_view payload) const;
  request random_request(client_id client);
  submission_ptr random_submission(client_id client);
  /// Another body of that number if it is not the first.
  submission_ptr random_submission(client_id client, submission_number number);
  std::vector<submission_ptr> random_batch();
  /// All replicas stamp these, one after the other, and report.
  std::vector<report_ptr> stamped(const std::vector<submission_ptr>& submissions);
  /// Of the replicas below `reporters`, up to the next boundary.
  std::vector<report_ptr> report(std::size_t reporters);
  static block block_of(const digest& cluster, sequence_number n,
                        const std::vector<report_ptr>& heads);
  void append_stamps(storage::write_batch& to, const std::vector<report_ptr>& reports,
                     const std::vector<submission_ptr>& submissions);
  /// A null block if there are no reports.
  void write_block(storage::store& s, const std::vector<report_ptr>& reports,
                   const std::vector<submission_ptr>& submissions);
  void execute(written_block& b);
  new_view_content new_view_of(view_number view) const;
  void append_agreement(storage::write_batch& to, const committed_block& b);
  void append_checkpoint(storage::write_batch& to, written_block& b);

  std::mt19937_64 random_;
  std::vector<key_pair> replicas_;
  std::vector<key_pair> clients_;
  storage::audit_genesis genesis_;
  std::unique_ptr<fairness::fair_exchange> exchange_;
  std::vector<fairness::report_chain> chains_; ///< by replica
  fairness::report_store reports_;
  std::map<digest, submission_ptr> bodies_; ///< that wait
  stamp_time now_;
  std::vector<submission_number> next_; ///< by client, of stream 0
  std::uint64_t next_order_ = 1;
  std::vector<written_block> blocks_;
};

} // namespace bourse::tests
