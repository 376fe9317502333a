#include "actors/replica.hpp"

#include <chrono>
#include <deque>
#include <set>

#include <nlohmann/json.hpp>

#include "actors/observer.hpp"
#include "actors/peer_messages.hpp"
#include "actors/phase_times.hpp"
#include "actors/spawn.hpp"
#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

constexpr std::uint32_t default_timeline = 100;
constexpr std::uint32_t most_timeline = 1024;

class replica {
public:
  static constexpr const char* name = "replica";

  replica(replica_actor::pointer self, replica_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        authenticator_(std::move(setup.authenticator)),
        checkpoint_(setup.checkpoint),
        core_(core_options(*context_), *authenticator_, std::move(setup.recovered)) {}

  replica_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](frame_atom, replica_id from, const frame_ptr& frame) {
          meter m(context_->counters, component::replica);
          receive(from, *frame);
          carry_on();
        },
        [this](propose_atom, const full_block_ptr& block) {
          meter m(context_->counters, component::replica);
          propose(block);
          carry_on();
        },
        [this](checked_atom, const statement& what, bool, const full_block_ptr& block) {
          meter m(context_->counters, component::replica);
          checked(what, block);
          carry_on();
        },
        [this](persisted_atom, std::uint64_t ticket) {
          meter m(context_->counters, component::replica);
          persisted(ticket);
          carry_on();
        },
        [this](executed_atom, const executed_ptr& block) {
          meter m(context_->counters, component::replica);
          executed(block->result->sequence);
          carry_on();
        },
        [this](saved_atom, sequence_number sequence, const digest& state) {
          meter m(context_->counters, component::replica);
          core_.on_checkpoint(now_ns(self_), sequence, state);
          carry_on();
        },
        [this](leave_atom, view_number v) {
          meter m(context_->counters, component::replica);
          if (v > core_.view())
            core_.leave(now_ns(self_), v);
          carry_on();
        },
        [this](install_atom, const installation_ptr& i) {
          meter m(context_->counters, component::replica);
          core_.install(now_ns(self_), *i);
          carry_on();
        },
        [this](speak_atom) {
          meter m(context_->counters, component::replica);
          if (context_->observer)
            context_->observer->spoke();
          core_.speak(now_ns(self_));
          carry_on();
        },
        [this](hold_atom, bool hold) { core_.hold_catch_up(hold); },
        [this](clock_atom) {
          meter m(context_->counters, component::replica);
          tick();
        },
        [this](status_atom) { return status(); },
        [this](timeline_atom, std::uint32_t count) {
          return phases_.timeline(std::min(count == 0 ? default_timeline : count, most_timeline));
        },
    };
  }

