// Byzantine replicas: real nodes whose links pass through whoever holds their keys. It sees all
// that they send and all that comes to them, from other replicas and from clients, and may drop,
// delay, change, sign anew, repeat and invent. It has no key but theirs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simulation/cluster.hpp"
#include "simulation/liar.hpp"
#include "simulation/lies.hpp"

namespace bourse::simulation {

class adversary {
public:
  /// `c` outlives it. Takes the censor of the cluster's links.
  adversary(cluster& c, const std::vector<std::uint16_t>& byzantine, const std::vector<lie>& lies,
            std::uint64_t seed, field_campaign* campaign = nullptr);
  ~adversary();
  adversary(const adversary&) = delete;
  adversary& operator=(const adversary&) = delete;

  /// To be told of every message that arrives anywhere.
  void arrived(std::size_t from, std::size_t to, byte_view message);

  /// To be told of every lie, for the story.
  using teller = std::function<void(std::size_t from, const std::string& what)>;
  void listen(teller t) {
    tell_ = std::move(t);
  }
  /// Its nodes say nothing more.
  void fall_silent() {
    silent_ = true;
  }
  /// How often each kind of lie was told.
  const lie_counts& told() const {
    return told_;
  }

private:
  bool passes(std::size_t from, std::size_t to, channel on, byte_view message);
  bool tells(const client_line& line, byte_view message);
  void heard(std::size_t to, session_id session, byte_view message);
  void tick();
  bool begun(const habit& h) const;
  /// Has the habit do something, and says so if it was a lie.
  template <class Act>
  void let(std::size_t i, habit& h, const std::string& whom, Act&& act);

  cluster& cluster_;
  hoard seen_;
  std::vector<std::unique_ptr<liar>> liars_;                        ///< by node; null: honest
  std::vector<std::vector<habit_ptr>> habits_;                      ///< by node
  std::map<std::pair<std::size_t, session_id>, client_line> lines_; ///< that liars' clients have
  lie_counts told_{};
  teller tell_;
  bool silent_ = false;
};

} // namespace bourse::simulation
