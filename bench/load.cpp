#include "bench/load.hpp"

#include <algorithm>
#include <thread>

#include <caf/all.hpp>

#include "bench/load_driver.hpp"
#include "bench/measure.hpp"

namespace bourse::bench {

using namespace std::chrono_literals;
using actors::ask_atom;
using actors::question;
using actors::question_answer_ptr;
using actors::shut_atom;
using actors::start_atom;
using actors::trust;

namespace {

using part = synthetic_market::part;

/// The clients of a run, and how it looks at the network.
class load_run {
public:
  load_run(caf::actor_system& system, const config::genesis& genesis, const load_options& options)
      : system_(system),
        self_(system),
        genesis_(genesis),
        options_(options),
        market_(std::make_shared<synthetic_market>(genesis.market, options.seed)) {}

  ~load_run() {
    if (driver_)
      self_->send_exit(driver_, caf::exit_reason::user_shutdown);
    for (auto& p : parties_)
      self_->send(p.client, shut_atom::value);
  }

  expected<void> attach_clients(const key_source& keys) {
    for (auto p : {part::makers, part::takers, part::liquidators}) {
      if (p == part::liquidators && !options_.liquidations)
        continue;
      auto& entry = genesis_.market.clients[market_->client_of(p).value()];
      auto key = keys(entry.name);
      if (!key)
        return tl::unexpected(key.error());
      auto shared = std::make_shared<const key_pair>(std::move(*key));
      actors::client_options o;
      o.genesis = genesis_;
      o.key = shared;
      o.tuning.max_coalesced = options_.orders_per_signature;
      auto client = actors::attach(system_, std::move(o));
      if (!client)
        return tl::unexpected(client.error());
      parties_.push_back({p, *client, {}});
      auto positions = wait_ready(*client);
      if (!positions)
        return tl::unexpected(positions.error());
      presign(parties_.back(), *shared, **positions);
    }
    return {};
  }

  load_sample look(std::chrono::steady_clock::time_point start, bool with_status) {
    load_sample s;
    s.counts = counts();
    if (with_status)
      s.status = ask_each({query_kind::status, 0, 0, {}, trust::each, 2000});
    s.book = book();
    s.at_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return s;
  }

  load_counts_ptr counts() {
    load_counts_ptr result = std::make_shared<load_counts>();
    self_->request(driver_, 5s, count_atom::value)
        .receive([&](const load_counts_ptr& c) { result = c; }, [](const caf::error&) {});
    return result;
  }

  /// One body a replica; empty where there was no answer.
  std::vector<std::string> ask_each(const question& q) {
    std::vector<std::string> bodies(genesis_.size.n);
    self_->request(parties_.front().client, 10s, ask_atom::value, q)
        .receive(
            [&](const question_answer_ptr& a) {
              for (auto& one : a->each)
                if (!one.problem && one.replica.value() < bodies.size())
                  bodies[one.replica.value()] = one.body;
            },
            [](const caf::error&) {});
    return bodies;
  }

  book_view book() {
    book_view view;
    self_
        ->request(parties_.front().client, 5s, ask_atom::value,
                  question{query_kind::book, 0, 20, {}, trust::one, 1000})
        .receive(
            [&](const question_answer_ptr& a) {
              if (auto decoded = decode_book_view(a->body); !a->problem && decoded)
                view = std::move(*decoded);
            },
            [](const caf::error&) {});
    return view;
  }

  void begin() {
    driver_ = system_.spawn<load_driver>(options_, market_, parties_);
  }

  void go() {
    self_->send(driver_, go_atom::value);
  }

  /// Stops sending; returns how many orders stay unanswered.
  std::uint64_t halt() {
    std::uint64_t unanswered = 0;
    self_->request(driver_, 20s, halt_atom::value)
        .receive([&](std::uint64_t n) { unanswered = n; }, [](const caf::error&) {});
    return unanswered;
  }

private:
  expected<actors::stream_positions_ptr> wait_ready(const actors::client_actor& client) {
    expected<actors::stream_positions_ptr> result
        = fail(errc::unreachable, "too few replicas answer");
    self_->request(client, 20s, start_atom::value)
        .receive([&](const actors::stream_positions_ptr& p) { result = p; },
                 [](const caf::error&) {});
    return result;
  }

  /// Signs this party's share of the orders that are to be ready before the clock starts.
  void presign(load_party& party, const key_pair& key, const actors::stream_positions& at) {
    if (options_.presigned == 0 || party.part == part::liquidators)
      return;
    auto streams = market_->streams(party.part);
    auto all = market_->streams(part::makers) + market_->streams(part::takers);
    auto each = options_.presigned / all / options_.orders_per_signature;
    party.presigned.resize(streams);
    for (std::size_t s = 0; s < streams; ++s) {
      submission what;
      what.client = market_->client_of(party.part);
      what.stream = stream_id{static_cast<std::uint8_t>(s)};
      what.number = at.next[s];
      for (std::uint64_t i = 0; i < each; ++i, what.number = what.number.next()) {
        what.requests = market_->next(party.part, s, options_.orders_per_signature);
        auto body = encode(what);
        auto signature = key.sign(purpose::submission, genesis_.cluster(), body);
        party.presigned[s].push_back({std::move(body), signature});
      }
      std::reverse(party.presigned[s].begin(), party.presigned[s].end());
    }
  }

  caf::actor_system& system_;
  caf::scoped_actor self_;
  const config::genesis& genesis_;
  const load_options& options_;
  std::shared_ptr<synthetic_market> market_;
  std::vector<load_party> parties_;
  caf::actor driver_;
};

} // namespace

expected<load_result> run_load(caf::actor_system& system, const config::genesis& genesis,
                               const key_source& keys, const load_options& options,
                               const std::function<void(const load_sample&)>& on_sample) {
  using clock = std::chrono::steady_clock;
  load_run run{system, genesis, options};
  if (auto ok = run.attach_clients(keys); !ok)
    return tl::unexpected(ok.error());
  run.begin();
  load_result result;
  result.first = run.look(clock::now(), true);
  auto start = result.start = clock::now();
  auto enough = [&] {
    return options.enough && options.enough->load();
  };
  run.go();
  for (auto next = start + 500ms; next < start + options.duration && !enough(); next += 500ms) {
    std::this_thread::sleep_until(next);
    on_sample(run.look(start, false));
  }
  if (!enough())
    std::this_thread::sleep_until(start + options.duration);
  result.last = run.look(start, true);
  result.counts = result.last.counts;
  result.duration_s = result.last.at_s;
  result.timeline = run.ask_each({query_kind::timeline, 0, 512, {}, trust::each, 3000});
  result.unanswered = run.halt();
  result.all_counts = run.counts();
  // Subject 1 asks for the state digest as of now, which costs a little. The clients have their
  // results once f+1 replicas executed them; the others may take a moment longer.
  std::string detail;
  for (auto end = clock::now() + 10s;;) {
    result.final_status = run.ask_each({query_kind::status, 1, 0, {}, trust::each, 5000});
    if (same_state(result.final_status, detail) || clock::now() > end)
      break;
    std::this_thread::sleep_for(50ms);
  }
  return result;
}

} // namespace bourse::bench
