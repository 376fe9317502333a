#include "actors/state_transfer.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include "actors/local_state.hpp"
#include "actors/peer_messages.hpp"
#include "actors/spawn.hpp"
#include "actors/state_server.hpp"
#include "consensus/newcomer.hpp"
#include "consensus/state_fetch.hpp"
#include "consensus/transfer_need.hpp"

namespace bourse::actors {

namespace {

constexpr std::chrono::milliseconds tick_every{100};
/// While this replica does not know what it waits for.
constexpr std::chrono::milliseconds newcomer_tick{10};
/// Pages that are the same here are copied in slices of this size, this much ahead of the disk.
constexpr std::size_t slice_bytes = 1024 * 1024;
constexpr std::size_t most_unwritten = 8 * 1024 * 1024;

consensus::state_fetch_options fetch_options(const node_context& c) {
  consensus::state_fetch_options o;
  o.self = c.self;
  o.size = c.genesis.size;
  return o;
}

consensus::newcomer_options newcomer_options(const node_context& c) {
  consensus::newcomer_options o;
  o.self = c.self;
  o.size = c.genesis.size;
  o.window = c.genesis.window;
  o.checkpoint_interval = c.genesis.checkpoint_interval;
  return o;
}

class state_transfer {
public:
  static constexpr const char* name = "state transfer";

  state_transfer(state_transfer_actor::pointer self, state_transfer_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        authenticator_(std::move(setup.authenticator)),
        position_(std::move(setup.position)),
        server_(transfer_spacing(*context_)),
        need_(context_->genesis.size, context_->options.transfer_after_blocks),
        fetch_(fetch_options(*context_), *authenticator_),
        newcomer_(newcomer_options(*context_), *authenticator_, setup.silence) {
    newcomer_.on_position(position_->executed, position_->stable);
    server_.on_stable(position_->stable);
  }

  state_transfer_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](frame_atom, replica_id from, const frame_ptr& frame) {
          receive(from, *frame);
          carry_out();
        },
        [this](position_atom, const position_ptr& position) {
          position_ = position;
          server_.on_stable(position->stable);
          newcomer_.on_position(position->executed, position->stable);
          consider();
          carry_out();
        },
        [this](snapshot_atom, const snapshot_ptr& snapshot) {
          server_.add(snapshot, now_ms());
          server_.on_stable(position_->stable);
        },
        [this](linked_atom, replica_id who) {
          newcomer_.on_link(now_ns(self_), who);
          carry_out();
        },
        [this](clock_atom) {
          newcomer_.on_tick(now_ns(self_));
          fetch_.on_tick(now_ns(self_));
          consider();
          carry_out();
          auto waits = newcomer_.what();
          auto hurries = waits && waits->until.value() == 0;
          self_->delayed_send(self_, hurries ? newcomer_tick : tick_every, clock_atom::value);
        },
        [this](serve_atom) { serve_next(); },
        [this](status_atom) { return status(); },
    };
  }

private:
  std::uint64_t now_ms() const {
    return now_ns(self_) / consensus::ns_per_ms;
  }

  void receive(replica_id from, byte_view frame) {
    for_each_peer_message(frame, channel::state, context_->counters,
                          [&](peer_message&& what) { receive(from, std::move(what)); });
  }

  void receive(replica_id from, peer_message what) {
    if (std::holds_alternative<fetch_state>(what) || std::holds_alternative<fetch_state_nodes>(what)
        || std::holds_alternative<fetch_state_pages>(what)) {
      serve_later(from, std::move(what));
    } else if (auto* p = std::get_if<pruned>(&what)) {
      need_.on_pruned(from, p->first);
      consider();
    } else if (auto* s = std::get_if<standing>(&what)) {
      newcomer_.on_message(now_ns(self_), from, *s);
    } else {
      fetch_.on_message(now_ns(self_), from, what);
    }
  }

  void send(std::optional<replica_id> to, const peer_message& what) {
    send_to_peers(self_, routes_->peers, to, channel::state,
                  std::make_shared<const bytes>(encode(what)));
  }

  // -- taking part -------------------------------------------------------------------------------

  void carry_out(const consensus::newcomer::effects& e) {
    for (const auto& s : e.sends)
      send(s.to, s.what);
    if (e.fill)
      self_->send(routes_->sequencer, fill_atom::value, *e.fill);
    if (e.persist) {
      context_->log->info("new here, and silent until block {} is stable",
                          e.persist->until.value());
      self_->request(routes_->ledger, caf::infinite, silence_atom::value, e.persist)
          .then([](silence_atom) {});
    }
    if (e.speak)
      self_
          ->request(routes_->ledger, caf::infinite, silence_atom::value,
                    std::optional<consensus::silence>{})
          .then([this](silence_atom) {
            context_->log->info("takes part from block {} on", position_->executed.value());
            self_->send(routes_->view_change, speak_atom::value);
            self_->send(routes_->replica, speak_atom::value);
          });
  }

  // -- handing out -------------------------------------------------------------------------------

