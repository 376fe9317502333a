#include "actors/sequencer.hpp"

#include <chrono>
#include <deque>
#include <stdexcept>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include "actors/peer_messages.hpp"
#include "actors/refused_proposals.hpp"
#include "actors/serve_budget.hpp"
#include "actors/spawn.hpp"
#include "fairness/sequencing.hpp"
#include "fairness/stamp_clock.hpp"
#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

constexpr std::uint64_t ms = 1'000'000; ///< in nanoseconds
/// Between two looks at the clock, if nothing is due before.
constexpr std::uint64_t idle_ns = 250 * ms;
/// Reports in one message: so many bytes, or a little more.
constexpr std::size_t reports_bytes = 1024 * 1024;

fairness::sequencing_options options_of(const node_context& c) {
  fairness::sequencing_options o;
  o.self = c.self;
  o.size = c.genesis.size;
  o.grace_us = c.options.body_grace_ms * std::uint64_t{1000};
  o.retry_us = c.options.body_retry_ms * std::uint64_t{1000};
  o.relay_after_us = c.options.stall_ms * std::uint64_t{1000} / 2;
  return o;
}

class sequencer {
public:
  static constexpr const char* name = "sequencer";

  sequencer(sequencer_actor::pointer self, sequencer_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        keys_(keys_of(context_->genesis)),
        core_(context_->genesis.market, options_of(*context_), std::move(setup.order),
              setup.executed, setup.next_due),
        executed_before_(std::move(setup.executed_before)),
        clock_(now_ns(self), context_->wall_clock_ms(), stamp_time{0}),
        budget_(context_->genesis.size.n),
        view_(setup.view),
        seen_{0, setup.executed, 0, 0} {
    for (const auto& r : setup.reports)
      core_.keep(r);
    clock_ = {now_ns(self), context_->wall_clock_ms(), core_.own().last_stamp()};
    for (const auto& body : setup.bodies)
      core_.keep(body, now());
    core_.renew(setup.view);
  }

  sequencer_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](frame_atom, replica_id from, const frame_ptr& frame) {
          meter m(context_->counters, component::sequencer);
          receive(from, *frame);
          go_on();
        },
        [this](bodies_atom, const submissions_ptr& bodies) {
          meter m(context_->counters, component::sequencer);
          for (const auto& body : *bodies)
            core_.hold(body, now());
          go_on();
        },
        [this](bodies_atom, replica_id to, fetch_bodies& what) {
          meter m(context_->counters, component::sequencer);
          serve(to, what);
        },
        [this](written_atom, const report_ptr& own) {
          meter m(context_->counters, component::sequencer);
          core_.reported(own, now());
          go_on();
        },
        [this](grant_atom, const consensus::proposal_grant& grant) {
          meter m(context_->counters, component::sequencer);
          if (grant.view == view_) // else of a view that was left meanwhile
            core_.grant(grant.view, grant.sequence);
          go_on();
        },
        [this](renew_atom, view_number v) {
          meter m(context_->counters, component::sequencer);
          view_ = v;
          core_.renew(v);
          go_on();
        },
        [this](fill_atom, sequence_number until) {
          meter m(context_->counters, component::sequencer);
          core_.fill(until);
          go_on();
        },
        [this](check_atom, const consensus::proposal_check& what) {
          meter m(context_->counters, component::sequencer);
          check(what);
          go_on();
        },
        [this](execute_atom, const consensus::execution& what) {
          meter m(context_->counters, component::sequencer);
          execute(what);
          go_on();
        },
        [this](executed_atom, const executed_ptr& block) {
          meter m(context_->counters, component::sequencer);
          seen_.executed = block->result->sequence;
          seen_.executed_requests += block->result->requests;
          core_.switch_due(block->result->next_due);
          go_on();
        },
        [this](stable_atom, sequence_number sequence) {
          meter m(context_->counters, component::sequencer);
          stable(sequence);
        },
        [this](clock_atom) {
          meter m(context_->counters, component::sequencer);
          armed_.reset();
          go_on();
        },
        [this](status_atom) { return status(); },
    };
  }

