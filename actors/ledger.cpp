#include "actors/ledger.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include "actors/intact.hpp"
#include "actors/peer_messages.hpp"
#include "actors/serve_budget.hpp"
#include "actors/spawn.hpp"
#include "consensus/catch_up.hpp"
#include "fairness/stamped.hpp"
#include "storage/base.hpp"
#include "storage/pruning.hpp"
#include "storage/records.hpp"

namespace bourse::actors {

namespace {

using storage::durability;

/// What nobody waits for is written after this long at the latest.
constexpr std::chrono::milliseconds lazy_after{50};
/// Between two slices of a copy of the state, so that what others wait for is not held up.
constexpr std::chrono::milliseconds between_slices{10};
/// A batch is written at this size, whoever waits.
constexpr std::size_t batch_bytes = 8 * 1024 * 1024;
/// One answer to a peer that asks for blocks; consensus has cut down the question already.
constexpr std::size_t serve_blocks_at_most = consensus::catch_up::max_blocks;
constexpr std::size_t serve_bytes = 1024 * 1024;
/// Blocks of a client's reports read at once.
constexpr std::size_t report_blocks = 16;
constexpr std::uint32_t default_trades = 50;
constexpr std::uint32_t most_trades = 10'000;

class ledger {
public:
  static constexpr const char* name = "ledger";

  ledger(ledger_actor::pointer self, ledger_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        store_(std::move(setup.store)),
        executed_(setup.executed),
        budget_(context_->genesis.size.n) {
    // What was executed is kept on a clean end, though nobody was promised it. A kill skips this.
    self_->set_exit_handler([this](caf::exit_msg& m) {
      write_out();
      self_->quit(m.reason);
    });
  }

  ledger_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { start(routes); },
        [this](persist_atom, const persist_ptr& what) {
          meter m(context_->counters, component::ledger);
          persist(*what);
        },
        [this](write_atom, const order_parts_ptr& what) {
          meter m(context_->counters, component::ledger);
          write(*what);
        },
        [this](executed_atom, const executed_ptr& block) {
          meter m(context_->counters, component::ledger);
          executed(*block);
        },
        [this](save_atom, const checkpoint_pages_ptr& pages) {
          meter m(context_->counters, component::ledger);
          save(*pages);
        },
        [this](flush_atom) {
          meter m(context_->counters, component::ledger);
          flush_sent_ = false;
          write_out();
        },
        [this](clock_atom) {
          meter m(context_->counters, component::ledger);
          timer_armed_ = false;
          write_out();
          prune();
        },
        [this](blocks_atom, replica_id to, const fetch_blocks& what) {
          meter m(context_->counters, component::ledger);
          asked(to, what);
        },
        [this](bodies_atom, replica_id to, const fetch_bodies& what) {
          meter m(context_->counters, component::ledger);
          asked(to, what);
        },
        [this](stamps_atom, replica_id to, const fetch_reports& what) {
          meter m(context_->counters, component::ledger);
          asked(to, what);
        },
        [this](serve_atom) {
          meter m(context_->counters, component::ledger);
          serve_next();
        },
        [this](reports_atom, client_id client, report_number from) {
          meter m(context_->counters, component::ledger);
          return tell_reports(client, from);
        },
        [this](receipt_atom, client_id client, report_number number) {
          meter m(context_->counters, component::ledger);
          return tell_receipt(client, number);
        },
        [this](trades_atom, instrument_id instrument, std::uint32_t limit, sequence_number at) {
          meter m(context_->counters, component::ledger);
          return tell_trades(instrument, limit, at);
        },
        [this](snapshot_atom) {
          write_out();
          return snapshot();
        },
        [this](stage_atom, const staged_pages_ptr& what) {
          meter m(context_->counters, component::ledger);
          return stage(*what);
        },
        [this](install_atom, const state_offer_ptr& what) {
          meter m(context_->counters, component::ledger);
          return install(*what);
        },
        [this](silence_atom, const std::optional<consensus::silence>& what) {
          meter m(context_->counters, component::ledger);
          note_silence(what);
          return silence_atom::value;
        },
        [this](status_atom) { return status(); },
    };
  }

private:
  void start(const routes_ptr& routes) {
    routes_ = routes;
    pruner_ = intact(storage::pruner::begin(*store_, {context_->options.retain_blocks}));
    if (pruner_.busy())
      arm(between_slices);
  }