private:
  // -- events ------------------------------------------------------------------------------------

  void receive(replica_id from, byte_view frame) {
    for_each_peer_message(frame, channel::consensus, context_->counters,
                          [&](const peer_message& what) {
                            if (context_->observer)
                              context_->observer->received(from, what);
                            core_.on_message(now_ns(self_), from, what);
                          });
  }

  void propose(const full_block_ptr& block) {
    if (!core_.on_proposal(now_ns(self_), block->sequence, block->encoded))
      ++void_proposals_; // the view changed meanwhile, which the sequencer is told by renew
  }

  /// Nobody waits for it if the window has moved on, or it was executed meanwhile.
  void checked(const statement& what, const full_block_ptr& block) {
    if (checks_.erase(what) > 0)
      core_.on_checked(now_ns(self_), what, block != nullptr);
  }

  void persisted(std::uint64_t ticket) {
    while (!waiting_.empty() && waiting_.front().ticket <= ticket) {
      auto step = std::move(waiting_.front());
      waiting_.pop_front();
      step.say(*this);
      core_.on_persisted(now_ns(self_), step.ticket);
    }
  }

  void executed(sequence_number sequence) {
    core_.on_executed(now_ns(self_), sequence);
    std::erase_if(checks_, [&](const statement& s) { return s.sequence <= sequence; });
    for (const auto& slot : core_.take_times())
      phases_.add(slot);
  }

  void tick() {
    if (checkpoint_)
      core_.on_checkpoint(now_ns(self_), checkpoint_->sequence, checkpoint_->state);
    checkpoint_.reset();
    core_.on_tick(now_ns(self_));
    carry_on();
    if (core_.executed() > told_executed_)
      tell_position();
    if (auto n = core_.counters().equivocations; n > equivocations_) {
      equivocations_ = n;
      self_->send(routes_->view_change, suspect_atom::value, consensus::suspicion::equivocation);
    }
    self_->delayed_send(self_, std::chrono::milliseconds(context_->options.retransmit_ms / 4),
                        clock_atom::value);
  }

  // -- effects -----------------------------------------------------------------------------------

  void carry_on() {
    for (auto e = core_.take_effects(); !e.empty(); e = core_.take_effects())
      carry_out(e);
    if (core_.stable().what.sequence > told_stable_) {
      auto low = core_.stable().what.sequence;
      std::erase_if(checks_, [&](const statement& x) { return x.sequence <= low; });
      self_->send(routes_->sequencer, stable_atom::value, low);
      tell_position();
    }
    if (context_->observer)
      context_->observer->stepped(core_);
  }

  void tell_position() {
    told_stable_ = core_.stable().what.sequence;
    told_executed_ = core_.executed();
    self_->send(routes_->transfer, position_atom::value,
                position_ptr{std::make_shared<position>(position{told_executed_, core_.stable()})});
  }

  void carry_out(consensus::effects& e) {
    for (auto& s : e.now)
      send(encoded(s));
    if (!e.persist.empty() || !e.after_persist.empty() || e.departed || e.begun)
      persist(e);
    if (e.renewed)
      self_->send(routes_->sequencer, renew_atom::value, *e.renewed);
    for (const auto& check : e.checks)
      this->check(check);
    for (const auto& grant : e.grants)
      self_->send(routes_->sequencer, grant_atom::value, grant);
    for (auto& execution : e.executions) {
      if (context_->observer)
        context_->observer->executing(execution);
      self_->send(routes_->sequencer, execute_atom::value, std::move(execution));
    }
    for (const auto& s : e.serves)
      self_->send(routes_->ledger, blocks_atom::value, s.to, s.what);
  }

  struct outgoing {
    std::optional<replica_id> to;
    channel on;
    shared_bytes message;
    std::optional<peer_message> what; ///< only for who watches
  };
  outgoing encoded(consensus::send& s) const {
    auto on = std::holds_alternative<new_view>(s.what) ? channel::view : channel::consensus;
    outgoing o{s.to, on, std::make_shared<const bytes>(encode(s.what)), {}};
    if (context_->observer)
      o.what = std::move(s.what);
    return o;
  }
  void send(const outgoing& o) {
    if (o.what)
      context_->observer->said(o.to, *o.what);
    send_to_peers(self_, routes_->peers, o.to, o.on, o.message);
  }

  /// Hands the records to the ledger, and keeps back what must not leave before they are durable.
  /// It is encoded while the disk is at work.
  void persist(consensus::effects& e) {
    if (e.ticket != 0) {
      auto request = std::make_shared<persist_request>();
      request->ticket = e.ticket;
      request->urgent = !e.after_persist.empty() || e.departed || e.begun;
      request->records = std::move(e.persist);
      self_->send(routes_->ledger, persist_atom::value, persist_ptr{std::move(request)});
      waiting_.push_back({e.ticket, {}, nullptr, {}});
    }
    step now; // for what rests on what is durable already
    auto& then = waiting_.empty() ? now : waiting_.back();
    for (auto& s : e.after_persist)
      then.messages.push_back(encoded(s));
    if (e.departed)
      then.departed = std::make_shared<const view_change_content>(std::move(*e.departed));
    if (e.begun)
      then.begun = e.begun;
    if (waiting_.empty())
      now.say(*this);
  }

  void check(const consensus::proposal_check& c) {
    checks_.insert(c.what);
    self_->send(routes_->sequencer, check_atom::value, c);
  }

  // -- status ------------------------------------------------------------------------------------

  std::string status() const {
    const auto& c = core_.counters();
    nlohmann::json s;
    s["view"] = core_.view().value();
    s["in_view"] = core_.in_view();
    s["primary"] = context_->genesis.size.primary_of(core_.view()).value();
    s["executed"] = core_.executed().value();
    s["committed"] = core_.committed().value();
    s["stable"] = {{"sequence", core_.stable().what.sequence.value()},
                   {"state", to_hex(core_.stable().what.state.view())}};
    s["peers_executed"] = nlohmann::json::array();
    for (auto n : core_.peers_executed())
      s["peers_executed"].push_back(n.value());
    s["open_slots"] = nlohmann::json::array();
    for (const auto& slot : core_.open_slots())
      s["open_slots"].push_back({{"sequence", slot.sequence.value()},
                                 {"proposed", slot.proposed},
                                 {"prepares", slot.prepares},
                                 {"commits", slot.commits}});
    s["phases"] = nlohmann::json::parse(phases_.percentiles());
    s["waiting_for_disk"] = waiting_.size();
    s["open_checks"] = checks_.size();
    s["void_proposals"] = void_proposals_;
    s["signatures_verified"] = c.signatures_verified;
    s["signatures_made"] = c.signatures_made;
    s["bad_signatures"] = c.bad_signatures;
    s["bad_certificates"] = c.bad_certificates;
    s["bad_senders"] = c.bad_senders;
    s["outside_watermarks"] = c.outside_watermarks;
    s["wrong_view"] = c.wrong_view;
    s["wrong_hashes"] = c.wrong_hashes;
    s["not_from_primary"] = c.not_from_primary;
    s["equivocations"] = c.equivocations;
    s["rejected_proposals"] = c.rejected_proposals;
    s["retransmissions"] = c.retransmissions;
    s["fetched_blocks"] = c.fetched_blocks;
    s["diverged"] = c.diverged;
    return s.dump();
  }

  /// What waits for its ticket.
  struct step {
    std::uint64_t ticket = 0;
    std::vector<outgoing> messages;
    departure_ptr departed;
    std::optional<view_number> begun;

    void say(replica& by) const {
      for (const auto& message : messages)
        by.send(message);
      if (departed)
        by.self_->send(by.routes_->view_change, left_atom::value, departed);
      if (begun)
        by.self_->send(by.routes_->view_change, begun_atom::value, *begun);
    }
  };

  replica_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  std::unique_ptr<const consensus::authenticator> authenticator_;
  std::optional<storage::stored_checkpoint> checkpoint_; ///< until the first tick
  consensus::replica_core core_;
  std::deque<step> waiting_;   ///< ascending tickets
  std::set<statement> checks_; ///< at the sequencer
  phase_times phases_;
  std::uint64_t equivocations_ = 0;
  sequence_number told_stable_; ///< these two: to state transfer
  sequence_number told_executed_;
  std::uint64_t void_proposals_ = 0;
};

} // namespace

replica_actor spawn_replica(caf::actor_system& system, replica_setup setup) {
  return spawn_shell<replica, replica_actor>(system, std::move(setup));
}

} // namespace bourse::actors
