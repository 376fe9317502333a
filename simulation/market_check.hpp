// What the exchange must have come to: every block that an honest replica executes is executed
// once more, apart, and what replicas and clients say is held against that.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "actors/client_types.hpp"
#include "config/genesis.hpp"
#include "fairness/execution_order.hpp"
#include "fairness/report_store.hpp"
#include "market/exchange.hpp"
#include "messages/consensus.hpp"
#include "simulation/book_check.hpp"
#include "simulation/order_check.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

using actors::question;
using actors::question_answer;

class market_check {
public:
  /// Both outlive it.
  market_check(const config::genesis& g, violations& out);

  /// What a client signed and sent. Who says it twice does no harm.
  void submitted(const signed_submission& s);
  /// What a replica signed and sent of its stamps.
  void reported(const signed_report& r) {
    if (auto known = order_.reported(r))
      reports_of_stamps_.add(known, recomputed_.heads().of(known->content.replica), true);
  }
  /// From now on its stamps count for nothing in what is promised of the order.
  void distrust(std::size_t replica) {
    order_.distrust(replica_id{static_cast<std::uint16_t>(replica)});
  }
  /// The next block of the log, the first time that an honest replica executes it.
  void execute(sequence_number n, const digest& d, byte_view block, const digest& chain);

  /// An honest replica says that.
  void checkpoint_said(std::size_t by, const checkpoint_statement& s);
  void results_said(std::size_t by, const results_statement& s);
  /// A client believes that.
  void believed(client_id client, const report& r);
  /// `pruned`: some replica's log may begin later than the market.
  void believed(client_id client, const question& q, const question_answer& a, bool pruned);

  std::uint64_t requests() const {
    return requests_;
  }
  std::uint64_t trades() const {
    return trades_;
  }
  bool was_executed(client_id c, stream_id s, submission_number n) const {
    return done_.contains({c.value(), s.value(), n.value()});
  }
  /// The state digest as of now.
  digest state(const digest& chain) {
    return market::state_digest(sequence_number{executed_}, chain, exchange_.page_root());
  }
  /// All of all books, once the run is over.
  void finish();

private:
  std::vector<submission_ptr> recompute(sequence_number n, const std::vector<chain_head>& heads);
  market::block_input input_of(sequence_number n, const digest& d, byte_view block);
  void note_views();
  void note_trades(const market::block_result& result);
  void check_trades(client_id client, const question& q, const question_answer& a, bool pruned);
  bool are_latest(const trades_view& v, std::uint64_t block, std::size_t limit, bool pruned) const;
  void check_receipt(client_id client, const question& q, const bytes& body);
  void check_fates(const market::block_input& input, const market::block_result& result);

  const config::genesis& genesis_;
  violations& out_;
  market::exchange exchange_;
  book_check books_;
  /// What the log executes, once by the rules alone, and once as replicas work it out, whose pages
  /// are a part of the state.
  order_check order_;
  fairness::execution_order recomputed_;
  fairness::report_store reports_of_stamps_;
  std::unordered_set<digest> submissions_;
  std::uint64_t executed_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t trades_ = 0;
  struct past_trade {
    std::uint64_t block = 0;
    trade what;
  };
  std::vector<std::vector<past_trade>> past_; ///< by instrument, in their order
  std::map<std::uint64_t, digest> states_;    ///< at checkpoints
  std::map<std::uint64_t, digest> results_;   ///< roots
  std::vector<std::vector<report>> reports_;  ///< by client, all of them
  std::set<std::tuple<std::uint32_t, std::uint8_t, std::uint64_t>> done_;
  /// After each block, at first before all: digests of the books and of the accounts that clients
  /// ask for.
  std::vector<std::map<std::pair<query_kind, std::uint32_t>, digest>> views_;
};

} // namespace bourse::simulation
