// A client of the tests: it sends every submission to all replicas, again until it has executed,
// and believes a report when f+1 replicas say the same.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/client.hpp"
#include "messages/crypto.hpp"
#include "simulation/cluster.hpp"

namespace bourse::simulation {

class plain_client {
public:
  /// Connects to all nodes that are up. Outlives no run of the cluster's world.
  plain_client(cluster& c, client_id id);

  client_id id() const {
    return id_;
  }

  /// Signs, numbers and sends. Returns the number.
  submission_number submit(std::vector<request> requests, std::uint8_t stream = 0);
  /// As it would be sent.
  signed_submission sign(std::vector<request> requests, std::uint8_t stream,
                         submission_number number) const;
  /// To one replica only, once.
  void send_to(std::size_t i, client_message what);
  void send_raw(std::size_t i, bytes message);
  void send_to(std::size_t i, const signed_submission& s) {
    send_to(i, submit_message({s}));
  }
  void send_again_every_ms(std::uint64_t ms);

  /// Connects to a node anew, and asks for what was missed.
  void connect(std::size_t i);
  void disconnect(std::size_t i);
  /// Takes nothing from that node's link any more: it is as if the client stopped reading.
  void ignore(std::size_t i, bool on = true) {
    ignored_[i] = on;
  }

  /// As if that node had given no report from this number on.
  void forget(std::size_t i, std::uint64_t from) {
    given_[i].erase(given_[i].lower_bound(from), given_[i].end());
  }

  /// Waits for the answer of node `i`; nothing if there is none.
  std::optional<answer> ask(std::size_t i, query q);

  // -- what it knows -----------------------------------------------------------------------------

  /// Submissions that were sent and that f+1 replicas have not said to be executed.
  std::size_t unconfirmed() const {
    return pending_.size();
  }
  /// Reports that f+1 replicas agree on, by number.
  const std::map<std::uint64_t, report>& confirmed() const {
    return confirmed_;
  }
  /// Reports that node `i` gave.
  std::size_t reports_of(std::size_t i) const {
    return given_[i].size();
  }
  const std::vector<refused>& refusals() const {
    return refusals_;
  }
  /// What no client should see: replicas that contradict each other or themselves, gaps, repeats,
  /// bad signatures.
  const std::vector<std::string>& complaints() const {
    return complaints_;
  }

  /// Called by the links; null: the link is shut.
  void receive(std::size_t i, session_id session, const shared_bytes& message);

private:
  static client_message submit_message(std::vector<signed_submission> all) {
    return messages::submit{std::move(all)};
  }
  void handle(std::size_t i, const welcome& m);
  void handle(std::size_t i, const results& m);
  void handle(std::size_t i, const refused& m);
  void handle(std::size_t i, const gone& m);
  void handle(std::size_t i, const answer& m);
  void take(std::size_t i, const report& r);
  void executed_up_to(std::size_t i, const std::vector<submission_number>& next);
  void complain(std::size_t i, std::string what);
  void send_again();

  cluster& cluster_;
  client_id id_;
  key_pair key_;
  std::uint64_t again_ms_ = 300;
  std::vector<std::optional<session_id>> sessions_; ///< by node
  std::vector<bool> ignored_;
  std::array<std::uint64_t, max_streams> next_number_;
  struct waiting {
    signed_submission what;
    std::set<std::size_t> executed_by;
  };
  std::map<std::pair<std::uint8_t, std::uint64_t>, waiting> pending_;
  std::vector<std::map<std::uint64_t, report>> given_; ///< by node
  std::map<std::uint64_t, report> confirmed_;
  std::vector<refused> refusals_;
  std::map<std::uint64_t, answer> answers_;
  std::uint64_t next_query_ = 1;
  std::vector<std::string> complaints_;
};

} // namespace bourse::simulation
