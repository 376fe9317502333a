#include "actors/view_change.hpp"

#include <chrono>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include "actors/observer.hpp"
#include "actors/peer_messages.hpp"
#include "actors/spawn.hpp"
#include "consensus/view_manager.hpp"

namespace bourse::actors {

namespace {

constexpr std::chrono::milliseconds tick_every{20};

consensus::view_options options_of(const node_context& c, bool silent) {
  consensus::view_options o;
  o.consensus = core_options(c);
  o.watch.stall_ms = c.options.stall_ms;
  o.watch.stall_at_most_ms = 4 * c.options.stall_ms;
  o.watch.order_ms = c.options.order_ms;
  o.watch.link_grace_ms = c.options.link_grace_ms;
  o.new_view_ms = c.options.new_view_ms;
  o.silent = silent;
  return o;
}

/// Only that of the current view is of use.
std::optional<new_view> current(std::optional<new_view> stored, view_number view) {
  if (stored)
    if (auto content = decode_new_view_content(stored->body, {}); content && content->view == view)
      return stored;
  return std::nullopt;
}

class view_change {
public:
  static constexpr const char* name = "view change";

  view_change(view_change_actor::pointer self, view_change_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        authenticator_(std::move(setup.authenticator)),
        manager_(options_of(*context_, setup.silent), *authenticator_, setup.view,
                 current(std::move(setup.new_view), setup.view)) {}

  view_change_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](frame_atom, replica_id from, const frame_ptr& frame) {
          receive(from, *frame);
          carry_out();
        },
        [this](left_atom, const departure_ptr& content) {
          manager_.on_left(now_ns(self_), *content);
          carry_out();
        },
        [this](begun_atom, view_number v) {
          manager_.on_begun(now_ns(self_), v);
          begun_ms_ = (now_ns(self_) - entered_ns_) / consensus::ns_per_ms;
          context_->log->info("view {} has begun, {} leads", v.value(), primary_of(v));
          carry_out();
        },
        [this](suspect_atom, consensus::suspicion why) {
          manager_.suspect(now_ns(self_), why);
          carry_out();
        },
        [this](watch_atom, const consensus::work_seen& work) {
          manager_.on_work(now_ns(self_), work);
          carry_out();
        },
        [this](linked_atom, replica_id who) { manager_.on_link(now_ns(self_), who, true); },
        [this](unlinked_atom, replica_id who) { manager_.on_link(now_ns(self_), who, false); },
        [this](resign_atom) {
          manager_.resign(now_ns(self_));
          carry_out();
        },
        [this](speak_atom) {
          if (context_->observer)
            context_->observer->spoke();
          manager_.speak(now_ns(self_));
          carry_out();
        },
        [this](clock_atom) {
          manager_.on_tick(now_ns(self_));
          carry_out();
          self_->delayed_send(self_, tick_every, clock_atom::value);
        },
        [this](status_atom) { return status(); },
    };
  }

private:
  unsigned primary_of(view_number v) const {
    return context_->genesis.size.primary_of(v).value();
  }

  void receive(replica_id from, byte_view frame) {
    for_each_peer_message(frame, channel::view, context_->counters, [&](const peer_message& what) {
      if (context_->observer)
        context_->observer->received(from, what);
      manager_.on_message(now_ns(self_), from, what);
    });
  }

  void carry_out() {
    auto e = manager_.take_effects();
    for (auto why : e.suspected)
      context_->log->warn("wishes to leave view {}, which {} leads: {}", manager_.view().value(),
                          primary_of(manager_.view()), consensus::to_string(why));
    if (e.leave) {
      entered_ns_ = now_ns(self_);
      context_->log->info("leaves for view {}", e.leave->value());
      self_->send(routes_->replica, leave_atom::value, *e.leave);
    }
    if (e.install)
      self_->send(routes_->replica, install_atom::value, e.install);
    for (const auto& s : e.sends) {
      if (context_->observer)
        context_->observer->said(s.to, s.what);
      send_to_peers(self_, routes_->peers, s.to, channel::view,
                    std::make_shared<const bytes>(encode(s.what)));
    }
    if (context_->observer)
      context_->observer->stepped(manager_);
  }

  std::string status() const {
    auto c = manager_.counters();
    nlohmann::json s;
    s["view"] = manager_.view().value();
    s["primary"] = primary_of(manager_.view());
    s["in_view"] = manager_.in_view();
    s["wishes"] = nlohmann::json::array();
    for (auto v : manager_.wishes().wishes())
      s["wishes"].push_back(v.value());
    s["view_changes"] = c.view_changes;
    if (c.view_changes > 0)
      s["last_view_change_ms"] = begun_ms_;
    if (auto why = manager_.last_suspicion())
      s["last_suspicion"] = consensus::to_string(*why);
    s["suspicions"] = nlohmann::json::object();
    for (std::size_t i = 0; i < consensus::suspicions; ++i)
      if (c.suspected[i] > 0)
        s["suspicions"][consensus::to_string(static_cast<consensus::suspicion>(i))]
            = c.suspected[i];
    s["view_changes_held"] = manager_.changes_held().size();
    s["bad_view_changes"] = c.bad_view_changes;
    s["bad_new_views"] = c.bad_new_views;
    s["signatures_verified"] = c.signature_checks;
    return s.dump();
  }

  view_change_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  std::unique_ptr<const consensus::authenticator> authenticator_;
  consensus::view_manager manager_;
  std::uint64_t entered_ns_ = 0;
  std::uint64_t begun_ms_ = 0;
};

} // namespace

view_change_actor spawn_view_change(caf::actor_system& system, view_change_setup setup) {
  return spawn_shell<view_change, view_change_actor>(system, std::move(setup));
}

} // namespace bourse::actors
