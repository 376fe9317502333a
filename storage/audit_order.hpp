// What a log is put in order by, as a node stored it: reports of stamps, and bodies wherever they
// lie.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/report_store.hpp"
#include "storage/audit_block.hpp"
#include "storage/audit_results.hpp"

namespace bourse::storage {

class order_audit {
public:
  order_audit(const reader& s, const audit_genesis& g);

  /// The log begins where the chains have these heads.
  void begin_at(const fairness::chain_heads& heads);

  /// Reads the reports that lead to the block's heads and no block before it has asked for. Call it
  /// block by block. Adds to `size` how much that is. Errors: corrupt, io_failed.
  expected<void> read_reports(audited_block& b, std::size_t& size);

  /// These blocks were checked, follow on each other, and are executed next.
  void begin_run(const std::vector<audited_block>& run);
  /// The reports that this block's heads need, as far as they are here.
  const fairness::report_store& take_reports(const audited_block& b,
                                             const fairness::chain_heads& heads);
  /// The bodies of these names, of which `missing` is the first that is nowhere: neither in the
  /// run, nor pending, nor in a later block. Whose signatures they bear others check.
  struct found_bodies {
    std::vector<submission_ptr> bodies;
    std::optional<digest> missing;
  };
  expected<found_bodies> find_bodies(std::span<const digest> names);
  /// The block was executed: reports below these heads are needed no more.
  void forget(const fairness::chain_heads& heads);

  /// All reports that no block asked for, and all bodies that are pending. Adds to `signatures` how
  /// many it verified. Problems are noted as of `last`.
  expected<void> check_others(sequence_number last, std::uint64_t& signatures,
                              const note_function& note) const;

private:
  using bodies_by_name = std::unordered_map<digest, submission_ptr>;

  expected<void> load_pending();
  expected<void> look_ahead(bodies_by_name& missing) const;
  expected<void> check_other_reports(sequence_number last, std::uint64_t& signatures,
                                     const note_function& note) const;
  expected<void> check_pending(sequence_number last, std::uint64_t& signatures,
                               const note_function& note) const;

  const reader& store_;
  const audit_genesis& genesis_;
  fairness::report_store reports_;
  std::vector<report_index> first_; ///< by replica: the heads that the log begins with
  std::vector<report_index> read_;  ///< by replica: reports up to here were read
  bodies_by_name run_;
  sequence_number run_end_;
  std::optional<bodies_by_name> pending_; ///< once something was looked for there
};

} // namespace bourse::storage
