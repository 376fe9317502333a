#include <csignal>
#include <ostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <caf/all.hpp>
#include <pthread.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "actors/keeper.hpp"
#include "actors/system_config.hpp"
#include "actors/tcp_node.hpp"
#include "app/context.hpp"
#include "app/verbs.hpp"
#include "config/load.hpp"

namespace bourse::app {

namespace {

/// A database and a thousand connections need more files than the usual soft limit.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
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
  return signals;
}

/// Reads the files anew for each start.
messages::expected<actors::node_handles> spawn(caf::actor_system& system,
                                               const std::filesystem::path& file,
                                               const std::shared_ptr<spdlog::logger>& log) {
  auto config = config::load_node(file);
  if (!config)
    return tl::unexpected(config.error());
  return actors::spawn_tcp_node(system, std::move(*config), log);
}

exit_code run_node(const std::filesystem::path& file, const output& out) {
  auto config = config::load_node(file);
  if (!config)
    return out.fail(config.error());
  auto log = spdlog::stderr_color_mt("bourse");
  log->set_level(spdlog::level::from_str(config->file.log_level));
  raise_file_limit();
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
    return out.fail(ended.error());
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
