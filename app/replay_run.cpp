#include "app/replay_run.hpp"

#include <chrono>
#include <deque>
#include <thread>

#include <caf/all.hpp>

#include "actors/client.hpp"

namespace bourse::app {

using namespace std::chrono_literals;
using namespace messages;
using clock = std::chrono::steady_clock;

namespace {

/// Placements that wait for their answer: enough to keep the primary's blocks full.
constexpr std::size_t most_in_flight = 40;
/// A network that says nothing for this long has stopped.
constexpr auto patience = 30s;

class replayer {
public:
  replayer(caf::actor_system& system, const replay_options& o, actors::client_actor client)
      : self_(system), options_(o), client_(std::move(client)) {
    self_->send(client_, actors::watch_atom::value,
                caf::actor_cast<actors::report_sink>(caf::actor{self_}));
  }
  ~replayer() {
    self_->send(client_, actors::shut_atom::value);
  }

  expected<void> run(order_flow& flow, const replay_roles& roles,
                     const std::function<void(const replay_progress&)>& tell) {
    std::vector<request> batch;
    for (;;) {
      auto event = flow.next();
      if (!event)
        return tl::unexpected(event.error());
      if (*event) {
        if (options_.speed > 0 && !batch.empty() && not_yet(**event))
          send(std::exchange(batch, {}));
        if (auto ok = wait_until_due(**event); !ok)
          return ok;
        outcome.record.add(**event);
        batch.push_back(to_request(**event, roles));
      }
      if (batch.size() >= options_.orders_per_signature || (!*event && !batch.empty()))
        send(std::exchange(batch, {}));
      while (waiting_.size() >= most_in_flight || (!*event && !done()))
        if (auto ok = receive(patience); !ok)
          return ok;
      tell(progress_);
      if (!*event)
        return {};
    }
  }

  replay_outcome outcome;

private:
  struct sent {
    clock::time_point at;
    std::size_t orders;
  };

  bool done() const {
    return waiting_.empty() && reported_ >= last_block_;
  }

  void send(std::vector<request> batch) {
    progress_.sent += batch.size();
    waiting_.push_back({clock::now(), batch.size()});
    self_->send(client_, actors::place_atom::value, stream_id{0},
                actors::requests(std::move(batch)));
  }

  clock::time_point due(const flow_event& e) {
    if (first_ms_ == 0) {
      first_ms_ = e.time_ms;
      start_ = clock::now();
    }
    return start_
           + std::chrono::microseconds(static_cast<std::int64_t>(
               static_cast<double>(e.time_ms - first_ms_) * 1000 / options_.speed));
  }

  bool not_yet(const flow_event& e) {
    return due(e) > clock::now();
  }

  expected<void> wait_until_due(const flow_event& e) {
    if (options_.speed <= 0)
      return {};
    for (auto at = due(e); clock::now() < at;)
      if (auto ok = receive(at - clock::now(), false); !ok)
        return ok;
    return {};
  }

  /// Takes one message. Silence is an error only if something is awaited.
  expected<void> receive(clock::duration most, bool awaited = true) {
    expected<void> result;
    self_->receive([&](const actors::placed_ptr& placed) { result = answered(*placed); },
                   [&](actors::reports_atom, const actors::report_batch_ptr& batch) {
                     for (auto& r : batch->reports)
                       outcome.record.apply(r);
                     if (!batch->more)
                       reported_ = batch->what.sequence;
                   },
                   caf::after(most) >>
                       [&] {
                         if (awaited)
                           result = fail(errc::unreachable, "the network has not answered for "
                                                                + std::to_string(patience.count())
                                                                + " s");
                       });
    return result;
  }

  /// Answers come in the order of the placements: one stream executes in order.
  expected<void> answered(const actors::placed& placed) {
    if (placed.problem)
      return tl::unexpected(*placed.problem);
    auto us
        = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - waiting_.front().at);
    outcome.finality.add(static_cast<std::uint64_t>(us.count()), waiting_.front().orders);
    progress_.answered += waiting_.front().orders;
    waiting_.pop_front();
    last_block_ = placed.block;
    return {};
  }

  caf::scoped_actor self_;
  const replay_options& options_;
  actors::client_actor client_;
  std::deque<sent> waiting_;
  replay_progress progress_;
  sequence_number last_block_;
  sequence_number reported_;
  std::uint64_t first_ms_ = 0;
  clock::time_point start_;
};

} // namespace

expected<replay_outcome> run_replay(caf::actor_system& system, const load_target& target,
                                    order_flow& flow, const replay_roles& roles,
                                    const replay_options& o,
                                    const std::function<void(const replay_progress&)>& tell) {
  auto& genesis = target.genesis();
  auto key = target.keys()(genesis.market.clients[roles.client.value()].name);
  if (!key)
    return tl::unexpected(key.error());
  actors::client_options options;
  options.genesis = genesis;
  options.key = std::make_shared<const key_pair>(std::move(*key));
  options.tuning.max_coalesced = o.orders_per_signature;
  auto client = actors::attach(system, std::move(options));
  if (!client)
    return tl::unexpected(client.error());
  auto start = clock::now();
  replayer run{system, o, *client};
  if (auto ok = run.run(flow, roles, tell); !ok)
    return tl::unexpected(ok.error());
  run.outcome.seconds = std::chrono::duration<double>(clock::now() - start).count();
  return std::move(run.outcome);
}

} // namespace bourse::app
