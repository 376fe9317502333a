#include "actors/clearing.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <tuple>

#include <caf/typed_response_promise.hpp>
#include <nlohmann/json.hpp>

#include "actors/spawn.hpp"
#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

/// How far ahead of the last executed block a reader may ask, and how long it then waits.
constexpr std::uint64_t near_blocks = 256;
constexpr std::chrono::seconds longest_wait{10};
/// Levels a side of a book, if the reader names no limit, and at most.
constexpr std::uint32_t default_levels = 20;
constexpr std::uint32_t most_levels = 10'000;

class clearing {
public:
  static constexpr const char* name = "clearing house";

  clearing(clearing_actor::pointer self, clearing_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        house_(std::move(setup.house)),
        tree_(std::move(setup.tree)),
        matchers_(std::move(setup.matchers)),
        executed_(setup.executed),
        chain_(setup.chain) {
    BOURSE_ASSERT(!matchers_.empty());
    BOURSE_ASSERT(matchers_.size() == context_->genesis.market.instruments.size());
  }

  clearing_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](execute_atom, const execution_ptr& what) {
          meter m(context_->counters, component::clearing);
          queue_.push_back(what);
          go_on();
        },
        [this](matched_atom, const match_result_ptr& result) {
          meter m(context_->counters, component::clearing);
          matched(*result);
        },
        [this](account_atom, account_id account, sequence_number at) {
          return read(at, [this, account](promise p) { read_account(account, std::move(p)); });
        },
        [this](book_atom, instrument_id instrument, std::uint32_t limit, sequence_number at) {
          return read(at, [=, this](promise p) { read_book(instrument, limit, std::move(p)); });
        },
        [this](digest_atom) {
          auto p = self_->make_response_promise<sequence_number, digest>();
          digest_readers_.push_back(p);
          go_on();
          return p;
        },
        [this](status_atom) { return status(); },
    };
  }

