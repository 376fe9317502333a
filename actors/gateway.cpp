#include "actors/gateway.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include <caf/send.hpp>
#include <nlohmann/json.hpp>

#include "actors/question_turns.hpp"
#include "actors/result_cursor.hpp"
#include "actors/spawn.hpp"
#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

/// Past reports are read for so many sessions at once, and then not again for a moment: a link
/// writes out in between, and the ledger has better things to do.
constexpr std::size_t reads_at_once = 4;
constexpr std::chrono::milliseconds between_reads{5};
/// Queries of one session that may wait for their answer.
constexpr std::uint32_t queries_at_once = 64;
/// Of those that the ledger answers, so many of all clients are asked at a time. The others wait
/// here, since what votes wait for is on the same disk.
constexpr std::size_t ledger_queries_at_once = 4;
constexpr std::chrono::seconds query_timeout{15};

class gateway {
public:
  static constexpr const char* name = "gateway";

  gateway(gateway_actor::pointer self, gateway_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        executed_(setup.executed),
        positions_(std::move(setup.positions)),
        by_client_(positions_.size()) {
    BOURSE_ASSERT(positions_.size() == context_->genesis.market.clients.size());
  }

  /// Clients are told at once that this replica ends.
  ~gateway() {
    for (const auto& [id, s] : sessions_)
      caf::anon_send(s.link, shut_atom::value);
  }
  gateway(const gateway&) = delete;
  gateway& operator=(const gateway&) = delete;

  gateway_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](linked_atom, session_id id, client_id client, const link_actor& link) {
          meter m(context_->counters, component::gateway);
          open(id, client, link);
        },
        [this](frame_atom, session_id from, const frame_ptr& frame) {
          meter m(context_->counters, component::gateway);
          receive(from, frame);
        },
        [this](unlinked_atom, session_id id) {
          meter m(context_->counters, component::gateway);
          close(id);
        },
        [this](refuse_atom, const refusals_ptr& what) {
          meter m(context_->counters, component::gateway);
          if (auto* s = find(what->session))
            for (const auto& item : what->items)
              send(*s, item);
        },
        [this](executed_atom, const executed_ptr& block) {
          meter m(context_->counters, component::gateway);
          executed(*block);
        },
        [this](clock_atom) {
          meter m(context_->counters, component::gateway);
          timer_armed_ = false;
          read_on();
        },
        [this](status_atom) { return status(); },
    };
  }

