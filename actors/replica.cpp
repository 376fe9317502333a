#include "actors/replica.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "actors/block_shelf.hpp"
#include "actors/observer.hpp"
#include "actors/peer_messages.hpp"
#include "actors/phase_times.hpp"
#include "actors/spawn.hpp"
#include "consensus/delivery.hpp"
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
        core_(core_options(*context_), *authenticator_, std::move(setup.recovered)) {
    for (auto& block : setup.blocks)
      shelf_.put(std::move(block), true);
  }

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
        [this](checked_atom, const statement& what, bool fresh, const full_block_ptr& block) {
          meter m(context_->counters, component::replica);
          checked(what, fresh, block);
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
    shelf_.put(block);
    if (core_.on_proposal(now_ns(self_), block->sequence, block->encoded))
      return;
    ++void_proposals_; // the view changed meanwhile, which the mempool is told by renew
    shelf_.drop(block->digest);
  }

  void checked(const statement& what, bool fresh, const full_block_ptr& block) {
    // Nobody waits for it if the window has moved on, or it was executed meanwhile. One that was
    // executed before it was proposed may be voted for: others may lack it.
    if (block && (core_checks_.contains(what) || asked_.contains(block->digest)))
      shelf_.put(block, handed_over(*block));
    if (core_checks_.erase(what) > 0)
      core_.on_checked(now_ns(self_), what, block != nullptr);
    // A first proposal may come too late for the clock here, and be final all the same.
    if (!block && !fresh && asked_.contains(what.digest))
      throw std::runtime_error("block " + std::to_string(what.sequence.value())
                               + " is final but breaks the rules: more than f replicas are faulty");
  }

  /// Then its bodies are written.
  bool handed_over(const full_block& b) const {
    auto known = handed_over_.find(b.sequence);
    return known != handed_over_.end() && known->second == b.digest;
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
    shelf_.drop(sequence);
    std::erase_if(core_checks_, [&](const statement& s) { return s.sequence <= sequence; });
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
    execute();
    if (core_.stable().what.sequence > told_stable_) {
      let_go();
      tell_position();
    }
    if (context_->observer)
      context_->observer->stepped(core_);
  }

  /// The window may move on for as long as execution stands still here, such as while a state is
  /// fetched: what it leaves behind is not kept.
  void let_go() {
    auto low = core_.stable().what.sequence;
    sequence_number ahead{core_.executed().value() + consensus::delivery::max_ahead};
    shelf_.drop_between(ahead, low);
    std::erase_if(core_checks_, [&](const statement& s) { return s.sequence <= low; });
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
      self_->send(routes_->mempool, renew_atom::value, *e.renewed);
    for (const auto& check : e.checks)
      this->check(check);
    for (const auto& grant : e.grants)
      self_->send(routes_->mempool, grant_atom::value, grant);
    for (auto& execution : e.executions)
      executions_.push_back(std::move(execution));
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
      for (const auto& r : e.persist)
        if (const auto* p = std::get_if<consensus::proposal_record>(&r)) {
          BOURSE_ASSERT(shelf_.find(p->what.what.digest));
          write_bodies(p->what.what.digest, *request);
        }
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

  void write_bodies(const digest& block, persist_request& request) {
    if (shelf_.claim_write(block))
      request.bodies.push_back(shelf_.find(block));
  }

  void check(const consensus::proposal_check& c) {
    core_checks_.insert(c.what);
    self_->send(routes_->mempool, check_atom::value, c);
  }

  /// Final blocks go to the clearing house in order, as soon as their bodies are here. Those of a
  /// block that was fetched are not: the mempool finds them.
  void execute() {
    for (const auto& e : executions_)
      if (!shelf_.find(e.digest) && asked_.insert(e.digest).second)
        self_->send(
            routes_->mempool, check_atom::value,
            consensus::proposal_check{{core_.view(), e.sequence, e.digest}, e.block, false});
    while (!executions_.empty()) {
      auto& e = executions_.front();
      auto block = shelf_.find(e.digest);
      if (!block)
        return;
      auto request = std::make_shared<persist_request>();
      write_bodies(e.digest, *request);
      if (!request->bodies.empty())
        self_->send(routes_->ledger, persist_atom::value, persist_ptr{std::move(request)});
      asked_.erase(e.digest);
      handed_over_.emplace(e.sequence, e.digest);
      if (handed_over_.size() > 2 * context_->genesis.window)
        handed_over_.erase(handed_over_.begin());
      if (context_->observer)
        context_->observer->executing(e);
      self_->send(routes_->clearing, execute_atom::value,
                  std::make_shared<const execution_request>(
                      execution_request{std::move(block), e.chain, e.checkpoint}));
      executions_.pop_front();
    }
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
    s["blocks_held"] = shelf_.size();
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
  block_shelf shelf_;
  std::deque<step> waiting_;        ///< ascending tickets
  std::set<statement> core_checks_; ///< at the mempool, for the core
  std::set<digest> asked_;          ///< at the mempool, because they are final
  std::deque<consensus::execution> executions_;
  std::map<sequence_number, digest> handed_over_; ///< the last ones to be executed
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
