#include "app/network_watch.hpp"

#include <thread>

#include <caf/all.hpp>

#include "actors/client.hpp"

namespace bourse::app {

using namespace messages;
using namespace std::chrono_literals;

namespace {

/// Those who have not answered by then are taken for down.
constexpr std::uint32_t answer_ms = 250;
constexpr auto between_looks = 25ms;

/// Any client may ask. One that the load does not use leaves it its sessions.
const std::string& name_of_observer(const market::rules& rules) {
  for (const auto& c : rules.clients)
    if (c.name == "trader")
      return c.name;
  return rules.clients.front().name;
}

} // namespace

network_watch::network_watch(caf::actor_system& system, cluster_size size,
                             actors::client_actor client)
    : system_(system), size_(size), client_(std::move(client)) {}

network_watch::~network_watch() {
  caf::anon_send(client_, actors::shut_atom::value);
}

expected<std::unique_ptr<network_watch>> network_watch::attach(caf::actor_system& system,
                                                               const load_target& target) {
  auto& genesis = target.genesis();
  auto key = target.keys()(name_of_observer(genesis.market));
  if (!key)
    return tl::unexpected(key.error());
  actors::client_options options;
  options.genesis = genesis;
  options.key = std::make_shared<const key_pair>(std::move(*key));
  auto client = actors::attach(system, std::move(options));
  if (!client)
    return tl::unexpected(client.error());
  return std::unique_ptr<network_watch>{new network_watch{system, genesis.size, *client}};
}

network_watch::view_of_all network_watch::look() {
  view_of_all all;
  all.status.resize(size_.n);
  caf::scoped_actor self{system_};
  actors::question q{query_kind::status, 0, 0, {}, actors::trust::each, answer_ms};
  self->request(client_, 10s, actors::ask_atom::value, q)
      .receive(
          [&](const actors::question_answer_ptr& a) {
            for (const auto& one : a->each)
              if (!one.problem && one.replica.value() < all.status.size())
                all.status[one.replica.value()] = nlohmann::json::parse(one.body, nullptr, false);
          },
          [](const caf::error&) {});
  for (const auto& s : all.status)
    all.replicas.push_back(read_status(s));
  all.leader = who_leads(all.replicas, size_);
  all.newest = newest_block(all.replicas);
  return all;
}

void network_watch::pause() {
  std::this_thread::sleep_for(between_looks);
}

} // namespace bourse::app