private:
  stamp_time now() {
    return clock_.now(now_ns(self_), context_->wall_clock_ms());
  }

  // -- peers -------------------------------------------------------------------------------------

  void receive(replica_id from, byte_view frame) {
    for_each_peer_message(frame, channel::stamps, context_->counters, [&](peer_message&& what) {
      if (auto* reports = std::get_if<stamp_reports>(&what))
        for (auto& r : reports->reports)
          take(from, std::move(r));
      else if (auto* ask = std::get_if<fetch_reports>(&what))
        serve(from, *ask);
      else
        ++context_->counters.malformed_from_peers;
    });
  }

  /// Its own, what was asked for, or what the primary is thought to lack. Everything that is
  /// cheaper than the signature comes before it.
  void take(replica_id from, signed_report source) {
    auto content = decode_stamp_report(source.body, context_->genesis.market.order.max_stamps);
    if (!content || content->replica.value() >= context_->genesis.size.n) {
      ++context_->counters.malformed_from_peers;
      return;
    }
    auto name = hash(source.body);
    chain_head place{content->replica, content->index, name};
    bool leads = context_->genesis.size.primary_of(view_) == context_->self;
    if (core_.find_report(name))
      return;
    if (from != content->replica && !core_.wants_report(place) && !leads) {
      ++context_->counters.unwanted_reports;
      return;
    }
    if (!verify(keys_[content->replica.value()], purpose::stamp_report, context_->cluster(),
                name.view(), source.signature)) {
      ++context_->counters.malformed_from_peers;
      return;
    }
    core_.report(std::make_shared<const verified_report>(
                     verified_report{std::move(source), name, std::move(*content)}),
                 now());
  }

  void serve(replica_id to, const fetch_reports& what) {
    if (!budget_.may(to, now_ns(self_) / ms, what.reports.size()))
      return;
    fetch_reports rest{what.sequence, {}};
    std::vector<report_ptr> here;
    for (const auto& place : what.reports) {
      auto r = core_.find_report(place.report);
      if (!r)
        rest.reports.push_back(place);
      for (std::size_t i = 0; r && i < reports_in_answer; ++i) {
        here.push_back(r);
        r = core_.find_report(r->content.previous);
      }
    }
    say(to, here);
    if (!rest.reports.empty())
      self_->send(routes_->ledger, stamps_atom::value, to, std::move(rest));
  }

  /// The mempool knows what clients sent in this life. What was stamped is here until it executes,
  /// and then in the ledger.
  void serve(replica_id to, fetch_bodies& what) {
    std::vector<submission_ptr> here;
    std::erase_if(what.digests, [&](const digest& d) {
      if (auto body = core_.find_body(d))
        here.push_back(std::move(body));
      else
        return false;
      return true;
    });
    in_messages(
        here, [](const submission_ptr& s) { return s->source; },
        [&](bodies part) { send(to, channel::bodies, std::move(part)); });
    if (!what.digests.empty())
      self_->send(routes_->ledger, bodies_atom::value, to, std::move(what));
  }

  void send(replica_id to, channel on, peer_message what) {
    auto encoded = std::make_shared<const bytes>(encode(what));
    budget_.spent(to, encoded->size());
    self_->send(routes_->peers, send_atom::value, to, on, encoded);
  }

  /// In as few messages as may be. To nobody: to all.
  void say(std::optional<replica_id> to, const std::vector<report_ptr>& reports) {
    stamp_reports part;
    std::size_t size = 0;
    auto out = [&] {
      auto encoded = std::make_shared<const bytes>(encode(peer_message{std::exchange(part, {})}));
      if (to)
        budget_.spent(*to, encoded->size());
      send_to_peers(self_, routes_->peers, to, channel::stamps, encoded);
      size = 0;
    };
    for (const auto& r : reports) {
      part.reports.push_back(r->source);
      size += r->source.body.size();
      if (size >= reports_bytes)
        out();
    }
    if (!part.reports.empty())
      out();
  }

  template <class Ask>
  void ask(replica_id whom, channel on, Ask what) {
    self_->send(routes_->peers, send_atom::value, whom, on,
                std::make_shared<const bytes>(encode(peer_message{std::move(what)})));
  }

  // -- blocks ------------------------------------------------------------------------------------

  expected<block> decode(sequence_number sequence, const shared_bytes& encoded) const {
    auto b = decode_block(*encoded);
    if (b && b->cluster != context_->cluster())
      return fail(errc::wrong_cluster);
    if (b && b->sequence != sequence)
      return fail(errc::malformed, "the block is for another slot");
    return b;
  }

  void check(const consensus::proposal_check& what) {
    auto b = decode(what.what.sequence, what.block);
    if (!b)
      refuse(what.what, what.fresh, b.error());
    else
      core_.check(what.what, what.fresh, std::move(b->heads), what.block, now());
  }

  void refuse(const statement& what, bool fresh, const error& why) {
    if (refused_.add(why, now_ns(self_)))
      context_->log->warn("refused the proposal of block {} in view {}: {}", what.sequence.value(),
                          what.view.value(), to_string(why));
    self_->send(routes_->replica, checked_atom::value, what, fresh, full_block_ptr{});
  }

  void execute(const consensus::execution& what) {
    auto b = decode(what.sequence, what.block);
    if (!b)
      throw std::runtime_error("block " + std::to_string(what.sequence.value())
                               + " is final but breaks the rules: more than f replicas are faulty");
    chains_.push_back({what.sequence, what.chain});
    std::vector<submission_ptr> known;
    if (auto before = executed_before_.extract(what.sequence))
      known = std::move(before.mapped());
    core_.execute(std::make_shared<const full_block>(
                      full_block{what.sequence, what.digest, what.block, std::move(b->heads)}),
                  what.checkpoint, std::move(known), now());
  }

  void ordered(fairness::sequencing_effects::ordered& x) {
    BOURSE_ASSERT(!chains_.empty() && chains_.front().first == x.block->sequence);
    if (x.checkpoint)
      note_heads(x.block->sequence);
    self_->send(routes_->clearing, execute_atom::value,
                std::make_shared<const execution_request>(execution_request{
                    x.block, x.time, std::move(x.executes), std::move(x.voided), std::move(x.gone),
                    chains_.front().second, x.checkpoint, std::move(x.pages)}));
    chains_.pop_front();
  }

  void propose(const fairness::sequencing_effects::proposal& p) {
    block content{context_->cluster(), p.sequence, p.heads};
    auto encoded = std::make_shared<const bytes>(encode(content));
    auto name = hash(*encoded);
    self_->send(routes_->replica, propose_atom::value,
                full_block_ptr{std::make_shared<const full_block>(
                    full_block{p.sequence, name, std::move(encoded), p.heads})});
  }

  // -- what a stable checkpoint covers -----------------------------------------------------------

  void note_heads(sequence_number at) {
    std::vector<report_index> heads;
    for (std::uint16_t i = 0; i < context_->genesis.size.n; ++i)
      heads.push_back(core_.order().heads().of(replica_id{i}).index);
    covered_.push_back({at, std::move(heads)});
  }

  /// Reports that its state covers are the ledger's from now on.
  void stable(sequence_number sequence) {
    core_.stable(sequence);
    std::vector<report_index> heads;
    while (!covered_.empty() && covered_.front().first <= sequence) {
      heads = std::move(covered_.front().second);
      covered_.pop_front();
    }
    if (!heads.empty())
      core_.forget(heads);
  }

  // -- what every event ends with ----------------------------------------------------------------

  void go_on() {
    auto e = core_.take(now());
    write(e);
    if (!e.send_to_all.empty())
      say(std::nullopt, e.send_to_all);
    if (!e.relay.empty())
      say(context_->genesis.size.primary_of(view_), e.relay);
    for (auto& q : e.fetch_reports)
      ask(q.whom, channel::stamps, fetch_reports{q.sequence, std::move(q.names)});
    for (auto& q : e.fetch_bodies) {
      self_->send(routes_->mempool, want_atom::value,
                  std::make_shared<const std::vector<digest>>(q.names));
      ask(q.whom, channel::bodies, fetch_bodies{q.sequence, std::move(q.names)});
    }
    for (auto& v : e.verdicts) {
      if (v.block)
        self_->send(routes_->replica, checked_atom::value, v.what, v.fresh, std::move(v.block));
      else
        refuse(v.what, v.fresh, v.why);
    }
    for (const auto& p : e.proposals)
      propose(p);
    for (auto& x : e.executions)
      ordered(x);
    watch();
    arm();
  }

  /// Before anything else leaves: the ledger keeps the order in which it is told, so that whatever
  /// is synced later, such as a vote, has this before it.
  void write(fairness::sequencing_effects& e) {
    if (e.write_reports.empty() && e.write_bodies.empty() && !e.own_report)
      return;
    auto parts = std::make_shared<order_parts>();
    parts->reports = std::move(e.write_reports);
    parts->bodies = std::move(e.write_bodies);
    if (e.own_report)
      parts->own = sign_report(std::move(*e.own_report), context_->key, context_->cluster());
    self_->send(routes_->ledger, write_atom::value, order_parts_ptr{std::move(parts)});
  }

  void watch() {
    auto debt = core_.owes(now());
    auto seen = seen_;
    seen.owed = debt.owed;
    seen.oldest_wait_ms = debt.oldest_wait_us / 1000;
    if (seen == told_)
      return;
    told_ = seen;
    self_->send(routes_->view_change, watch_atom::value, seen);
  }

  /// One timer for all that is due some time. Early ones do no harm.
  void arm() {
    auto at = now();
    auto wait = idle_ns;
    if (auto next = core_.next_event())
      wait = *next > at ? std::min(wait, (next->value() - at.value()) * 1000) : 0;
    auto due = now_ns(self_) + std::max(wait, ms / 5);
    if (armed_ && *armed_ <= due)
      return;
    armed_ = due;
    self_->delayed_send(self_, std::chrono::nanoseconds(due - now_ns(self_)), clock_atom::value);
  }

  std::string status() {
    const auto& order = core_.order();
    nlohmann::json s;
    s["executed"] = core_.executed().value();
    s["time_us"] = order.time().value();
    s["own_index"] = core_.own().last().index.value();
    s["open_stamps"] = core_.own().open();
    s["tallied"] = core_.tallied();
    s["left_over"] = order.order().left_over();
    s["open_checks"] = core_.open_checks();
    s["queued_blocks"] = chains_.size();
    s["held_reports"] = core_.held_reports();
    s["unwanted_reports"] = context_->counters.unwanted_reports.load();
    s["refused_proposals"] = refused_.by_reason();
    s["chains"] = nlohmann::json::array();
    for (std::uint16_t i = 0; i < context_->genesis.size.n; ++i) {
      const auto& head = order.heads().of(replica_id{i});
      auto newest = core_.newest(replica_id{i});
      s["chains"].push_back({{"index", head.index.value()},
                             {"boundary_us", head.boundary.value()},
                             {"newest", newest ? newest->content.index.value() : 0}});
    }
    return s.dump();
  }

  sequencer_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  std::vector<public_key> keys_;
  fairness::sequencing core_;
  std::map<sequence_number, std::vector<submission_ptr>> executed_before_;
  fairness::stamp_clock clock_;
  serve_budget budget_;
  view_number view_;
  std::deque<std::pair<sequence_number, digest>> chains_; ///< of blocks to be ordered
  /// Where the chains stood at checkpoints that are not stable yet.
  std::deque<std::pair<sequence_number, std::vector<report_index>>> covered_;
  consensus::work_seen seen_;
  std::optional<consensus::work_seen> told_;
  refused_proposals refused_;
  std::optional<std::uint64_t> armed_;
};

} // namespace

sequencer_actor spawn_sequencer(caf::actor_system& system, sequencer_setup setup) {
  return spawn_shell<sequencer, sequencer_actor>(system, std::move(setup));
}

} // namespace bourse::actors
