#include "actors/mempool.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include "actors/peer_messages.hpp"
#include "actors/proposal_checks.hpp"
#include "actors/refused_proposals.hpp"
#include "actors/serve_budget.hpp"
#include "actors/spawn.hpp"
#include "actors/verify_queue.hpp"
#include "consensus/body_fetch.hpp"
#include "market/batcher.hpp"
#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

constexpr std::uint64_t ms = 1'000'000; ///< in nanoseconds
/// Signatures in one message to a verifier: few enough that several verifiers share a burst.
constexpr std::size_t chunk = 64;
/// Messages that a verifier has at once: one in work and one to go on with.
constexpr std::size_t chunks_per_verifier = 2;
/// Submissions of one stream that wait for their signature check, in credits: as many as the pool
/// admits beyond what is executed here.
constexpr std::size_t queued_credits = 4;
/// Of bodies that one peer hands over, while they wait for that.
constexpr std::size_t handed_over_bytes = 4 * 1024 * 1024;

class mempool {
public:
  static constexpr const char* name = "mempool";

  mempool(mempool_actor::pointer self, mempool_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        pool_(std::move(setup.pool)),
        verifiers_(std::move(setup.verifiers)),
        loads_(verifiers_.size()),
        queue_({rules().stream_window_bytes, queued_credits * std::max(1u, rules().stream_window)}),
        checks_(context_->genesis, context_->options.body_grace_ms * ms),
        fetch_(context_->self, context_->genesis.size, context_->options.body_retry_ms),
        batcher_(rules().blocks.max_requests,
                 context_->options.batch_delay_us * std::uint64_t{1000}),
        budget_(context_->genesis.size.n),
        view_(setup.view),
        executed_(setup.executed),
        time_(setup.time),
        executed_time_(setup.time),
        next_due_(setup.next_due) {
    BOURSE_ASSERT(!verifiers_.empty());
    checks_.executed(executed_, time_);
  }

  mempool_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](admit_atom, const admission_ptr& what) {
          meter m(context_->counters, component::mempool);
          admit(*what);
        },
        [this](verified_atom, const verification_ptr& batch) {
          meter m(context_->counters, component::mempool);
          verified(*batch);
        },
        [this](frame_atom, replica_id from, const frame_ptr& frame) {
          meter m(context_->counters, component::mempool);
          receive(from, *frame);
        },
        [this](grant_atom, const consensus::proposal_grant& grant) {
          meter m(context_->counters, component::mempool);
          granted(grant);
        },
        [this](renew_atom, view_number v) {
          meter m(context_->counters, component::mempool);
          renew(v);
        },
        [this](fill_atom, sequence_number until) {
          meter m(context_->counters, component::mempool);
          filled_until_ = std::max(filled_until_, until);
          go_on();
        },
        [this](check_atom, const consensus::proposal_check& check) {
          meter m(context_->counters, component::mempool);
          checks_.begin(now_ns(self_), context_->wall_clock_ms(), check,
                        [this](const digest& d) { return pool_.find(d); });
          go_on();
        },
        [this](executed_atom, const executed_ptr& block) {
          meter m(context_->counters, component::mempool);
          executed(*block);
        },
        [this](clock_atom) {
          meter m(context_->counters, component::mempool);
          armed_.reset();
          go_on();
          look_after_waiting();
          watch();
        },
        [this](status_atom) { return status(); },
    };
  }