  // -- writing -----------------------------------------------------------------------------------

  void persist(const persist_request& what) {
    for (const auto& record : what.records) {
      append(batch_, record);
      if (const auto* stable = std::get_if<consensus::stable_record>(&record))
        pruner_.on_stable(stable->what);
    }
    if (what.ticket != 0)
      ticket_ = what.ticket;
    written(what.urgent);
  }

  void write(const order_parts& what) {
    for (const auto& r : what.reports)
      append(batch_, *r);
    for (const auto& body : what.bodies)
      storage::append_pending(batch_, *body);
    if (what.own) {
      append(batch_, *what.own);
      own_.push_back(what.own);
    }
    written(what.own != nullptr);
  }

  /// What was pending moves to the block that has executed it, in one write.
  void executed(const executed_block& block) {
    append(batch_, storage::stored_results{block.result, block.by});
    const auto& what = *block.what;
    append(batch_, storage::block_bodies{what.block->sequence, what.block->digest, what.executes,
                                         what.voided});
    for (const auto& s : what.gone) {
      auto name = fairness::about(*s);
      storage::erase_pending(batch_, name.about, name.body);
    }
    executed_ = block.result->sequence;
    written(false);
  }

  void save(const checkpoint_pages& pages) {
    append(batch_, pages.checkpoint, pages.dirty);
    saved_.push_back(pages.checkpoint);
    written(true);
    hand_out(pages.checkpoint.sequence);
  }

  /// Durable when this returns.
  void note_silence(const std::optional<consensus::silence>& what) {
    if (what)
      append(batch_, *what);
    else
      storage::erase_silence(batch_);
    sync_ = true;
    write_out();
  }

  /// Something was added to the batch. What is urgent is written as soon as the messages that are
  /// here already have been read: they share its sync.
  void written(bool urgent) {
    if (batch_.size_bytes() >= batch_bytes) {
      write_out();
    } else if (urgent && !flush_sent_) {
      flush_sent_ = true;
      self_->send(self_, flush_atom::value);
    } else if (!urgent) {
      arm(lazy_after);
    }
  }

  void arm(std::chrono::milliseconds after) {
    if (!std::exchange(timer_armed_, true))
      self_->delayed_send(self_, after, clock_atom::value);
  }

  void write_out() {
    if (batch_.empty() || failed_ || installed_)
      return;
    bool sync = std::exchange(sync_, false) || ticket_ || !saved_.empty() || !own_.empty();
    put(batch_, sync ? durability::synced : durability::buffered);
    batch_.clear();
    if (!saved_.empty())
      intact(pruner_.on_checkpoint(*store_, saved_.back()));
    if (sync)
      tell_synced();
    if (pruner_.busy())
      arm(between_slices);
    for (auto& what : std::exchange(when_written_, {}))
      what();
  }

  void put(const storage::write_batch& batch, durability how) {
    if (auto written = store_->write(batch, how); !written) {
      failed_ = true; // nothing is answered any more, so this node votes for nothing any more
      throw std::runtime_error("the disk refused a write: " + to_string(written.error()));
    }
    auto& c = context_->counters;
    ++c.writes;
    c.bytes_written += batch.size_bytes();
  }

