#include "app/market_view.hpp"

#include "app/typed.hpp"

namespace bourse::app {

using namespace messages;

void add_view_options(CLI::App& verb, view_options& o, const std::string& limit_name,
                      const std::string& limits) {
  verb.add_option("INSTRUMENT", o.instrument, "Such as BTC-USD")->required();
  verb.add_option(limit_name, o.limit, limits)->capture_default_str()->check(from_one());
  verb.add_flag("--unproved", o.unproved,
                "Believe one replica, instead of f+1 that say the same of one block");
  add_trader_options(verb, o.trader);
}

expected<market_view> load_view(const view_options& o, query_kind kind) {
  auto identity = load_trader(o.trader);
  if (!identity)
    return tl::unexpected{identity.error()};
  auto where = config::find_instrument(identity->genesis.market, o.instrument);
  if (!where)
    return tl::unexpected{where.error()};
  auto who = trader::attach(std::move(*identity), o.trader);
  if (!who)
    return tl::unexpected{who.error()};
  actors::question q;
  q.kind = kind;
  q.subject = where->value();
  q.limit = o.limit;
  q.how = o.unproved ? actors::trust::one : actors::trust::quorum;
  auto answer = (*who)->ask(q);
  if (!answer)
    return tl::unexpected{answer.error()};
  return market_view{(*who)->rules().instruments[where->value()], (*answer)->at, (*answer)->body,
                     said_by((*who)->genesis(), o.unproved)};
}

} // namespace bourse::app
