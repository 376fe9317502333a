#include "app/trader.hpp"

#include <algorithm>
#include <chrono>

#include <CLI/CLI.hpp>
#include <caf/all.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/client.hpp"
#include "actors/system_config.hpp"
#include "config/keys.hpp"

namespace bourse::app {

using namespace messages;

namespace {

/// What the client itself is given beyond the time that the replicas have.
constexpr std::chrono::milliseconds margin{1000};
/// A number that another process took is not executed: the verb tries again so often.
constexpr int attempts = 5;

} // namespace

void add_trader_options(CLI::App& verb, trader_options& o) {
  auto* net = verb.add_option("--net", o.net, "Folder of a network, as `bourse testnet` makes it");
  verb.add_option("--client", o.client,
                  o.as_treasurer
                      ? "Whose key to use: a client with the treasurer's right (the first)"
                      : "Whose key to use: a client of the genesis file (the first "
                        "that has accounts)")
      ->needs(net);
  auto* genesis = verb.add_option("--genesis", o.genesis, "The genesis file, instead of --net");
  auto* key = verb.add_option("--key", o.key, "The client's key file, instead of --net");
  genesis->needs(key)->excludes(net);
  key->needs(genesis)->excludes(net);
  verb.add_option("--timeout", o.timeout_s, "Seconds to wait for f+1 replicas")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  verb.parse_complete_callback([&verb, &o] {
    auto deeper = !verb.get_subcommands().empty(); // such as `account deposit`, which asks itself
    if (!deeper && o.net.empty() && o.genesis.empty())
      throw CLI::ValidationError("which network? Give --net DIR, or --genesis FILE --key FILE");
  });
}

expected<config::loaded_client> load_trader(const trader_options& o) {
  if (!o.net.empty() && !o.client.empty())
    return config::load_client(o.net, o.client);
  std::filesystem::path file = o.net.empty() ? o.genesis : o.net;
  if (!o.net.empty())
    file /= "genesis.toml";
  auto genesis = config::load_genesis(file);
  if (!genesis)
    return tl::unexpected{genesis.error()};
  if (!o.net.empty()) {
    auto& all = genesis->market.clients;
    auto first = std::find_if(all.begin(), all.end(), [&](auto& c) {
      return o.as_treasurer ? c.treasurer : !c.accounts.empty();
    });
    if (first == all.end())
      return fail(errc::unknown_client, file.string()
                                            + (o.as_treasurer ? " names no treasurer"
                                                              : " names no client with accounts"));
    return config::load_client(o.net, first->name);
  }
  auto key = config::load_key(o.key);
  if (!key)
    return tl::unexpected{key.error()};
  auto self = config::client_of(*genesis, key->identity());
  if (!self)
    return fail(errc::unknown_client,
                fmt::format("{} names no client with the key in {}", o.genesis, o.key));
  return config::loaded_client{std::move(*genesis), std::move(*key), *self};
}

std::string owner_of(const market::rules& rules, account_id account) {
  for (const auto& c : rules.clients)
    if (std::binary_search(c.accounts.begin(), c.accounts.end(), account))
      return "client " + c.name;
  return "nobody";
}

std::string said_by(const config::genesis& g, bool unproved) {
  return unproved ? "by the word of one replica"
                  : fmt::format("as {} replicas say", g.size.weak_quorum());
}

expected<account_id> account_of(const config::loaded_client& who, const std::string& name) {
  if (!name.empty())
    return config::find_account(who.genesis.market, name);
  if (who.entry().accounts.empty())
    return fail(
        errc::not_authorised,
        fmt::format("client {} acts for no account; name one with --account", who.entry().name));
  return who.entry().accounts.front();
}

std::vector<actors::replica_answer> by_replica(const actors::question_answer_ptr& answer,
                                               cluster_size size) {
  std::vector<actors::replica_answer> all;
  for (auto r : size.everyone())
    all.push_back({r, {}, error{errc::unreachable, {}}, {}});
  if (answer)
    for (const auto& one : answer->each)
      if (one.replica.value() < size.n)
        all[one.replica.value()] = one;
  return all;
}

struct trader::runtime {
  actors::system_config config{2};
  caf::actor_system system{config};
  actors::client_actor client;
};

trader::trader(config::loaded_client identity, const trader_options& o)
    : identity_(std::move(identity)),
      timeout_ms_(static_cast<std::uint32_t>(o.timeout_s * 1000)),
      runtime_(std::make_unique<runtime>()) {}

trader::~trader() {
  if (runtime_->client)
    caf::anon_send(runtime_->client, actors::shut_atom::value);
  runtime_->client = nullptr; // the system's end waits for the client's
}

expected<std::unique_ptr<trader>> trader::attach(config::loaded_client identity,
                                                 const trader_options& o) {
  std::unique_ptr<trader> made{new trader(std::move(identity), o)};
  auto client = actors::attach(made->runtime_->system, made->identity_);
  if (!client)
    return tl::unexpected{client.error()};
  made->runtime_->client = std::move(*client);
  return made;
}

expected<std::unique_ptr<trader>> trader::attach(const trader_options& o) {
  auto identity = load_trader(o);
  if (!identity)
    return tl::unexpected{identity.error()};
  return attach(std::move(*identity), o);
}

expected<actors::placed_ptr> trader::place(stream_id stream, std::vector<request> list) {
  caf::scoped_actor self{runtime_->system};
  auto requests = actors::requests(std::move(list));
  for (int attempt = 1;; ++attempt) {
    auto result = actors::place_and_wait(self, runtime_->client, requests,
                                         std::chrono::milliseconds(timeout_ms_), stream);
    if (!result && result.error().code == errc::unreachable)
      return fail(errc::unreachable, who_is_there());
    if (result || result.error().code != errc::duplicate || attempt == attempts)
      return result;
  }
}

/// For a request that was not answered.
std::string trader::who_is_there() {
  nlohmann::json status;
  caf::scoped_actor self{runtime_->system};
  self->request(runtime_->client, margin, actors::status_atom::value)
      .receive([&](const std::string& text) { status = nlohmann::json::parse(text); },
               [](const caf::error&) {});
  std::size_t up = 0;
  for (auto& link : status["links"])
    up += link.value("up", false);
  auto size = genesis().size;
  auto text = fmt::format("{} of {} replicas can be reached", up, size.n);
  if (up < size.weak_quorum())
    text += fmt::format(", and it takes {}", size.weak_quorum());
  else
    text += fmt::format(", but no {} of them confirmed the same in time", size.weak_quorum());
  if (status.value("submissions", 0) > 0)
    text += "; what was sent may still execute";
  return text;
}

actors::question_answer_ptr trader::send(actors::question q) {
  q.timeout_ms = timeout_ms_;
  actors::question_answer_ptr result;
  caf::scoped_actor self{runtime_->system};
  self->request(runtime_->client, std::chrono::milliseconds(timeout_ms_) + margin,
                actors::ask_atom::value, q)
      .receive([&](const actors::question_answer_ptr& a) { result = a; }, [](const caf::error&) {});
  return result;
}

expected<actors::question_answer_ptr> trader::ask(actors::question q) {
  auto answer = send(std::move(q));
  if (!answer)
    return fail(errc::unreachable, who_is_there());
  if (answer->problem)
    return tl::unexpected{*answer->problem};
  return answer;
}

std::vector<actors::replica_answer> trader::ask_all(actors::question q) {
  q.how = actors::trust::each;
  return by_replica(send(std::move(q)), genesis().size);
}

} // namespace bourse::app
