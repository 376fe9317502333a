// The verbs of `bourse`, one function and one file each. To add one: write app/NAME.cpp with
// add_NAME, declare it here, and call it in program.cpp.
#pragma once

namespace CLI {
class App;
}

namespace bourse::app {

struct app_context;

void add_account(CLI::App& app, app_context& context);
void add_book(CLI::App& app, app_context& context);
void add_bench(CLI::App& app, app_context& context);
void add_bench_failover(CLI::App& bench, app_context& context);
void add_conformance(CLI::App& app, app_context& context);
void add_config(CLI::App& app, app_context& context);
void add_demo(CLI::App& app, app_context& context);
void add_is_leader(CLI::App& app, app_context& context);
void add_keygen(CLI::App& app, app_context& context);
void add_ledger(CLI::App& app, app_context& context);
void add_order(CLI::App& app, app_context& context);
void add_receipt(CLI::App& app, app_context& context);
void add_replay(CLI::App& app, app_context& context);
void add_sim(CLI::App& app, app_context& context);
void add_status(CLI::App& app, app_context& context);
void add_node(CLI::App& app, app_context& context);
void add_testnet(CLI::App& app, app_context& context);
void add_trades(CLI::App& app, app_context& context);
void add_version(CLI::App& app, app_context& context);

} // namespace bourse::app