private:
  using promise = caf::typed_response_promise<answer>;
  struct reader {
    sequence_number at;
    caf::actor_clock::time_point until;
    promise to;
    std::function<void(promise)> serve;
  };

  /// Does whatever comes next, unless a block or a digest is under way.
  void go_on() {
    if (busy_)
      return;
    serve_readers();
    if (!digest_readers_.empty())
      begin_digest();
    else if (!queue_.empty())
      begin_block();
  }

  // -- blocks ------------------------------------------------------------------------------------

  void begin_block() {
    const auto& block = *queue_.front()->block;
    BOURSE_ASSERT(block.sequence == executed_.next());
    busy_ = true;
    missing_ = matchers_.size();
    outcomes_.assign(matchers_.size(), {});
    auto works = house_.begin(
        {block.sequence, block.digest, queue_.front()->time, queue_.front()->executes});
    BOURSE_ASSERT(works.size() == matchers_.size());
    for (std::size_t i = 0; i < works.size(); ++i)
      self_->send(matchers_[i], match_atom::value,
                  std::make_shared<const market::work>(std::move(works[i])),
                  queue_.front()->checkpoint);
  }

  void matched(match_result& result) {
    auto i = result.outcome.instrument.value();
    BOURSE_ASSERT(busy_ && missing_ > 0 && i < outcomes_.size());
    outcomes_[i] = std::move(result.outcome);
    collect(std::move(result.pages));
    if (--missing_ == 0)
      finish_block();
  }

  void finish_block() {
    auto what = std::move(queue_.front());
    queue_.pop_front();
    auto result = std::make_shared<const market::block_result>(house_.finish(std::move(outcomes_)));
    executed_ = what->block->sequence;
    chain_ = what->chain;
    count(*result);

    auto statement
        = results_statement{result->sequence, result->block_digest, result->results_root};
    auto signature
        = context_->key.sign(purpose::results, context_->cluster(), signed_bytes(statement));
    executed_ptr done = std::make_shared<const executed_block>(
        executed_block{what, result, {context_->self, signature}});
    self_->send(routes_->ledger, executed_atom::value, done);
    self_->send(routes_->replica, executed_atom::value, done);
    self_->send(routes_->gateway, executed_atom::value, done);
    self_->send(routes_->mempool, executed_atom::value, done);
    self_->send(routes_->sequencer, executed_atom::value, done);
    if (what->checkpoint) {
      collect(what->pages);
      take_checkpoint(result->time);
    }
    busy_ = false;
    go_on();
  }

  void take_checkpoint(block_time time) {
    collect(house_.take_dirty_pages());
    checkpoint_pages save;
    save.checkpoint = {executed_, chain_, state_digest(), time};
    save.dirty.reserve(unsaved_.size());
    for (auto& [key, content] : unsaved_)
      save.dirty.push_back({key, std::move(content)});
    unsaved_.clear();
    checkpoint_ = save.checkpoint;
    ++context_->counters.checkpoints;
    self_->send(routes_->ledger, save_atom::value,
                std::make_shared<const checkpoint_pages>(std::move(save)));
  }

  void count(const market::block_result& result) {
    auto& c = context_->counters;
    ++c.blocks;
    c.requests += result.requests;
    std::uint64_t executed = 0, trades = 0, reports = 0;
    for (auto fate : result.fates)
      executed += fate == market::submission_fate::executed;
    for (const auto& s : result.settlements)
      trades += s.trade.value() != 0;
    for (const auto& r : result.reports)
      reports += r.count;
    c.submissions += executed;
    c.trades += trades;
    c.reports += reports;
  }

  // -- pages -------------------------------------------------------------------------------------

  /// Changed pages go into the tree at once and to the disk with the next checkpoint.
  void collect(std::vector<market::page_update> pages) {
    tree_.apply(pages);
    for (auto& page : pages)
      unsaved_.insert_or_assign(page.key, std::move(page.content));
  }

  digest state_digest() {
    return market::state_digest(executed_, chain_, tree_.root());
  }

  void begin_digest() {
    busy_ = true;
    missing_ = matchers_.size();
    collect(house_.take_dirty_pages());
    for (const auto& matcher : matchers_)
      self_->request(matcher, caf::infinite, digest_atom::value)
          .then([this](const match_result_ptr& result) {
            meter m(context_->counters, component::clearing);
            collect(std::move(result->pages));
            if (--missing_ == 0)
              finish_digest();
          });
  }

  void finish_digest() {
    auto state = state_digest();
    for (auto& reader : digest_readers_)
      reader.deliver(executed_, state);
    digest_readers_.clear();
    busy_ = false;
    go_on();
  }

  // -- readers -----------------------------------------------------------------------------------

  promise read(sequence_number at, std::function<void(promise)> serve) {
    meter m(context_->counters, component::clearing);
    auto p = self_->make_response_promise<answer>();
    auto now = self_->clock().now();
    if (at.value() != 0 && (at < executed_ || at.value() - executed_.value() > near_blocks))
      refuse(p, errc::outside_window, "that state is past or too far ahead");
    else
      readers_.push_back({at, now + longest_wait, p, std::move(serve)});
    go_on();
    return p;
  }

  void serve_readers() {
    auto now = self_->clock().now();
    std::deque<reader> waiting;
    for (auto& r : readers_) {
      if (r.at.value() == 0 || r.at == executed_)
        r.serve(r.to);
      else if (r.at < executed_ || r.until < now)
        refuse(r.to, errc::outside_window, "that state was not reached in time");
      else
        waiting.push_back(std::move(r));
    }
    readers_.swap(waiting);
  }

  void refuse(promise& p, errc why, const char* text) {
    p.deliver(answer{0, executed_, error{why, text}, {}});
  }

  void read_book(instrument_id instrument, std::uint32_t limit, promise p) {
    if (instrument.value() >= matchers_.size())
      return refuse(p, errc::not_found, "no such instrument");
    limit = std::min(limit == 0 ? default_levels : limit, most_levels);
    self_->request(matchers_[instrument.value()], caf::infinite, book_atom::value, limit)
        .then([p, at = executed_](const std::string& view) mutable {
          p.deliver(answer{0, at, std::nullopt, view});
        });
  }

  void read_account(account_id account, promise p) {
    if (account.value() >= context_->genesis.market.accounts.size())
      return refuse(p, errc::not_found, "no such account");
    struct gathering {
      account_view view;
      std::size_t missing;
    };
    auto state = std::make_shared<gathering>(gathering{house_.view(account), matchers_.size()});
    for (const auto& matcher : matchers_)
      self_->request(matcher, caf::infinite, account_atom::value, account)
          .then([state, p, at = executed_](const open_orders_ptr& orders) mutable {
            auto& all = state->view.orders;
            all.insert(all.end(), orders->begin(), orders->end());
            if (--state->missing > 0)
              return;
            std::sort(all.begin(), all.end(),
                      [](const auto& a, const auto& b) { return a.order < b.order; });
            p.deliver(answer{0, at, std::nullopt, encode(state->view)});
          });
  }

  std::string status() const {
    nlohmann::json s;
    s["executed"] = executed_.value();
    s["chain"] = to_hex(chain_.view());
    s["queued_blocks"] = queue_.size();
    s["unsaved_pages"] = unsaved_.size();
    s["waiting_readers"] = readers_.size();
    if (checkpoint_)
      s["checkpoint"] = {{"sequence", checkpoint_->sequence.value()},
                         {"state", to_hex(checkpoint_->state.view())}};
    return s.dump();
  }

  clearing_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  market::clearing_house house_;
  market::page_tree tree_;
  std::vector<matcher_actor> matchers_;
  sequence_number executed_;
  digest chain_;
  std::optional<storage::stored_checkpoint> checkpoint_; ///< the last one taken in this life

  std::deque<execution_ptr> queue_;
  bool busy_ = false;       ///< matchers are at work on a block or on pages
  std::size_t missing_ = 0; ///< answers of matchers
  std::vector<market::outcome> outcomes_;
  std::map<market::page_key, bytes> unsaved_;
  std::deque<reader> readers_;
  std::vector<caf::typed_response_promise<sequence_number, digest>> digest_readers_;
};

} // namespace

clearing_actor spawn_clearing(caf::actor_system& system, clearing_setup setup) {
  return spawn_shell<clearing, clearing_actor>(system, std::move(setup));
}

} // namespace bourse::actors
