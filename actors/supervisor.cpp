#include "actors/supervisor.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include <caf/typed_response_promise.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include "actors/node_status.hpp"
#include "actors/spawn.hpp"

namespace bourse::actors {

namespace {

constexpr std::chrono::seconds status_timeout{5};
/// A child that takes longer to end is left behind.
constexpr std::chrono::seconds ending_timeout{10};
/// Who leads hands over before it ends. The others need no more of it than its word, so it does not
/// wait for long.
constexpr std::chrono::milliseconds hand_over_timeout{150};
constexpr std::chrono::milliseconds hand_over_look{5};

class supervisor {
public:
  static constexpr const char* name = "supervisor";

  supervisor(supervisor_actor::pointer self, supervisor_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        routes_(std::move(setup.routes)),
        children_(std::move(setup.children)),
        more_status_(std::move(setup.more_status)) {
    self_->set_down_handler([this](caf::down_msg& m) { ended(m); });
    for (const auto& c : children_)
      self_->monitor(c.handle);
  }

  supervisor_actor::behavior_type behavior() {
    return {
        [this](stop_atom) { hand_over(); },
        [this](restart_atom) {
          context_->begins_anew = true;
          stop();
        },
        [this](status_atom, bool with_digest) { return gather(with_digest); },
        [this](watch_atom, const caf::actor& door) {
          self_->monitor(door);
          children_.insert(children_.begin(), {"door", door});
        },
        [this](clock_atom) {
          context_->log->error("{} does not end", children_.front().name);
          children_.clear();
          finish();
        },
    };
  }

private:
  // -- life and death ----------------------------------------------------------------------------

  void ended(const caf::down_msg& m) {
    auto it = std::find_if(children_.begin(), children_.end(),
                           [&](const child& c) { return c.handle.address() == m.source; });
    if (it == children_.end())
      return;
    bool first = it == children_.begin();
    if (!stopping_) {
      context_->log->critical("{} has failed ({}), so the node ends", it->name,
                              self_->system().render(m.reason));
      context_->failed_child = it->name;
      reason_ = caf::sec::runtime_error;
    }
    children_.erase(it);
    if (!stopping_)
      stop();
    else if (first)
      end_next();
  }

  /// Looks again and again until another leads. Not where a child has failed: nobody knows what is
  /// left of this node, and the others see that its links are gone.
  void hand_over() {
    if (stopping_)
      return;
    if (!resigned_at_) {
      resigned_at_ = self_->clock().now();
      self_->send(routes_->view_change, resign_atom::value);
    }
    self_->request(routes_->view_change, hand_over_timeout, status_atom::value)
        .then(
            [this](const std::string& status) {
              if (leads(status) && self_->clock().now() < *resigned_at_ + hand_over_timeout)
                self_->delayed_send(self_, hand_over_look, stop_atom::value);
              else
                stop();
            },
            [this](caf::error&) { stop(); });
  }

  bool leads(const std::string& status) const {
    auto s = nlohmann::json::parse(status, nullptr, false);
    return s.is_object() && s.value("primary", context_->genesis.size.n) == context_->self.value();
  }

  void stop() {
    if (stopping_)
      return;
    stopping_ = true;
    context_->log->info("ending");
    self_->delayed_send(self_, ending_timeout, clock_atom::value);
    end_next();
  }

  void end_next() {
    if (children_.empty())
      return finish();
    caf::anon_send_exit(children_.front().handle, caf::exit_reason::user_shutdown);
  }

  void finish() {
    context_->log->info("ended");
    self_->quit(reason_);
  }

  // -- status ------------------------------------------------------------------------------------

  struct gathering {
    std::map<std::string, std::string> parts;
    std::size_t missing = 0;
    nlohmann::json state;
    caf::typed_response_promise<std::string> to;
  };
  using gathering_ptr = std::shared_ptr<gathering>;

  caf::typed_response_promise<std::string> gather(bool with_digest) {
    auto g = std::make_shared<gathering>();
    g->to = self_->make_response_promise<std::string>();
    ask(g, "replica", routes_->replica);
    ask(g, "view_change", routes_->view_change);
    ask(g, "mempool", routes_->mempool);
    ask(g, "sequencer", routes_->sequencer);
    ask(g, "clearing", routes_->clearing);
    ask(g, "ledger", routes_->ledger);
    ask(g, "gateway", routes_->gateway);
    ask(g, "peers", routes_->peers);
    ask(g, "transfer", routes_->transfer);
    if (with_digest) {
      ++g->missing;
      self_->request(routes_->clearing, status_timeout, digest_atom::value)
          .then(
              [this, g](sequence_number at, const digest& state) {
                g->state = {{"sequence", at.value()}, {"digest", to_hex(state.view())}};
                arrived(g);
              },
              [this, g](caf::error&) { arrived(g); });
    }
    return g->to;
  }

  template <class Handle>
  void ask(const gathering_ptr& g, const char* who, const Handle& whom) {
    ++g->missing;
    self_->request(whom, status_timeout, status_atom::value)
        .then(
            [this, g, who](std::string& part) {
              g->parts[who] = std::move(part);
              arrived(g);
            },
            [this, g](caf::error&) { arrived(g); });
  }

  void arrived(const gathering_ptr& g) {
    if (--g->missing > 0)
      return;
    auto more = nlohmann::json::parse(more_status_ ? more_status_() : "{}", nullptr, false);
    if (!g->state.is_null())
      more["state"] = g->state;
    g->to.deliver(node_status(*context_, g->parts, more.dump()));
  }

  supervisor_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  std::vector<child> children_; ///< those alive, in the order of their end
  std::function<std::string()> more_status_;
  std::optional<caf::actor_clock::time_point> resigned_at_;
  bool stopping_ = false;
  caf::error reason_; ///< none for a clean end
};

} // namespace

supervisor_actor spawn_supervisor(caf::actor_system& system, supervisor_setup setup) {
  return spawn_shell<supervisor, supervisor_actor>(system, std::move(setup));
}

} // namespace bourse::actors
