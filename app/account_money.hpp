// The verbs `bourse account deposit` and `bourse account withdraw`.
#pragma once

namespace CLI {
class App;
}

namespace bourse::app {

struct app_context;

void add_account_deposit(CLI::App& account, app_context& context);
void add_account_withdraw(CLI::App& account, app_context& context);

} // namespace bourse::app