private:
  struct session {
    session_id id;
    client_id client;
    link_actor link;
    result_cursor cursor;
    bool asking = false;       ///< the ledger is reading for it
    std::uint32_t queries = 0; ///< under way
  };

  session* find(session_id id) {
    auto it = sessions_.find(id);
    return it == sessions_.end() ? nullptr : &it->second;
  }

  void send(const session& s, const gateway_message& what) {
    send(s, std::make_shared<const bytes>(encode(what)));
  }
  void send(const session& s, const shared_bytes& encoded) {
    self_->send(s.link, send_atom::value, channel::client, encoded);
  }

  // -- sessions ----------------------------------------------------------------------------------

  void open(session_id id, client_id client, const link_actor& link) {
    if (client.value() >= positions_.size() || sessions_.contains(id)) {
      self_->send(link, shut_atom::value);
      return;
    }
    auto& mine = by_client_[client.value()];
    if (mine.size() >= context_->options.max_sessions_per_client) {
      // The oldest goes: it may be a connection that died without saying so.
      auto oldest = mine.front();
      self_->send(sessions_.at(oldest).link, shut_atom::value);
      close(oldest);
    }
    mine.push_back(id);
    ++context_->counters.sessions_opened;
    const auto& s = sessions_.emplace(id, session{id, client, link, {}}).first->second;
    const auto& at = positions_[client.value()];
    send(s, welcome{context_->self, executed_, {at.next.begin(), at.next.end()}, at.next_report});
  }

  void close(session_id id) {
    auto it = sessions_.find(id);
    if (it == sessions_.end())
      return;
    std::erase(by_client_[it->second.client.value()], id);
    questions_.drop(it->second.client, id);
    sessions_.erase(it);
  }

  void receive(session_id from, const frame_ptr& frame) {
    auto* s = find(from);
    if (!s)
      return;
    auto whole = for_each_message(*frame, [&](channel on, byte_view message) {
      if (on == channel::heartbeat)
        return;
      auto what = decode_client_message(message, {});
      if (on != channel::client || !what) {
        ++context_->counters.malformed_from_clients;
        return;
      }
      if (auto* submissions = std::get_if<submit>(&*what))
        admit(*s, std::move(submissions->submissions), frame);
      else if (auto* from_there = std::get_if<resume>(&*what))
        handle(*s, *from_there);
      else
        handle(*s, std::get<query>(*what));
    });
    if (!whole)
      ++context_->counters.malformed_from_clients;
  }

  void admit(const session& s, std::vector<signed_submission> all, const frame_ptr& frame) {
    self_->send(routes_->mempool, admit_atom::value,
                std::make_shared<admission>(admission{s.id, s.client, std::move(all), frame}));
  }

  // -- results -----------------------------------------------------------------------------------

  void executed(const executed_block& block) {
    const auto& result = *block.result;
    executed_ = result.sequence;
    for (const auto& p : result.positions)
      positions_[p.client.value()].next[p.stream.value()] = p.next;
    results_statement what{result.sequence, result.block_digest, result.results_root};
    for (const auto& reports : result.reports) {
      auto& at = positions_[reports.client.value()];
      BOURSE_ASSERT(reports.first == at.next_report);
      at.next_report = report_number{reports.first.value() + reports.count};
      std::vector<shared_bytes> encoded; // once for all sessions of the client
      for (auto id : by_client_[reports.client.value()]) {
        auto& s = sessions_.at(id);
        if (!s.cursor.executed(reports.first, reports.count))
          continue;
        if (encoded.empty())
          for (auto& part : in_parts({what, block.by, reports, {at.next.begin(), at.next.end()}}))
            encoded.push_back(std::make_shared<const bytes>(encode(gateway_message{part})));
        for (const auto& part : encoded)
          send(s, part);
      }
    }
  }

  void handle(session& s, const resume& what) {
    s.cursor.resume(what.from, positions_[s.client.value()].next_report);
    read_on();
  }

  /// Reads for sessions that are behind, in turn.
  void read_on() {
    bool behind = false;
    auto wanted = [&](auto& entry) {
      auto& s = entry.second;
      if (!s.cursor.reading() || s.asking)
        return;
      behind = true;
      if (reads_ >= reads_at_once)
        return;
      read(s);
      last_read_ = entry.first;
    };
    auto from = sessions_.upper_bound(last_read_);
    std::for_each(from, sessions_.end(), wanted);
    std::for_each(sessions_.begin(), from, wanted);
    if (behind)
      arm();
  }

  void arm() {
    if (!std::exchange(timer_armed_, true))
      self_->delayed_send(self_, between_reads, clock_atom::value);
  }

  void read(session& s) {
    s.asking = true;
    ++reads_;
    self_->request(routes_->ledger, caf::infinite, reports_atom::value, s.client, s.cursor.next())
        .then(
            [this, id = s.id](const stored_reports_ptr& found) {
              meter m(context_->counters, component::gateway);
              --reads_;
              if (auto* s = find(id))
                hand_out(*s, *found);
            },
            [this](caf::error&) { --reads_; }); // the ledger has ended, and the node does
  }

  void hand_out(session& s, const past_reports& found) {
    s.asking = false;
    const auto& at = positions_[s.client.value()];
    if (s.cursor.skip(found.first))
      send(s, gone{found.first});
    for (const auto& block : found.blocks)
      for (auto& part :
           in_parts({block.what, block.by, block.reports, {at.next.begin(), at.next.end()}}))
        if (s.cursor.read(part.reports.first, part.reports.count))
          send(s, std::move(part));
    s.cursor.caught_up(at.next_report);
    if (s.cursor.reading())
      arm();
  }

  // -- queries -----------------------------------------------------------------------------------

  void handle(session& s, const query& q) {
    ++context_->counters.queries;
    if (s.queries >= queries_at_once)
      return refuse(s, q, errc::busy, "too many queries under way");
    switch (q.kind) {
      case query_kind::book:
        return ask<answer>(s, q, routes_->clearing, book_atom::value, instrument_of(q), q.limit,
                           q.at);
      case query_kind::account:
        if (!may_read(s.client, account_id{q.subject}))
          return refuse(s, q, errc::not_authorised, "another client's account");
        return ask<answer>(s, q, routes_->clearing, account_atom::value, account_id{q.subject},
                           q.at);
      case query_kind::trades:
      case query_kind::receipt:
        return wait_for_ledger(s, q);
      case query_kind::status:
        return ask<std::string>(s, q, routes_->supervisor, status_atom::value, q.subject != 0);
      case query_kind::timeline:
        return ask<std::string>(s, q, routes_->replica, timeline_atom::value, q.limit);
    }
    refuse(s, q, errc::malformed, "no such query");
  }

  static instrument_id instrument_of(const query& q) {
    return instrument_id{static_cast<std::uint16_t>(std::min(q.subject, 0xffffu))};
  }

  void wait_for_ledger(session& s, const query& q) {
    ++s.queries;
    questions_.add({s.client, s.id, q});
    ask_ledger();
  }

  void ask_ledger() {
    while (auto next = questions_.next()) {
      const auto& q = next->what;
      auto done = [this, client = next->client, session = next->session, id = q.id](answer a) {
        give(session, id, std::move(a));
        questions_.done(client);
        ask_ledger();
      };
      auto late = [this, done](caf::error&) {
        done({0, executed_, error{errc::unreachable, "no answer in time"}, {}});
      };
      if (q.kind == query_kind::trades)
        self_
            ->request(routes_->ledger, query_timeout, trades_atom::value, instrument_of(q), q.limit,
                      q.at)
            .then(done, late);
      else
        self_->request(routes_->ledger, query_timeout, receipt_atom::value, next->client, q.report)
            .then(done, late);
    }
  }

  bool may_read(client_id client, account_id account) const {
    const auto& own = context_->genesis.market.clients[client.value()].accounts;
    return std::binary_search(own.begin(), own.end(), account);
  }

  template <class Reply, class Handle, class... Args>
  void ask(session& s, const query& q, const Handle& whom, const Args&... args) {
    ++s.queries;
    self_->request(whom, query_timeout, args...)
        .then(
            [this, id = s.id, q = q.id](Reply& reply) { give(id, q, as_answer(std::move(reply))); },
            [this, id = s.id, q = q.id](caf::error&) {
              give(id, q, {0, executed_, error{errc::unreachable, "no answer in time"}, {}});
            });
  }

  answer as_answer(std::string body) const {
    return {0, executed_, std::nullopt, std::move(body)};
  }
  static answer as_answer(answer a) {
    return a;
  }

  void give(session_id id, std::uint64_t q, answer a) {
    auto* s = find(id);
    if (!s)
      return;
    --s->queries;
    a.id = q;
    auto at = a.at;
    auto encoded = std::make_shared<const bytes>(encode(gateway_message{std::move(a)}));
    if (encoded->size() <= max_gateway_message_bytes)
      return send(*s, encoded);
    // Such as that of an account with a hundred thousand open orders.
    send(*s, answer{q, at, error{errc::too_large, "the answer fits no message"}, {}});
  }

  void refuse(const session& s, const query& q, errc why, const char* text) {
    send(s, answer{q.id, executed_, error{why, text}, {}});
  }

  std::string status() const {
    nlohmann::json s;
    s["sessions"] = sessions_.size();
    s["clients"] = std::count_if(by_client_.begin(), by_client_.end(),
                                 [](const auto& ids) { return !ids.empty(); });
    s["sessions_opened"] = context_->counters.sessions_opened.load();
    s["queries"] = context_->counters.queries.load();
    s["malformed"] = context_->counters.malformed_from_clients.load();
    return s.dump();
  }

  gateway_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  sequence_number executed_;
  std::vector<client_position> positions_;
  std::map<session_id, session> sessions_;
  std::vector<std::vector<session_id>> by_client_; ///< oldest first
  std::size_t reads_ = 0;                          ///< under way at the ledger
  session_id last_read_;
  question_turns questions_{ledger_queries_at_once};
  bool timer_armed_ = false;
};

} // namespace

gateway_actor spawn_gateway(caf::actor_system& system, gateway_setup setup) {
  return spawn_shell<gateway, gateway_actor>(system, std::move(setup));
}

} // namespace bourse::actors
