// Clients that trade in a simulated cluster: the real client actors, with requests of every kind at
// a handful of prices, so that orders meet.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "simulation/attached_client.hpp"
#include "simulation/plan.hpp"

namespace bourse::simulation {

class load {
public:
  /// `c` outlives it. The plan says how much is placed and until when, its seed decides what.
  load(cluster& c, const plan& p);

  /// Places some more, for each client on each stream, soon and a while from now: what went wrong
  /// may have left nothing waiting, and yet keep out whatever comes.
  void go_on();

  /// Answers to questions.
  std::uint64_t told() const;
  /// Most levels of a book that is asked for.
  static constexpr std::uint32_t levels = 8;
  /// Then a question has an answer, if only that there is none: before go_on() is through.
  static constexpr std::uint32_t patience_ms = 2500;

  /// All that was placed, and all that will be, is answered.
  bool finished() const;
  std::size_t placed() const;
  std::size_t answered() const;
  /// The connections of all clients to that node break; they come back.
  void cut(std::size_t node);

  struct member {
    client_id id;
    std::vector<account_id> accounts;
    std::unique_ptr<attached_client> client;
    std::size_t checked = 0;            ///< reports that a checker has seen
    std::deque<messages::place> recent; ///< its latest orders
    std::size_t checked_answers = 0;
  };
  std::vector<member>& members() {
    return members_;
  }
  const std::vector<member>& members() const {
    return members_;
  }

private:
  void join(const char* name, bool trades_for_others, const client_tuning& tuning);
  void place(std::size_t who, std::uint8_t stream);
  void ask(std::size_t who);
  request next(member& m);
  request order(member& m);
  request change(member& m);
  request change_of(const messages::place& order, bool replaces);
  request rare(member& m);
  account_id account(const member& m);
  instrument_id instrument();
  price near();

  cluster& cluster_;
  random_source random_;
  random_source asking_; ///< what is placed does not depend on it
  std::uint32_t requests_each_;
  std::vector<member> members_;
  std::uint64_t next_order_ = 1;
  std::size_t to_come_ = 0;
};

} // namespace bourse::simulation
