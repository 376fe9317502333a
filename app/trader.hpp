// What the client verbs share: options that say which network and which client, and a client
// attached to it for as long as the verb lasts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/client_types.hpp"
#include "app/context.hpp"
#include "config/load.hpp"

namespace bourse::app {

struct trader_options {
  std::string net;
  std::string client;
  std::string genesis;
  std::string key;
  double timeout_s = 10;
  bool as_treasurer = false; ///< without a name it is the first with that right
};

/// --net and --client, or --genesis and --key, of which one pair must be; --timeout.
void add_trader_options(CLI::App& verb, trader_options& o);

/// The network and the client that the options name. Without a name it is the first that acts for
/// accounts, or the first treasurer. Errors: those of load_client; unknown_client.
messages::expected<config::loaded_client> load_trader(const trader_options& o);

/// As people think of it: "client maker", or "nobody" if no client acts for the account.
std::string owner_of(const market::rules& rules, messages::account_id account);

/// "as 2 replicas say", or "by the word of one replica"
std::string said_by(const config::genesis& g, bool unproved);

/// The account of that name, or the client's first if there is none. Errors: not_found,
/// not_authorised.
messages::expected<messages::account_id> account_of(const config::loaded_client& who,
                                                    const std::string& name);

/// Each replica's own answer, by its number; unreachable as the problem of those that gave none, of
/// all if there is no answer.
std::vector<actors::replica_answer> by_replica(const actors::question_answer_ptr& answer,
                                               messages::cluster_size size);

/// Attached to all replicas until it goes out of scope.
class trader {
public:
  static messages::expected<std::unique_ptr<trader>> attach(config::loaded_client identity,
                                                            const trader_options& o);
  /// As whom and where the options say. Errors: also those of load_trader.
  static messages::expected<std::unique_ptr<trader>> attach(const trader_options& o);
  ~trader();
  trader(const trader&) = delete;
  trader& operator=(const trader&) = delete;

  const config::genesis& genesis() const {
    return identity_.genesis;
  }
  const market::rules& rules() const {
    return identity_.genesis.market;
  }

  /// Errors: what became of it if it was not executed; unreachable if f+1 replicas did not confirm
  /// it in time, in which case it may still execute.
  messages::expected<actors::placed_ptr> place(messages::stream_id stream,
                                               std::vector<messages::request> requests);
  /// Errors: those of the answer. `timeout_ms` of the question is set here.
  messages::expected<actors::question_answer_ptr> ask(actors::question q);
  /// See by_replica.
  std::vector<actors::replica_answer> ask_all(actors::question q);

private:
  struct runtime;
  trader(config::loaded_client identity, const trader_options& o);
  actors::question_answer_ptr send(actors::question q);
  std::string who_is_there();

  config::loaded_client identity_;
  std::uint32_t timeout_ms_;
  std::unique_ptr<runtime> runtime_;
};

} // namespace bourse::app
