#include "simulation/attached_client.hpp"

#include <algorithm>

#include <caf/all.hpp>

#include "simulation/memory_links.hpp"

namespace bourse::simulation {

attached_client::attached_client(cluster& c, client_id id, const client_tuning& tuning,
                                 std::optional<report_number> reports_from)
    : cluster_(c) {
  auto& system = c.universe().system();
  sink_ = system.spawn([state = state_](report_sink::pointer) -> report_sink::behavior_type {
    return {[state](reports_atom, const report_batch_ptr& batch) {
      state->reports.insert(state->reports.end(), batch->reports.begin(), batch->reports.end());
    }};
  });
  client_options o;
  o.genesis = c.genesis();
  o.key = std::make_shared<const key_pair>(client_key(id.value()));
  o.tuning = tuning;
  o.reports_from = reports_from;
  o.dial = [&c, id, state = state_](replica_id r, const client_actor& client) {
    c.universe().after(c.client_delay_ns(),
                       [&c, id, state, r, client] { dial(c, id, state, r, client); });
  };
  client_ = attach(system, std::move(o)).value();
  caf::anon_send(client_, watch_atom::value, sink_);
}

attached_client::~attached_client() {
  state_->alive = false;
  std::vector<caf::actor> all{caf::actor_cast<caf::actor>(client_),
                              caf::actor_cast<caf::actor>(sink_)};
  for (auto& [i, link] : state_->open) {
    cluster_.disconnect(i, link.session);
    all.push_back(caf::actor_cast<caf::actor>(link.ours));
    all.push_back(caf::actor_cast<caf::actor>(link.theirs));
  }
  state_->open.clear();
  client_ = nullptr;
  sink_ = nullptr;
  cluster_.universe().kill(all);
}

void attached_client::dial(cluster& c, client_id id, const shared_ptr& state, replica_id r,
                           const client_actor& client) {
  auto i = c.found_at(r, id);
  if (!state->alive)
    return;
  if (!c.up(i)) {
    caf::anon_send(client, unlinked_atom::value, r, link_actor{});
    return;
  }
  auto& system = c.universe().system();
  auto session = c.new_session();
  auto current = [state, i, session] {
    auto found = state->open.find(i);
    return state->alive && found != state->open.end() && found->second.session == session;
  };
  connection made;
  made.session = session;
  made.ours = spawn_memory_link(system, [&c, i, session](const shared_bytes& m) {
    if (m)
      c.from_client(i, session, *m);
    else
      c.disconnect(i, session);
  });
  client_line line{i, session, id, {}};
  line.post = [&c, current, weak = caf::actor_cast<caf::weak_actor_ptr>(client), i, r,
               state](const shared_bytes& m, std::uint64_t delay_us) {
    c.universe().after(c.client_delay_ns() + delay_us * 1000, [&c, current, weak, i, r, state, m] {
      auto strong = weak.lock();
      if (!strong || !current())
        return;
      auto to = caf::actor_cast<client_actor>(strong);
      if (!m) {
        caf::anon_send(to, unlinked_atom::value, r, state->open.at(i).ours);
        state->open.erase(i);
        return;
      }
      c.client_hears(i, *m);
      bytes frame;
      append_message(frame, channel::client, *m);
      caf::anon_send(to, frame_atom::value, r, std::make_shared<const bytes>(std::move(frame)));
    });
  };
  made.theirs = spawn_memory_link(system, [&c, line](const shared_bytes& m) {
    if (!m || c.told_client(line, *m))
      line.post(m, 0);
  });
  caf::anon_send(c.node(i).routes->gateway, linked_atom::value, session, id, made.theirs);
  caf::anon_send(client, linked_atom::value, r, made.ours);
  state->open[i] = made;
}

void attached_client::cut(std::size_t i) {
  auto found = state_->open.find(i);
  if (found == state_->open.end())
    return;
  cluster_.disconnect(i, found->second.session);
  caf::anon_send(client_, unlinked_atom::value, cluster_.identity(i), found->second.ours);
  state_->open.erase(found);
}

std::size_t attached_client::place(std::uint8_t stream, std::vector<request> list) {
  auto index = state_->results.size();
  state_->results.emplace_back();
  cluster_.universe().system().spawn(
      [client = client_, state = state_, stream, index,
       what = requests(std::move(list))](caf::event_based_actor* self) {
        self->request(client, caf::infinite, place_atom::value, stream_id{stream}, what)
            .then([state, index](const placed_ptr& p) { state->results[index] = p; },
                  [](caf::error&) {});
      });
  return index;
}

std::size_t attached_client::answered() const {
  auto& all = state_->results;
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](auto& r) { return r != nullptr; }));
}

question_answer_ptr attached_client::ask(const question& q, std::uint64_t ms) {
  auto index = ask_later(q);
  cluster_.universe().run(ms, [&] { return answers()[index].what != nullptr; });
  return answers()[index].what;
}

std::size_t attached_client::ask_later(const question& q) {
  auto index = state_->answers.size();
  state_->answers.push_back({q, nullptr});
  cluster_.universe().system().spawn(
      [client = client_, state = state_, index, q](caf::event_based_actor* self) {
        self->request(client, caf::infinite, ask_atom::value, q)
            .then([state, index](const question_answer_ptr& a) { state->answers[index].what = a; },
                  [](caf::error&) {});
      });
  return index;
}

} // namespace bourse::simulation