private:
  const market::rules& rules() const {
    return context_->genesis.market;
  }

  // -- admission ---------------------------------------------------------------------------------

  void admit(admission& what) {
    refusing refused;
    for (auto& s : what.submissions) {
      submission_header header;
      if (auto ok = enqueue(what, s, header); !ok)
        refused[what.session].push_back({header.stream, header.number, std::move(ok.error())});
    }
    refuse(std::move(refused));
    dispatch();
  }

  /// Everything that is cheaper than the signature comes before it.
  expected<void> enqueue(const admission& from, signed_submission& s, submission_header& header) {
    if (s.body.size() > rules().submissions.max_bytes)
      return fail(errc::too_large);
    auto decoded = decode_submission_header(s.body);
    if (!decoded)
      return tl::unexpected(std::move(decoded.error()));
    header = *decoded;
    if (header.client != from.client)
      return fail(errc::not_authorised, "the submission is another client's");
    auto digest = hash(s.body);
    // What a proposal names is taken whatever the credit: a quorum may have voted for it.
    if (!checks_.wants(digest))
      if (auto ok = pool_.admissible(header, s.body.size()); !ok)
        return ok;
    if (pool_.find(digest) || queue_.holds(digest, s.signature))
      return {}; // sent again: it is here
    verification::item item;
    item.session = from.session;
    item.header = header;
    item.digest = digest;
    item.source = std::move(s);
    if (!queue_.add(std::move(item)))
      return fail(errc::busy);
    return {};
  }

  /// Keeps all verifiers at work, the next chunk at the one with the least to do.
  void dispatch() {
    while (queue_.waiting() > 0) {
      auto idlest = std::min_element(loads_.begin(), loads_.end());
      if (*idlest >= chunks_per_verifier)
        return;
      auto share = (queue_.waiting() + verifiers_.size() - 1) / verifiers_.size();
      auto batch = std::make_shared<verification>();
      batch->items = queue_.take(std::clamp<std::size_t>(share, 1, chunk));
      batch->verifier = static_cast<std::size_t>(idlest - loads_.begin());
      ++*idlest;
      self_->send(verifiers_[batch->verifier], verify_atom::value, batch);
    }
  }

  void verified(verification& batch) {
    --loads_[batch.verifier];
    refusing refused;
    for (auto& item : batch.items) {
      queue_.done(item);
      if (!item.verified) {
        refused[item.session].push_back({item.header.stream, item.header.number, item.why});
        if (auto by = checks_.wanted_by(item.digest)) // perhaps another has it with a signature
          want(*by, {item.digest});
        continue;
      }
      checks_.arrived(item.verified);
      fetch_.arrived(item.digest);
      pool_.add(std::move(item.verified));
    }
    refuse(std::move(refused));
    dispatch();
    go_on();
    if (owed_ == 0 && pool_.ready_requests() > 0)
      watch(); // the primary's time begins
  }

  using refusing = std::map<session_id, std::vector<messages::refused>>;

  void refuse(refusing refused) {
    for (auto& [session, items] : refused) {
      for (const auto& item : items)
        ++refusals_[item.why.code];
      if (session.value != 0)
        self_->send(routes_->gateway, refuse_atom::value,
                    std::make_shared<const refusals>(refusals{session, std::move(items)}));
    }
  }

  // -- proposals ---------------------------------------------------------------------------------

  /// What was proposed and is not executed may be proposed again; checks that follow name what the
  /// new view makes of it.
  void renew(view_number v) {
    view_ = v;
    grants_.clear();
    pool_.forget_proposed();
    checks_.renew(v, executed_);
    time_ = executed_time_;
    proposed_ = executed_;
  }

  void granted(const consensus::proposal_grant& grant) {
    if (grant.view != view_)
      return; // of a view that was left meanwhile
    grants_.push_back(grant.sequence);
    go_on();
  }

  void propose() {
    auto wall = context_->wall_clock_ms();
    while (!grants_.empty()) {
      auto sequence = grants_.front();
      auto in_flight = sequence.value() - executed_.value() - 1;
      bool owed
          = sequence <= filled_until_ || (next_due_.value() != 0 && next_due_.value() <= wall);
      if (!batcher_.propose(now_ns(self_), pool_.ready_requests(), in_flight, owed))
        return;
      grants_.pop_front();
      propose(sequence, block_time{std::max(wall, time_.value())});
    }
  }

  void propose(sequence_number sequence, block_time time) {
    auto b = std::make_shared<full_block>();
    b->submissions = pool_.take_batch();
    b->content = {context_->cluster(), sequence, time, {}};
    b->content.submissions.reserve(b->submissions.size());
    for (const auto& s : b->submissions)
      b->content.submissions.push_back(s->digest);
    b->sequence = sequence;
    b->encoded = std::make_shared<const bytes>(encode(b->content));
    b->digest = hash(*b->encoded);
    time_ = time;
    proposed_ = std::max(proposed_, sequence);
    self_->send(routes_->replica, propose_atom::value, full_block_ptr{std::move(b)});
  }

  void executed(const executed_block& block) {
    executed_ = block.result->sequence;
    executed_time_ = std::max(executed_time_, block.result->time);
    time_ = std::max(time_, executed_time_);
    executed_requests_ += block.result->requests;
    next_due_ = block.result->next_due;
    pool_.executed(*block.result, block.block->submissions);
    checks_.executed(executed_, block.result->time);
    fetch_.forget(executed_);
    while (!grants_.empty() && grants_.front() <= executed_)
      grants_.pop_front();
    go_on();
    watch();
  }

  // -- bodies of others' proposals ---------------------------------------------------------------

  void receive(replica_id from, byte_view frame) {
    auto& counters = context_->counters;
    for_each_peer_message(frame, channel::bodies, counters, [&](peer_message&& what) {
      if (auto* ask = std::get_if<fetch_bodies>(&what))
        serve(from, *ask);
      else if (auto* answer = std::get_if<bodies>(&what))
        take(from, *answer);
      else
        ++counters.malformed_from_peers;
    });
    dispatch();
  }

  /// Verified like a client's.
  void take(replica_id from, bodies& what) {
    for (auto& s : what.submissions) {
      auto digest = hash(s.body);
      auto header = decode_submission_header(s.body);
      if (!header || (!checks_.wants(digest) && !handed_over(from, *header, s))) {
        ++context_->counters.unwanted_bodies;
        continue;
      }
      if (pool_.find(digest) || queue_.holds(digest, s.signature))
        continue;
      verification::item item;
      item.peer = from;
      item.header = *header;
      item.digest = digest;
      item.source = std::move(s);
      if (!queue_.add(std::move(item)))
        ++context_->counters.unwanted_bodies;
    }
  }

  /// Another replica waits for this request to be executed, and this one leads.
  bool handed_over(replica_id from, const submission_header& header,
                   const signed_submission& s) const {
    return context_->genesis.size.primary_of(view_) == context_->self
           && queue_.held_from(from) < handed_over_bytes && pool_.admissible(header, s.body.size());
  }

  void serve(replica_id to, const fetch_bodies& what) {
    if (what.digests.size() > rules().blocks.max_requests
        || !budget_.may(to, now_ns(self_) / ms, what.digests.size()))
      return;
    fetch_bodies rest{what.sequence, {}};
    std::vector<submission_ptr> here;
    for (const auto& d : what.digests) {
      if (auto body = pool_.find(d))
        here.push_back(std::move(body));
      else
        rest.digests.push_back(d);
    }
    in_messages(
        here, [](const submission_ptr& s) { return s->source; },
        [&](bodies part) { send(to, std::move(part)); });
    if (!rest.digests.empty())
      self_->send(routes_->ledger, bodies_atom::value, to, std::move(rest));
  }

  void send(replica_id to, peer_message what) {
    auto encoded = std::make_shared<const bytes>(encode(what));
    budget_.spent(to, encoded->size());
    self_->send(routes_->peers, send_atom::value, to, channel::bodies, encoded);
  }

  /// Asks the proposer first, or another if this replica is it.
  void want(const statement& by, const std::vector<digest>& bodies) {
    if (bodies.empty())
      return;
    auto size = context_->genesis.size;
    auto first = size.primary_of(by.view);
    if (first == context_->self)
      first = size.primary_of(by.view.next());
    fetch_.want(now_ns(self_), by.sequence, first, bodies);
  }

  void fetch() {
    for (auto& late : checks_.take_overdue(now_ns(self_))) {
      // What is only waiting for its signature check is here.
      std::erase_if(late.bodies, [&](const digest& d) { return queue_.holds(d); });
      want(late.what, late.bodies);
    }
    auto asks = fetch_.take_asks();
    if (fetch_tick_ns_ <= now_ns(self_)) {
      fetch_tick_ns_ = now_ns(self_) + context_->options.body_retry_ms * ms / 4;
      auto again = fetch_.on_tick(now_ns(self_));
      asks.insert(asks.end(), std::make_move_iterator(again.begin()),
                  std::make_move_iterator(again.end()));
    }
    for (auto& ask : asks)
      self_->send(routes_->peers, send_atom::value, ask.whom, channel::bodies,
                  std::make_shared<const bytes>(encode(peer_message{std::move(ask.what)})));
  }

  // -- what every event ends with ----------------------------------------------------------------

  void go_on() {
    for (auto& v : checks_.take_verdicts()) {
      if (v.block) {
        pool_.note_proposed(v.block->submissions);
        proposed_ = std::max(proposed_, v.block->sequence);
        time_ = std::max(time_, v.block->content.time);
      } else if (refused_.add(v.why, now_ns(self_))) {
        context_->log->warn("refused the proposal of block {} in view {}: {}",
                            v.what.sequence.value(), v.what.view.value(), to_string(v.why));
      }
      self_->send(routes_->replica, checked_atom::value, v.what, v.fresh, std::move(v.block));
    }
    fetch();
    propose();
    arm();
  }

  /// One timer for all that is due some time. Early ones do no harm.
  void arm() {
    auto due = now_ns(self_) + 250 * ms;
    auto by = [&](std::optional<std::uint64_t> at) {
      due = std::min(due, at.value_or(due));
    };
    if (!grants_.empty()) {
      by(batcher_.deadline());
      auto wall = context_->wall_clock_ms();
      // While a block is in flight none is owed, and its execution is looked at anyway.
      if (grants_.front() == executed_.next() && next_due_.value() != 0
          && next_due_.value() < wall + 500)
        by(now_ns(self_) + (std::max(next_due_.value(), wall) - wall) * ms);
    }
    by(checks_.deadline());
    if (checks_.open() > 0)
      by(fetch_tick_ns_);
    due = std::max(due, now_ns(self_) + ms / 5);
    if (armed_ && *armed_ <= due)
      return;
    armed_ = due;
    self_->delayed_send(self_, std::chrono::nanoseconds(due - now_ns(self_)), clock_atom::value);
  }

  /// What waits for an earlier number of its stream waits for its client, not for the primary.
  void watch() {
    consensus::work_seen seen;
    seen.executed = executed_;
    seen.executed_requests = executed_requests_;
    seen.owed
        = pool_.ready_requests() + (proposed_ > executed_ ? 1 : 0) + (switch_overdue() ? 1 : 0);
    seen.oldest_wait_ms = oldest_wait_ms_;
    owed_ = seen.owed;
    self_->send(routes_->view_change, watch_atom::value, seen);
  }

  /// A due dead-man's switch obliges a block, whatever the primary's clock may be.
  bool switch_overdue() const {
    return next_due_.value() != 0
           && next_due_.value() + rules().blocks.max_clock_skew_ms <= context_->wall_clock_ms();
  }

  /// A request that is passed over is handed to the primary, who may not have it, before the wait
  /// counts against it.
  void look_after_waiting() {
    auto waiting = pool_.look(now_ns(self_), context_->options.order_ms * ms / 2);
    oldest_wait_ms_ = waiting.oldest_ns / ms;
    auto primary = context_->genesis.size.primary_of(view_);
    if (waiting.overdue.empty() || primary == context_->self)
      return;
    messages::bodies late;
    for (const auto& s : waiting.overdue)
      late.submissions.push_back(s->source);
    self_->send(routes_->peers, send_atom::value, primary, channel::bodies,
                std::make_shared<const bytes>(encode(peer_message{std::move(late)})));
  }

  std::string status() const {
    nlohmann::json s;
    s["pending"] = pool_.held();
    s["pending_bytes"] = pool_.held_bytes();
    s["ready_requests"] = pool_.ready_requests();
    s["verifying"] = queue_.waiting();
    s["verifying_bytes"] = queue_.held_bytes();
    s["open_checks"] = checks_.open();
    s["grants"] = grants_.size();
    s["unwanted_bodies"] = context_->counters.unwanted_bodies.load();
    s["refused"] = nlohmann::json::object();
    s["refused_proposals"] = refused_.by_reason();
    for (const auto& [why, count] : refusals_)
      s["refused"][std::string{to_string(why)}] = count;
    return s.dump();
  }

  mempool_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  market::pending_pool pool_;
  std::vector<verifier_actor> verifiers_;
  std::vector<std::size_t> loads_; ///< chunks at each verifier
  verify_queue queue_;
  proposal_checks checks_;
  consensus::body_fetch fetch_;
  market::batcher batcher_;
  serve_budget budget_;

  view_number view_;
  std::deque<sequence_number> grants_;
  sequence_number executed_;
  sequence_number proposed_; ///< the highest that was proposed here or found acceptable
  block_time time_;          ///< of the last block that was executed, proposed or accepted here
  block_time executed_time_; ///< of the last that was executed
  std::uint64_t executed_requests_ = 0;
  std::uint64_t oldest_wait_ms_ = 0;
  std::uint32_t owed_ = 0; ///< as the view-change manager was last told
  block_time next_due_;
  sequence_number filled_until_; ///< blocks are owed up to here
  std::optional<std::uint64_t> armed_;
  std::uint64_t fetch_tick_ns_ = 0;
  std::map<errc, std::uint64_t> refusals_;
  refused_proposals refused_;
};

} // namespace

mempool_actor spawn_mempool(caf::actor_system& system, mempool_setup setup) {
  return spawn_shell<mempool, mempool_actor>(system, std::move(setup));
}

} // namespace bourse::actors