  /// A slice of what moves the base up. It needs no sync of its own.
  void prune() {
    if (failed_ || installed_ || !pruner_.busy())
      return;
    auto before = pruner_.base();
    storage::write_batch batch;
    intact(pruner_.step(batch, *store_));
    put(batch, durability::buffered);
    if (pruner_.base() != before) {
      context_->log->info("the log begins with block {} from now on",
                          pruner_.base().next().value());
      self_->send(routes_->transfer, snapshot_atom::value, snapshot());
    }
    if (pruner_.busy())
      arm(between_slices);
  }

  void tell_synced() {
    ++context_->counters.syncs;
    if (ticket_)
      self_->send(routes_->replica, persisted_atom::value, *ticket_);
    ticket_.reset();
    for (const auto& checkpoint : saved_)
      self_->send(routes_->replica, saved_atom::value, checkpoint.sequence, checkpoint.state);
    saved_.clear();
    for (auto& own : std::exchange(own_, {}))
      self_->send(routes_->sequencer, written_atom::value, std::move(own));
  }

  /// Now if nothing has gathered, else with the write that follows in a moment anyway: nobody who
  /// asks makes this one write.
  void when_written(std::function<void()> what) {
    if (batch_.empty())
      what();
    else
      when_written_.push_back(std::move(what));
  }

  // -- states ------------------------------------------------------------------------------------

  snapshot_ptr snapshot() const {
    auto deleter = [store = store_](const storage::reader* r) {
      delete r;
    };
    return snapshot_ptr{store_->snapshot().release(), std::move(deleter)};
  }

  /// All replicas hand out the states at the same checkpoints.
  void hand_out(sequence_number n) {
    if (n.value() % transfer_spacing(*context_) != 0)
      return;
    write_out();
    self_->send(routes_->transfer, snapshot_atom::value, snapshot());
  }

  caf::typed_response_promise<stage_atom> stage(const staged_pages& what) {
    auto promise = self_->make_response_promise<stage_atom>();
    // At or below the own checkpoint the pruner clears, and may be making a copy under that number.
    if (what.discard && !passed(what.of))
      storage::erase_base_pages(batch_, what.of);
    for (const auto& page : what.pages)
      storage::append_base_page(batch_, what.of, market::page_key::unpack(page.key), page.content);
    when_written([=]() mutable { promise.deliver(stage_atom::value); });
    written(false);
    return promise;
  }

  /// The own checkpoint lies at `n` or above: execution has overtaken a transfer.
  bool passed(sequence_number n) {
    write_out();
    auto own = intact(storage::load_checkpoint(*store_));
    return own && own->sequence >= n;
  }

  /// From now on nothing is written: what the node's memory has is of the old state.
  bool install(const state_offer& what) {
    auto n = what.stable.what.sequence;
    if (passed(n)) // and its pages may be gone
      return false;
    auto time = intact(storage::load_base_time(*store_, n));
    storage::base_record base{{n, what.chain, what.stable.what.state, time}, what.stable};
    storage::write_batch batch;
    if (!intact(storage::append_install(batch, *store_, base)))
      return false;
    put(batch, durability::synced);
    installed_ = true;
    context_->log->info("the log begins with the state at block {} now", n.value());
    self_->send(routes_->supervisor, restart_atom::value);
    return true;
  }

  // -- reading, for peers ------------------------------------------------------------------------

  void asked(replica_id to, const fetch_blocks& what) {
    if (what.from <= what.to && budget_.may(to, now_ms()))
      serve_later(to, [=, this] { serve(to, what); });
  }

  void asked(replica_id to, const fetch_bodies& what) {
    if (what.digests.size() <= context_->genesis.market.blocks.max_requests
        && budget_.may(to, now_ms(), what.digests.size()))
      serve_later(to, [=, this] { serve(to, what); });
  }

  void asked(replica_id to, const fetch_reports& what) {
    if (budget_.may(to, now_ms(), what.reports.size()))
      serve_later(to, [=, this] { serve(to, what); });
  }

