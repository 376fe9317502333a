// The real client actor, attached to a cluster in a deterministic world.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "actors/client.hpp"
#include "simulation/cluster.hpp"

namespace bourse::simulation {

/// Messages between it and a node take their time and may overtake each other; none is lost but by
/// a link that breaks.
class attached_client {
public:
  attached_client(cluster& c, client_id id, const client_tuning& tuning = {},
                  std::optional<report_number> reports_from = {});
  /// Kills the actor. What it sent is still on its way.
  ~attached_client();
  attached_client(const attached_client&) = delete;
  attached_client& operator=(const attached_client&) = delete;

  /// Returns an index into `results()`.
  std::size_t place(std::uint8_t stream, std::vector<request> requests);
  /// By placement; null while it is not answered.
  const std::vector<placed_ptr>& results() const {
    return state_->results;
  }
  std::size_t answered() const;
  question_answer_ptr ask(const question& q, std::uint64_t ms = 10'000);
  /// Returns an index into `answers()`.
  std::size_t ask_later(const question& q);
  struct answered_question {
    question asked;
    question_answer_ptr what; ///< null while there is none
  };
  const std::vector<answered_question>& answers() const {
    return state_->answers;
  }

  /// As its subscriber was told.
  const std::vector<report>& reports() const {
    return state_->reports;
  }

  /// The link to node `i` breaks, as when the node crashes.
  void cut(std::size_t i);

private:
  struct connection {
    session_id session;
    link_actor ours;
    link_actor theirs;
  };
  /// Shared with what is on its way when the client ends.
  struct shared {
    std::vector<placed_ptr> results;
    std::vector<report> reports;
    std::vector<answered_question> answers;
    std::map<std::size_t, connection> open; ///< by node
    bool alive = true;
  };
  using shared_ptr = std::shared_ptr<shared>;

  static void dial(cluster& c, client_id id, const shared_ptr& state, replica_id r,
                   const client_actor& client);

  cluster& cluster_;
  shared_ptr state_ = std::make_shared<shared>();
  client_actor client_;
  report_sink sink_;
};

} // namespace bourse::simulation
