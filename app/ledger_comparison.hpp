// All ledgers of a temporary network, audited from the genesis file and compared with each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/temporary_network.hpp"
#include "storage/store.hpp"

namespace bourse::app {

struct ledger_comparison {
  bool good = true;
  /// What was compared, and how it ended.
  std::vector<std::pair<std::string, std::string>> findings;
  std::uint64_t requests = 0; ///< executed, in the ledger that has most
};

struct log_difference {
  messages::sequence_number first; ///< that both may have: one or both may have begun later
  std::optional<messages::sequence_number> block; ///< the first that differs or is missing
};
/// Up to `last`, which both have reached.
messages::expected<log_difference> compare_logs(const storage::reader& one,
                                                const storage::reader& other,
                                                messages::sequence_number last);

/// The nodes must not run. Good if every ledger is sound, all tell the same log as far as they
/// reach, and no asset grew or shrank but by deposits and withdrawals, of which there were none.
ledger_comparison compare_ledgers(const temporary_network& network);

} // namespace bourse::app
