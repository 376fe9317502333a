#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/context.hpp"
#include "app/receipt_file.hpp"
#include "app/receipt_get.hpp"
#include "app/report_text.hpp"
#include "app/verbs.hpp"
#include "config/receipts.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct verify_options {
  std::string file;
  std::string genesis;
};

exit_code verify_receipt(const verify_options& o, const output& out) {
  auto g = config::load_genesis(o.genesis);
  if (!g)
    return out.fail(g.error());
  auto r = read_receipt(o.file);
  if (!r)
    return out.fail(r.error());
  auto proved = config::verify_receipt(*r, *g);
  if (!proved)
    return out.fail({proved.error().code,
                     fmt::format("{}: proves nothing: {}", o.file, proved.error().detail)});
  std::vector<int> signers;
  for (const auto& s : r->signatures)
    signers.push_back(s.replica.value());
  if (out.json) {
    out.print(nlohmann::json{{"genuine", true},
                             {"block", r->what.sequence.value()},
                             {"signers", signers},
                             {"report", to_json(*proved, g->market)}});
    return exit_code::ok;
  }
  out.line(fmt::format("{} {} is genuine: signed by replicas {} of {}, where {} are enough",
                       out.paint(colour::green, "ok"), o.file, fmt::join(signers, ", "), g->size.n,
                       g->size.weak_quorum()));
  out.line(fmt::format("In block {}, report {} of client {}:", r->what.sequence.value(),
                       proved->number.value(), market_text{g->market}.client(proved->client)));
  out.line("  " + to_text(*proved, g->market));
  return exit_code::ok;
}

} // namespace

void add_receipt(CLI::App& app, app_context& context) {
  auto* group = add_group(app, "receipt", "Get and check proofs of what was executed",
                          "bourse receipt get 2 --net net --client taker");
  add_receipt_get(*group, context);
  auto* verb
      = add_verb(*group, context, "verify", "Check a receipt with nothing but the genesis file",
                 "bourse receipt verify trade.receipt --genesis net/genesis.toml");
  auto o = std::make_shared<verify_options>();
  verb->add_option("FILE", o->file, "The receipt")->required();
  verb->add_option("--genesis", o->genesis, "The genesis file of the cluster that gave it")
      ->required();
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return verify_receipt(*o, context.out);
    };
  });
}

} // namespace bourse::app