  /// Peers wait until what is to be written is written, and for one another: between two answers
  /// comes what has been sent here meanwhile, such as votes.
  void serve_later(replica_id to, std::function<void()> what) {
    auto& waiting = serves_waiting_[to];
    if (waiting >= serve_budget::waiting_per_peer)
      return; // it asks again
    ++waiting;
    when_written([this, to, what = std::move(what)]() mutable {
      serves_.emplace_back(to, std::move(what));
      if (serves_.size() == 1)
        self_->send(self_, serve_atom::value);
    });
  }

  void serve_next() {
    if (auto wait = context_->pace.wait_ms(now_ms()); wait > 0) {
      self_->delayed_send(self_, std::chrono::milliseconds(wait), serve_atom::value);
      return;
    }
    auto [to, what] = std::move(serves_.front());
    serves_.pop_front();
    --serves_waiting_[to];
    what();
    if (!serves_.empty())
      self_->send(self_, serve_atom::value);
  }

  /// True if it was asked for what is gone; then the peer is told.
  bool gone(replica_id to, sequence_number from) {
    auto first = intact(storage::first_kept(*store_));
    if (from >= first)
      return false;
    send(to, channel::state, messages::pruned{first});
    return true;
  }

  void serve(replica_id to, const fetch_blocks& what) {
    if (gone(to, what.from))
      return;
    auto wanted
        = std::min<std::uint64_t>(what.to.value() - what.from.value() + 1, serve_blocks_at_most);
    for (auto& block : intact(storage::load_blocks(*store_, what.from, wanted, serve_bytes)))
      send(to, channel::consensus, std::move(block));
  }

  void serve(replica_id to, const fetch_bodies& what) {
    if (gone(to, what.sequence))
      return;
    std::size_t read = 0;
    auto found = intact(storage::load_bodies(*store_, what.sequence, what.digests, read));
    budget_.spent(to, read);
    in_messages(
        found, [](signed_submission& s) { return std::move(s); },
        [&](bodies part) { send(to, channel::bodies, std::move(part)); });
  }

  void serve(replica_id to, const fetch_reports& what) {
    if (gone(to, what.sequence))
      return;
    stamp_reports part;
    std::size_t size = 0;
    for (auto place : what.reports)
      for (std::size_t i = 0; i < reports_in_answer; ++i) { // backwards, as the sequencer does
        auto found = intact(storage::load_report(*store_, place));
        auto content = found ? decode_stamp_report(found->body, UINT16_MAX)
                             : expected<stamp_report>{fail(errc::not_found)};
        if (!content)
          break;
        place.index = report_index{place.index.value() - 1};
        place.report = content->previous;
        size += found->body.size();
        part.reports.push_back(std::move(*found));
        if (size >= serve_bytes) {
          send(to, channel::stamps, std::exchange(part, {}));
          size = 0;
        }
      }
    if (!part.reports.empty())
      send(to, channel::stamps, std::move(part));
  }

  void send(replica_id to, channel on, peer_message what) {
    auto encoded = std::make_shared<const bytes>(encode(what));
    budget_.spent(to, encoded->size());
    context_->pace.spent(encoded->size());
    self_->send(routes_->peers, send_atom::value, to, on, encoded);
  }

  std::uint64_t now_ms() const {
    return now_ns(self_) / consensus::ns_per_ms;
  }

  // -- reading, for clients ----------------------------------------------------------------------

  /// What is not found may be about to be written.
  caf::typed_response_promise<stored_reports_ptr> tell_reports(client_id client,
                                                               report_number from) {
    auto promise = self_->make_response_promise<stored_reports_ptr>();
    if (auto found = reports(client, from); !found->blocks.empty())
      promise.deliver(found);
    else
      when_written([=, this]() mutable { promise.deliver(reports(client, from)); });
    return promise;
  }

  caf::typed_response_promise<answer> tell_receipt(client_id client, report_number number) {
    auto promise = self_->make_response_promise<answer>();
    if (auto found = receipt(client, number); !found.problem)
      promise.deliver(std::move(found));
    else
      when_written([=, this]() mutable { promise.deliver(receipt(client, number)); });
    return promise;
  }

