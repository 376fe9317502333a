#include <algorithm>
#include <csignal>
#include <ostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <caf/all.hpp>
#include <pthread.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "actors/keeper.hpp"
#include "actors/system_config.hpp"
#include "actors/tcp_node.hpp"
#include "app/context.hpp"
#include "app/file_limit.hpp"
#include "app/verbs.hpp"
#include "config/load.hpp"

namespace bourse::app {

namespace {

/// Connections must not take the files that the database needs, so there may be no more of them
/// than the system allows.
messages::expected<void> limit_connections(config::loaded_node& node, spdlog::logger& log) {
  auto files = raise_file_limit();
  auto most = connections_within(files, node.genesis.size.n);
  if (most == 0)
    return messages::fail(messages::errc::io_failed,
                          fmt::format("the system allows {} open files, which is too few for a "
                                      "node: raise the hard limit (ulimit -Hn, LimitNOFILE)",
                                      files));
  auto& wanted = node.file.max_connections;
  if (most < wanted)
    log.warn("the system allows {} open files, so there will be {} connections of replicas and of "
             "clients at most, not {}",
             files, most, wanted);
  wanted = std::min(wanted, most);
  return {};
}

/// SIGINT and SIGTERM end the node in order; they are blocked in all threads that start later, and
/// waited for in one.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a failed write, like a full disk
  return signals;
}

/// Reads the files anew for each start.
messages::expected<actors::node_handles> spawn(caf::actor_system& system,
                                               const std::filesystem::path& file,
                                               const std::shared_ptr<spdlog::logger>& log) {
  auto config = config::load_node(file);
  if (!config)
    return tl::unexpected(config.error());
  if (auto ok = limit_connections(*config, *log); !ok)
    return tl::unexpected(ok.error());
  return actors::spawn_tcp_node(system, std::move(*config), log);
}

/// With what an operator can do about it.
messages::error advised(messages::error e) {
  if (e.code == messages::errc::corrupt)
    e.detail += "; delete nothing there: `bourse ledger verify` tells how much of it is good";
  else if (e.code == messages::errc::wrong_cluster)
    e.detail += "; `data` names the wrong folder, or `genesis` or `key` the wrong file";
  return e;
}

exit_code run_node(const std::filesystem::path& file, const output& out) {
  auto config = config::load_node(file);
  if (!config)
    return out.fail(config.error());
  auto log = spdlog::stderr_color_mt("bourse");
  log->set_level(spdlog::level::from_str(config->file.log_level));
  auto signals = block_signals();

  actors::system_config caf_config{config->file.threads};
  caf::actor_system system{caf_config};
  auto keeper = std::make_shared<actors::node_keeper>(
      system, [&] { return spawn(system, file, log); }, log);
  std::thread([signals, log, keeper] {
    int signal = 0;
    sigwait(&signals, &signal);
    log->info("signal {}: ending", signal);
    keeper->stop();
  }).detach(); // ends with the process
  auto ended = keeper->run([&out] {
    out.line(out.json ? R"({"ready":true})" : "ready");
    out.out().flush(); // whoever started the node waits for this
  });
  if (!ended) {
    log->critical("{}", messages::to_string(ended.error()));
    system.await_actors_before_shutdown(false);
    return out.fail(advised(ended.error()));
  }
  return exit_code::ok;
}

} // namespace

void add_node(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "node", "Run one replica until SIGTERM or SIGINT",
                        "bourse node --config net/node-0/node.toml");
  auto file = std::make_shared<std::filesystem::path>();
  verb->add_option("--config", *file, "The node's config file")->required();
  verb->callback([file, &context] {
    context.run = [file, &context] {
      return run_node(*file, context.out);
    };
  });
}

} // namespace bourse::app
