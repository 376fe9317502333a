// The verb `receipt get`, for the group that app/receipt.cpp makes.
#pragma once

namespace CLI {
class App;
}

namespace bourse::app {

struct app_context;

void add_receipt_get(CLI::App& group, app_context& context);

} // namespace bourse::app
