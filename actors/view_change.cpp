#include "actors/view_change.hpp"

#include <chrono>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include "actors/spawn.hpp"

namespace bourse::actors {

namespace {

/// Requests may be pending this long without a block being executed.
constexpr std::chrono::seconds patience{2};
constexpr std::chrono::milliseconds look_every{500};

struct view_change_setup {
  context_ptr context;
};

class view_change {
public:
  static constexpr const char* name = "view change";

  view_change(view_change_actor::pointer self, view_change_setup setup)
      : self_(self), context_(std::move(setup.context)) {}

  view_change_actor::behavior_type behavior() {
    return {
        [this](suspect_atom, const std::string& why) { suspect(why); },
        [this](watch_atom, sequence_number executed, std::uint32_t pending) {
          if (executed > executed_ || pending == 0)
            since_.reset();
          if (pending > 0 && !since_)
            since_ = self_->clock().now();
          executed_ = executed;
        },
        [this](clock_atom) {
          if (since_ && self_->clock().now() - *since_ >= patience) {
            suspect("admitted requests are not executed");
            since_.reset();
          }
          self_->delayed_send(self_, look_every, clock_atom::value);
        },
        [this](status_atom) {
          nlohmann::json s;
          s["suspicions"] = reasons_;
          return s.dump();
        },
    };
  }

private:
  void suspect(const std::string& why) {
    if (++reasons_[why] == 1)
      context_->log->warn("the primary is suspect: {}", why);
  }

  view_change_actor::pointer self_;
  context_ptr context_;
  sequence_number executed_;
  std::optional<caf::actor_clock::time_point> since_; ///< requests pend without progress
  std::map<std::string, std::uint64_t> reasons_;      ///< suspicions by what they rest on
};

} // namespace

view_change_actor spawn_view_change(caf::actor_system& system, context_ptr context) {
  return spawn_shell<view_change, view_change_actor>(system, view_change_setup{std::move(context)});
}

} // namespace bourse::actors
