#include "actors/client.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include <caf/all.hpp>
#include <nlohmann/json.hpp>

#include "actors/client_queries.hpp"

namespace bourse::actors {

namespace {

constexpr std::chrono::milliseconds tick{100};

struct client_setup {
  client_options options;
  client_id self;
};

/// Carries out what client_session and client_queries decide.
class client {
public:
  client(client_actor::pointer self, client_setup setup)
      : self_(self),
        options_(std::move(setup.options)),
        id_(setup.self),
        session_(options_.genesis.size, options_.genesis.market, setup.self, options_.key,
                 options_.tuning, options_.reports_from),
        queries_(options_.genesis.size, options_.genesis.cluster(), keys_of(options_.genesis)),
        links_(options_.genesis.size.n) {
    self_->set_down_handler([this](const caf::down_msg& m) {
      std::erase_if(sinks_, [&](const report_sink& s) { return s.address() == m.source; });
    });
  }

  client_actor::behavior_type behavior() {
    for (std::uint16_t r = 0; r < links_.size(); ++r)
      options_.dial(replica_id{r}, self_);
    self_->delayed_send(self_, tick, clock_atom::value);
    return {
        [this](place_atom, stream_id stream, const requests_ptr& requests) {
          return place(stream, requests ? *requests : std::vector<request>{});
        },
        [this](place_atom, stream_id stream, const presigned_ptr& submissions) {
          return place(stream, submissions);
        },
        [this](ask_atom, const question& q) { return ask(q); },
        [this](watch_atom, const report_sink& sink) {
          self_->monitor(sink);
          sinks_.push_back(sink);
        },
        [this](start_atom) { return positions(); },
        [this](status_atom) { return status(); },
        [this](shut_atom) { shut(); },
        [this](linked_atom, replica_id r, const link_actor& link) { linked(r, link); },
        [this](frame_atom, replica_id r, const frame_ptr& frame) { received(r, *frame); },
        [this](unlinked_atom, replica_id r, const link_actor& link) { unlinked(r, link); },
        [this](dial_atom, replica_id r) { options_.dial(r, self_); },
        [this](clock_atom) {
          session_.tick(now());
          queries_.tick(now());
          act();
          self_->delayed_send(self_, tick, clock_atom::value);
        },
    };
  }

private:
  struct link {
    link_actor handle;
    std::uint32_t wait_ms = redial_ms;
    std::uint64_t connects = 0;
  };

  local_time_ms now() const {
    auto since = self_->clock().now().time_since_epoch();
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    return local_time_ms{static_cast<std::uint64_t>(ms)};
  }

  // -- from the program --------------------------------------------------------------------------

  template <class What>
  caf::result<placed_ptr> place(stream_id stream, What what) {
    auto promise = self_->make_response_promise<placed_ptr>();
    auto id = session_.place(stream, std::move(what), now());
    if (promise.pending())
      placements_.emplace(id, promise);
    act();
    return promise;
  }

  caf::result<question_answer_ptr> ask(const question& q) {
    auto promise = self_->make_response_promise<question_answer_ptr>();
    questions_.emplace(queries_.ask(q, now()), promise);
    act();
    return promise;
  }

  caf::result<stream_positions_ptr> positions() {
    auto promise = self_->make_response_promise<stream_positions_ptr>();
    starters_.push_back(promise);
    act();
    return promise;
  }

  void shut() {
    for (auto& l : links_)
      if (l.handle)
        self_->send(l.handle, shut_atom::value);
    self_->quit();
  }

  // -- from the links ----------------------------------------------------------------------------

  void linked(replica_id r, const link_actor& handle) {
    if (r.value() >= links_.size())
      return;
    auto& l = links_[r.value()];
    l.handle = handle;
    l.wait_ms = redial_ms;
    ++l.connects;
    session_.linked(r);
    queries_.linked(r);
    act();
  }

  void unlinked(replica_id r, const link_actor& handle) {
    if (r.value() >= links_.size())
      return;
    auto& l = links_[r.value()];
    if (handle && handle != l.handle)
      return;
    l.handle = link_actor{};
    queries_.unlinked(r, now());
    self_->delayed_send(self_, std::chrono::milliseconds(l.wait_ms), dial_atom::value, r);
    l.wait_ms = std::min(l.wait_ms * 2, redial_at_most_ms);
    act();
  }

  void received(replica_id from, byte_view frame) {
    if (from.value() >= links_.size())
      return;
    auto whole = for_each_message(frame, [&](channel c, byte_view content) {
      if (c != channel::client)
        return;
      if (auto m = decode_gateway_message(content))
        std::visit([&](auto& x) { take(from, x); }, *m);
      else
        ++malformed_;
    });
    if (!whole)
      ++malformed_;
    act();
  }

  void take(replica_id from, welcome& m) {
    session_.receive(from, m, now());
  }
  void take(replica_id from, results& m) {
    session_.receive(from, std::move(m), now());
  }
  void take(replica_id from, gone& m) {
    session_.receive(from, m, now());
  }
  void take(replica_id from, refused& m) {
    session_.receive(from, m, now());
  }
  void take(replica_id from, answer& m) {
    queries_.receive(from, std::move(m), now());
  }