  /// At most one question of each peer waits: it asks one at a time.
  void serve_later(replica_id from, peer_message what) {
    questions_[from] = std::move(what);
    if (!serving_) {
      serving_ = true;
      self_->send(self_, serve_atom::value);
    }
  }

  void serve_next() {
    if (auto wait = context_->pace.wait_ms(now_ms()); wait > 0) {
      self_->delayed_send(self_, std::chrono::milliseconds(wait), serve_atom::value);
      return;
    }
    auto next = questions_.upper_bound(served_);
    if (next == questions_.end())
      next = questions_.begin();
    served_ = next->first;
    auto what = std::move(next->second);
    questions_.erase(next);
    serve(served_, what);
    serving_ = !questions_.empty();
    if (serving_)
      self_->send(self_, serve_atom::value);
  }

  void serve(replica_id to, const peer_message& what) {
    if (auto* q = std::get_if<fetch_state>(&what)) {
      if (server_.has_any(q->above))
        return offer(to, q->above);
      if (!server_.may_take_fresh(q->above, now_ms()))
        return; // it asks again
      // Perhaps the state as of now is far enough, or the one that the log begins with.
      self_->request(routes_->ledger, caf::infinite, snapshot_atom::value)
          .then([this, to, above = q->above](const snapshot_ptr& snapshot) {
            server_.add_fresh(snapshot, now_ms());
            server_.on_stable(position_->stable);
            offer(to, above);
          });
    } else if (auto* nodes = std::get_if<fetch_state_nodes>(&what)) {
      auto begun = now_ms();
      answer(to, server_.answer(to, *nodes, begun));
      charge(begun);
    } else if (auto* pages = std::get_if<fetch_state_pages>(&what)) {
      answer(to, server_.answer(to, *pages, now_ms()));
    }
  }

  void offer(replica_id to, sequence_number above) {
    auto begun = now_ms();
    for (auto& offer : server_.offers(above, begun))
      answer(to, std::move(offer));
    charge(begun);
  }

  /// What was done since then was perhaps a walk over whole states.
  void charge(std::uint64_t begun_ms) {
    if (auto walk = server_.take_charge(); walk > 0) {
      context_->pace.spent(walk);
      server_.on_walk(now_ms() - begun_ms);
    }
  }

  void answer(replica_id to, const peer_message& what) {
    auto message = std::make_shared<const bytes>(encode(what));
    context_->pace.spent(message->size());
    self_->send(routes_->peers, send_atom::value, to, channel::state, message);
  }

  // -- fetching ----------------------------------------------------------------------------------

  void consider() {
    using phase = consensus::state_fetch::phase;
    need_.on_position(position_->executed, position_->stable.what.sequence);
    auto where = fetch_.where();
    if (where == phase::done)
      return;
    auto overtaken = fetch_.target() && *fetch_.target() <= position_->executed;
    if (overtaken || (where == phase::looking && !need_.needed())) {
      context_->log->info("no state is needed any more at block {}", position_->executed.value());
      drop();
    }
    if (!need_.needed())
      return;
    if (fetch_.where() == phase::idle)
      context_->log->info("fetches a state, {} blocks behind{}",
                          position_->stable.what.sequence.value() - position_->executed.value(),
                          need_.blocks_are_gone() ? ", since the others have pruned what is missing"
                                                  : "");
    fetch_.begin(now_ns(self_), position_->executed);
  }

  void drop() {
    fetch_.stop();
    here_ = {};
    copies_.clear();
    finished_.reset();
    hold();
  }

  /// While nobody has a state to give, blocks are better than nothing.
  void hold() {
    using phase = consensus::state_fetch::phase;
    auto where = fetch_.where();
    if (auto on = where != phase::idle && where != phase::looking; on != held_) {
      held_ = on;
      self_->send(routes_->replica, hold_atom::value, on);
    }
  }

  void carry_out() {
    carry_out(newcomer_.take_effects());
    for (auto e = fetch_.take_effects(); !e.empty(); e = fetch_.take_effects()) {
      for (const auto& s : e.sends)
        send(s.to, s.what);
      if (e.chosen)
        survey(*e.chosen);
      for (auto path : e.same)
        copies_.push_back({path, path.key});
      stage(std::move(e.pages), true);
      if (e.done)
        finished_ = std::move(e.done);
    }
    hold();
    copy();
    try_finish();
  }

  /// What of it is here already.
  void survey(const state_offer& target) {
    auto n = target.stable.what.sequence;
    context_->log->info("fetches the state at block {}", n.value());
    ++round_;
    copies_.clear();
    finished_.reset();
    self_->request(routes_->ledger, caf::infinite, snapshot_atom::value)
        .then([this, n, round = round_](const snapshot_ptr& snapshot) {
          if (round != round_)
            return;
          here_ = local_state{snapshot, n};
          for (auto of : here_.needless()) // `here_` still has it
            forget(of);
          fetch_.on_local(now_ns(self_), here_.take_tree());
          carry_out();
        });
  }

