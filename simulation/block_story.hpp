// What the exchange said of a block, put back into the order in which it happened.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "market/clearing_house.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

using namespace messages;

/// A request that was executed.
struct asked {
  client_id client;
  const request* what = nullptr; ///< null: its submission did not execute
  report_kind answer = report_kind::rejected;
  std::uint32_t answers = 0; ///< how often it was told that it was done, or refused
};

struct happening {
  /// Within one position in this order. An end of which no request is named came some time after
  /// the report before it: it stands as early as can be, so it excuses what it may have come after.
  /// Openings are refusals too, ends also that a request without an order is done.
  enum class kind : std::uint8_t { opening, early_end, trade, end };

  std::uint32_t position = 0; ///< of the request, in the block; 0: before all
  kind what = kind::opening;
  std::uint32_t index = 0; ///< of the report; or of the trade, among those of the block

  friend auto operator<=>(const happening&, const happening&) = default;
};

/// Of one block. Says what each request and each trade came to, and that nothing is told twice, or
/// not at all. It takes it that all requests for an account are of one client, but for a
/// liquidator's.
class block_story {
public:
  struct trade {
    const settlement* settled = nullptr;
    const report* maker = nullptr; ///< null: not told
    const report* taker = nullptr;
    std::uint32_t position = 0;
  };

  /// All outlive it.
  block_story(const market::block_input& input, const market::block_result& result,
              const std::vector<report>& reports, violations& out);

  const std::vector<happening>& all() const {
    return all_;
  }
  const block_story::trade& trade_at(std::uint32_t i) const {
    return trades_[i];
  }
  /// By position; there is none at 0.
  const std::vector<asked>& requests() const {
    return requests_;
  }
  /// That the report names; null: none.
  const asked* request_of(const report& r) const;

private:
  void take_requests();
  void take_trades();
  void match_fill(const report& r);
  void take_report(std::uint32_t index, std::uint32_t before);
  void check_answers();
  std::uint32_t position_of(const report& r) const;
  /// True if the order trades because of that request.
  bool trades_at(order_id id, std::uint32_t position) const;

  const market::block_input& input_;
  const market::block_result& result_;
  const std::vector<report>& reports_;
  violations& out_;
  std::vector<asked> requests_;
  std::map<std::tuple<client_id, stream_id, submission_number>, std::uint32_t>
      first_; ///< positions
  std::vector<trade> trades_;
  std::vector<happening> all_;
};

} // namespace bourse::simulation
