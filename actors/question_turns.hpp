// Whose question the ledger is asked next.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "actors/payloads.hpp"

namespace bourse::actors {

/// Pure. One question of a client and a few in all are asked at a time. Clients take turns.
class question_turns {
public:
  struct question {
    client_id client;
    session_id session;
    query what;
  };

  explicit question_turns(std::size_t at_once) : at_once_(at_once) {}

  void add(question q) {
    auto client = q.client;
    auto& mine = by_client_[client];
    mine.waiting.push_back(std::move(q));
    if (!mine.asked && mine.waiting.size() == 1)
      turns_.push_back(client);
  }

  /// The next one to ask, if one may be asked now.
  std::optional<question> next() {
    if (asked_ >= at_once_ || turns_.empty())
      return std::nullopt;
    auto& mine = by_client_.at(turns_.front());
    turns_.pop_front();
    auto q = std::move(mine.waiting.front());
    mine.waiting.pop_front();
    mine.asked = true;
    ++asked_;
    return q;
  }

  /// The session has ended: what it waits for need not be asked. What is asked already is still to
  /// be told of as done.
  void drop(client_id client, session_id session) {
    auto mine = by_client_.find(client);
    if (mine == by_client_.end() || mine->second.waiting.empty())
      return;
    std::erase_if(mine->second.waiting, [&](const question& q) { return q.session == session; });
    if (!mine->second.waiting.empty() || mine->second.asked)
      return;
    std::erase(turns_, client);
    by_client_.erase(mine);
  }

  /// The client's question was answered.
  void done(client_id client) {
    --asked_;
    auto mine = by_client_.find(client);
    mine->second.asked = false;
    if (mine->second.waiting.empty())
      by_client_.erase(mine);
    else
      turns_.push_back(client);
  }

private:
  struct questions {
    bool asked = false;
    std::deque<question> waiting;
  };

  std::size_t at_once_;
  std::size_t asked_ = 0;
  std::map<client_id, questions> by_client_; ///< who has asked anything that is not answered
  std::deque<client_id> turns_;              ///< who has something waiting and nothing asked
};

} // namespace bourse::actors