  caf::typed_response_promise<answer> tell_trades(instrument_id instrument, std::uint32_t limit,
                                                  sequence_number at) {
    auto promise = self_->make_response_promise<answer>();
    when_written([=, this]() mutable { promise.deliver(trades(instrument, limit, at)); });
    return promise;
  }

  stored_reports_ptr reports(client_id client, report_number from) const {
    return std::make_shared<const past_reports>(past_reports{
        first_report(client), intact(storage::load_reports(*store_, client, from, report_blocks))});
  }

  /// The first report of a client that is still here.
  report_number first_report(client_id client) const {
    if (pruner_.base() == sequence_number{0})
      return report_number{1};
    return intact(storage::load_base_reports(*store_, pruner_.base(), client));
  }

  static error pruned(std::string_view what, std::uint64_t wanted, std::uint64_t first) {
    return {errc::pruned, std::string{what} + " " + std::to_string(wanted)
                              + " is gone here: kept from " + std::to_string(first) + " on"};
  }

  answer receipt(client_id client, report_number number) {
    auto share = storage::load_receipt(*store_, client, number);
    if (!share && share.error().code == errc::not_found)
      if (auto first = first_report(client); number.value() > 0 && number < first)
        return {0, executed_, pruned("report", number.value(), first.value()), {}};
    if (!share && share.error().code == errc::not_found)
      return {0, executed_, share.error(), {}};
    auto found = intact(std::move(share));
    return {0, found.what.sequence, std::nullopt, encode(found)};
  }

  answer trades(instrument_id instrument, std::uint32_t limit, sequence_number at) {
    if (instrument.value() >= context_->genesis.market.instruments.size())
      return {0, executed_, error{errc::not_found, "no such instrument"}, {}};
    if (at > executed_)
      return {0, executed_, error{errc::outside_window, "that state is not reached yet"}, {}};
    auto last = at.value() == 0 ? executed_ : at;
    if (last.value() > 0 && last <= pruner_.base())
      return {0, executed_, pruned("block", last.value(), pruner_.base().next().value()), {}};
    limit = std::min(limit == 0 ? default_trades : limit, most_trades);
    trades_view view{instrument, intact(storage::load_trades(*store_, instrument, last, limit))};
    return {0, last, std::nullopt, encode(view)};
  }

  std::string status() const {
    const auto& c = context_->counters;
    nlohmann::json s;
    s["syncs"] = c.syncs.load();
    s["writes"] = c.writes.load();
    s["bytes_written"] = c.bytes_written.load();
    s["refused_to_peers"] = budget_.refused();
    s["serves_waiting"] = serves_.size();
    s["first_block"] = pruner_.base().next().value();
    return s.dump();
  }

  ledger_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  std::shared_ptr<storage::store> store_; ///< shared with snapshots
  storage::write_batch batch_;
  std::optional<std::uint64_t> ticket_; ///< the greatest that waits for a sync
  std::vector<storage::stored_checkpoint> saved_;
  std::vector<report_ptr> own_; ///< of this replica, waiting for a sync
  sequence_number executed_;    ///< the last whose results are here
  std::vector<std::function<void()>> when_written_;
  std::deque<std::pair<replica_id, std::function<void()>>>
      serves_; ///< to peers, of what is written
  std::map<replica_id, std::size_t> serves_waiting_;
  storage::pruner pruner_; ///< ends before the store that it reads
  serve_budget budget_;
  bool flush_sent_ = false;
  bool timer_armed_ = false;
  bool sync_ = false; ///< somebody waits for it, tickets apart
  bool failed_ = false;
  bool installed_ = false; ///< the database holds another state than the node
};

} // namespace

ledger_actor spawn_ledger(caf::actor_system& system, ledger_setup setup) {
  return spawn_shell<ledger, ledger_actor>(system, std::move(setup), runs::alone);
}

} // namespace bourse::actors