  /// What is the same here becomes part of the new state, as fast as the disk writes.
  void copy() {
    while (!copies_.empty() && unwritten_ < most_unwritten) {
      auto& c = copies_.front();
      bool more = false;
      auto pages = here_.slice(c.path, c.from, more, slice_bytes);
      copied_ += pages.size();
      if (!more)
        copies_.pop_front();
      stage(std::move(pages), false);
    }
  }

  void stage(std::vector<state_page> pages, bool fetched) {
    if (pages.empty() || !fetch_.target())
      return;
    auto staged = std::make_shared<staged_pages>();
    staged->of = *fetch_.target();
    staged->pages = std::move(pages);
    std::size_t size = 0;
    for (const auto& p : staged->pages)
      size += p.content.size();
    unwritten_ += size;
    self_->request(routes_->ledger, caf::infinite, stage_atom::value, staged_pages_ptr{staged})
        .then([this, size, fetched](stage_atom) {
          unwritten_ -= size;
          if (fetched)
            fetch_.on_staged(now_ns(self_), size);
          carry_out();
        });
  }

  /// All is there and written: looked at once more, as a whole, before the node relies on it.
  void try_finish() {
    if (!finished_ || !copies_.empty() || unwritten_ > 0 || installing_)
      return;
    installing_ = true;
    self_->request(routes_->ledger, caf::infinite, snapshot_atom::value)
        .then([this, target = *finished_](const snapshot_ptr& snapshot) {
          auto n = target.stable.what.sequence;
          std::uint64_t read = 0;
          if (staged_tree(*snapshot, n, read).root() != target.pages) {
            context_->log->error("the pages of the state at block {} do not add up", n.value());
            installing_ = false;
            forget(n);
            return drop();
          }
          context_->log->info("has the state at block {}: {} pages fetched, {} were here",
                              n.value(), fetch_.counters().pages, copied_);
          install(target);
        });
  }

  void install(const state_offer& target) {
    self_
        ->request(routes_->ledger, caf::infinite, install_atom::value,
                  std::make_shared<const state_offer>(target))
        .then([this](bool installed) {
          installing_ = false;
          if (!installed) // execution has overtaken it
            drop();
        });
  }

  /// What is staged for it goes.
  void forget(sequence_number n) {
    auto none = std::make_shared<staged_pages>();
    none->of = n;
    none->discard = true;
    self_->request(routes_->ledger, caf::infinite, stage_atom::value, staged_pages_ptr{none})
        .then([](stage_atom) {});
  }

  // -- status ------------------------------------------------------------------------------------

  std::string status() const {
    static constexpr const char* phases[] = {"idle", "looking", "surveying", "fetching", "done"};
    const auto& c = fetch_.counters();
    nlohmann::json s;
    s["phase"] = phases[static_cast<std::size_t>(fetch_.where())];
    if (auto target = fetch_.target()) {
      s["target"] = target->value();
      s["sources"] = nlohmann::json::array();
      for (auto who : fetch_.sources())
        s["sources"].push_back(who.value());
      s["pages_fetched"] = c.pages;
      s["pages_missing"] = c.missing;
      s["pages_copied"] = copied_;
      s["bytes_fetched"] = c.bytes;
    }
    s["behind"] = position_->stable.what.sequence > position_->executed
                      ? position_->stable.what.sequence.value() - position_->executed.value()
                      : 0;
    s["state_lies_total"] = c.lies;
    s["unanswered"] = c.silences;
    s["bytes_served"] = context_->pace.total();
    if (auto silence = newcomer_.what()) {
      s["silent"]["heard"] = nlohmann::json::array();
      for (auto who : newcomer_.partakers())
        s["silent"]["heard"].push_back(who.value());
      s["silent"]["new_too"] = nlohmann::json::array();
      for (auto who : newcomer_.newcomers())
        s["silent"]["new_too"].push_back(who.value());
      if (silence->until.value() > 0)
        s["silent"]["until_stable"] = silence->until.value();
    }
    return s.dump();
  }

  struct copying {
    tree_path path;
    std::uint64_t from;
  };

  state_transfer_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  std::unique_ptr<const consensus::authenticator> authenticator_;
  position_ptr position_;
  state_server server_;
  std::map<replica_id, peer_message> questions_;
  replica_id served_; ///< last
  bool serving_ = false;

  consensus::transfer_need need_;
  consensus::state_fetch fetch_;
  local_state here_;
  std::deque<copying> copies_;
  std::optional<state_offer> finished_;
  std::size_t unwritten_ = 0;
  std::uint64_t copied_ = 0;
  std::uint64_t round_ = 0;
  bool installing_ = false;
  bool held_ = false; ///< the replica fetches no blocks
  consensus::newcomer newcomer_;
};

} // namespace

state_transfer_actor spawn_state_transfer(caf::actor_system& system, state_transfer_setup setup) {
  return spawn_shell<state_transfer, state_transfer_actor>(system, std::move(setup), runs::alone);
}

} // namespace bourse::actors
