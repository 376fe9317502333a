#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/receipt_file.hpp"
#include "app/receipt_get.hpp"
#include "app/report_text.hpp"
#include "app/trader.hpp"
#include "app/typed.hpp"
#include "config/receipts.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct get_options {
  trader_options trader;
  std::uint64_t number = 0;
  std::string file;
};

exit_code get_receipt(const get_options& o, const output& out) {
  auto who = trader::attach(o.trader);
  if (!who)
    return out.fail(who.error());
  actors::question q;
  q.kind = query_kind::receipt;
  q.report = report_number{o.number};
  auto answer = (*who)->ask(q);
  if (!answer)
    return out.fail(answer.error());
  auto receipt = decode_receipt((*answer)->body);
  if (!receipt)
    return out.fail(receipt.error());
  auto proved = config::verify_receipt(*receipt, (*who)->genesis());
  if (!proved)
    return out.fail(proved.error());
  auto file = o.file.empty() ? fmt::format("report-{}.receipt", o.number) : o.file;
  if (auto written = write_receipt(file, *receipt); !written)
    return out.fail(written.error());
  if (out.json) {
    out.print(nlohmann::json{{"file", file},
                             {"block", receipt->what.sequence.value()},
                             {"report", to_json(*proved, (*who)->rules())}});
    return exit_code::ok;
  }
  out.line(fmt::format("{} proves, to whoever has the genesis file, that in block {}", file,
                       receipt->what.sequence.value()));
  out.line("  " + to_text(*proved, (*who)->rules()));
  return exit_code::ok;
}

} // namespace

void add_receipt_get(CLI::App& group, app_context& context) {
  auto* verb = add_verb(group, context, "get", "Get the proof of one of the client's reports",
                        "bourse receipt get 17 --net net --output trade.receipt");
  auto o = std::make_shared<get_options>();
  verb->add_option("REPORT", o->number, "Its number, as `order place` prints it")
      ->required()
      ->check(from_one());
  verb->add_option("--output", o->file, "The file to write (report-N.receipt)");
  add_trader_options(*verb, o->trader);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return get_receipt(*o, context.out);
    };
  });
}

} // namespace bourse::app
