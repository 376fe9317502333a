// What clients see of a cluster, without the cluster: replicas that execute one log at different
// times, links that lose, repeat, delay and break, and replicas that lie. All from one seed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/client_session.hpp"
#include "bench/synthetic_market.hpp"
#include "market/rules.hpp"

namespace bourse::test {

using namespace bourse::actors;

/// How a replica misbehaves.
enum class lie : std::uint8_t {
  none,
  silent,       ///< never says a word
  wrong_bytes,  ///< changes a report
  wrong_blocks, ///< makes up blocks and numbers
  refuses,      ///< says that every signature is bad
  exaggerates,  ///< is always far ahead
  belittles,    ///< has executed nothing
};

struct world_options {
  std::uint64_t seed = 1;
  std::uint16_t replicas = 4;
  std::vector<lie> lies; ///< by replica; honest beyond its end
  std::uint32_t loss_percent = 0;
  std::uint32_t repeat_percent = 0;
  std::uint32_t delay_at_most_ms = 3;
  std::uint32_t lag_at_most_blocks = 2; ///< of a replica behind the log
  std::uint32_t break_one_in = 0;       ///< steps: a link breaks, and is back a little later
  std::uint32_t busy_percent = 0;       ///< submissions that are answered `busy`
  std::vector<std::size_t> gone_blocks; ///< by replica: so many of the first it no longer keeps
  std::uint32_t window = 8;
  std::size_t part_bytes = max_results_bytes; ///< of reports in one message
  client_tuning tuning;
};

/// One run of a client program: its session and what it was told.
struct client_run {
  std::unique_ptr<client_session> session;
  std::vector<report> reports;
  std::map<placement_id, placed_ptr> finished;
  std::vector<bool> linked;        ///< by replica
  std::vector<std::size_t> cursor; ///< by replica: next block to send; npos before resume
  std::size_t twice = 0;           ///< placements that finished twice
  bool alive = true;
};

class client_world {
public:
  explicit client_world(const world_options& o);

  /// Starts a program with the client's key.
  client_run& start(std::optional<report_number> reports_from = {});
  /// Kills it. What it sent is still on its way.
  void kill(client_run& run);

  placement_id place(client_run& run, std::uint8_t stream, std::vector<request> requests);
  placement_id place(client_run& run, std::uint8_t stream, presigned_ptr submissions);
  /// A new order with a name of its own.
  request order();
  signed_submission presign(std::uint8_t stream, std::uint64_t number,
                            std::vector<request> content);

  void cut(client_run& run, std::uint16_t replica);
  void connect(client_run& run, std::uint16_t replica);

  /// One millisecond.
  void step();
  void run(std::uint32_t ms);
  /// Until it is true; false after `at_most_ms`.
  template <class Condition>
  bool until(Condition condition, std::uint32_t at_most_ms = 120'000) {
    for (std::uint32_t i = 0; i < at_most_ms && !condition(); ++i)
      step();
    return condition();
  }
  bool until_finished(client_run& run, placement_id id);

  // -- the truth ----------------------------------------------------------------------------------

  struct executed {
    submission content;
    sequence_number block;
  };
  const std::vector<executed>& log() const {
    return executed_;
  }
  const std::vector<report>& all_reports() const {
    return reports_;
  }
  /// How often an order of that name was executed.
  std::size_t times_executed(client_order_id name) const;
  /// What is wrong with what the run was told; empty if nothing is.
  std::string violation(const client_run& run) const;

  bench::random_source random;
  local_time_ms now{1000};
  world_options options;
  market::rules rules;
  std::shared_ptr<const key_pair> key;
  bool executing = true; ///< no blocks while false

private:
  struct block {
    results_statement what;
    client_reports reports;
    std::vector<submission_number> next; ///< after it
    report_number next_report;
  };
  struct packet {
    std::size_t run;
    std::uint16_t replica;
    bool to_client;
    bool welcome;
    bytes message;
  };

  lie lie_of(std::uint16_t replica) const;
  void drain(std::size_t run);
  void post(packet p);
  void arrive(packet& p);
  void serve(std::size_t run, std::uint16_t replica, client_message m);
  void admit(std::size_t run, std::uint16_t replica, const signed_submission& s);
  void tell(std::size_t run, std::uint16_t replica, gateway_message m);
  void lie_now(std::size_t run, std::uint16_t replica);
  welcome welcome_of(std::uint16_t replica) const;
  std::vector<results> results_of(std::uint16_t replica, std::size_t block);
  void make_block();
  void execute(const submission& s, std::vector<report>& out);
  std::size_t index_of(const client_run& run) const;

  std::vector<std::unique_ptr<client_run>> runs_;
  std::vector<block> blocks_;
  std::vector<std::size_t> done_; ///< by replica: executed blocks
  std::vector<executed> executed_;
  std::vector<report> reports_;
  std::vector<submission_number> next_;
  /// By stream and number: what honest replicas admitted.
  std::map<std::pair<std::uint8_t, std::uint64_t>, std::vector<bytes>> bodies_;
  std::multimap<std::uint64_t, packet> network_;
  std::uint64_t last_order_ = 0;
};

} // namespace bourse::test