  // -- what was decided --------------------------------------------------------------------------

  void act() {
    for (auto& out : session_.take_outgoing())
      send(out);
    for (auto& out : queries_.take_outgoing())
      send(out);
    for (auto& batch : session_.take_batches()) {
      queries_.told(batch->what.sequence);
      for (auto& sink : sinks_)
        self_->send(sink, reports_atom::value, batch);
    }
    for (auto& f : session_.take_finished())
      answer_one(placements_, f.placement, f.result);
    for (auto& f : queries_.take_finished())
      answer_one(questions_, f.question, f.result);
    if (session_.ready() && !starters_.empty()) {
      auto at = std::make_shared<const stream_positions>(session_.position());
      for (auto& promise : starters_)
        promise.deliver(at);
      starters_.clear();
    }
  }

  void send(const client_outgoing& out) {
    if (out.to) {
      auto& l = links_[out.to->value()];
      if (l.handle)
        self_->send(l.handle, send_atom::value, channel::client, out.message);
      return;
    }
    for (auto& l : links_)
      if (l.handle)
        self_->send(l.handle, send_atom::value, channel::client, out.message);
  }

  template <class Promises, class Result>
  void answer_one(Promises& promises, std::uint64_t id, const Result& result) {
    auto found = promises.find(id);
    if (found == promises.end())
      return; // nobody waits for it
    found->second.deliver(result);
    promises.erase(found);
  }

  std::string status() const {
    auto& counts = session_.counts();
    auto& reports = session_.reports();
    nlohmann::json links = nlohmann::json::array();
    for (std::size_t r = 0; r < links_.size(); ++r)
      links.push_back({{"replica", r},
                       {"up", static_cast<bool>(links_[r].handle)},
                       {"connects", links_[r].connects},
                       {"faults", reports.faults()[r]}});
    nlohmann::json out{{"client", options_.genesis.market.clients[id_.value()].name},
                       {"ready", session_.ready()},
                       {"links", links},
                       {"in_flight", session_.in_flight()},
                       {"waiting", session_.waiting()},
                       {"submissions", counts.submissions},
                       {"sent_again", counts.resent},
                       {"refusals", counts.refusals},
                       {"resumes", counts.resumes},
                       {"batches", reports.counts().batches},
                       {"reports", reports.counts().reports},
                       {"reports_gone", reports.counts().gone},
                       {"votes_dropped", reports.counts().dropped},
                       {"malformed", malformed_ + counts.ignored + reports.counts().malformed},
                       {"bytes_in", options_.totals->bytes_in.load()},
                       {"bytes_out", options_.totals->bytes_out.load()},
                       {"links_dropped", options_.totals->dropped.load()}};
    return out.dump();
  }

  client_actor::pointer self_;
  client_options options_;
  client_id id_;
  client_session session_;
  client_queries queries_;
  std::vector<link> links_; ///< by replica
  std::vector<report_sink> sinks_;
  std::unordered_map<placement_id, caf::typed_response_promise<placed_ptr>> placements_;
  std::unordered_map<client_queries::question_id, caf::typed_response_promise<question_answer_ptr>>
      questions_;
  std::vector<caf::typed_response_promise<stream_positions_ptr>> starters_;
  std::uint64_t malformed_ = 0;
};

struct client_state {
  const char* name = "client";
  std::unique_ptr<client> content;
};

client_actor::behavior_type run_client(client_actor::stateful_pointer<client_state> self,
                                       const std::shared_ptr<client_setup>& setup) {
  self->state.content = std::make_unique<client>(self, std::move(*setup));
  return self->state.content->behavior();
}

} // namespace

expected<client_actor> attach(caf::actor_system& system, client_options options) {
  auto self = client_of(options.genesis, options.key->identity());
  if (!self)
    return fail(errc::unknown_client, "the genesis file names no client with this key");
  if (!options.dial)
    options.dial = tcp_dialler(system, options);
  auto setup = std::make_shared<client_setup>(client_setup{std::move(options), *self});
  return system.spawn(run_client, setup);
}

expected<client_actor> attach(caf::actor_system& system, const config::loaded_client& who) {
  client_options options;
  options.genesis = who.genesis;
  options.key = std::make_shared<const key_pair>(who.key.copy());
  return attach(system, std::move(options));
}

expected<placed_ptr> place_and_wait(const caf::scoped_actor& self, const client_actor& client,
                                    const requests_ptr& what, std::chrono::milliseconds patience,
                                    stream_id stream) {
  expected<placed_ptr> result;
  self->request(client, patience, place_atom::value, stream, what)
      .receive([&](const placed_ptr& placed) { result = placed; },
               [&](const caf::error& e) {
                 result = fail(errc::unreachable, self->home_system().render(e));
               });
  if (result && (*result)->problem)
    return tl::unexpected(*(*result)->problem);
  return result;
}

} // namespace bourse::actors
