#include "simulation/crowd.hpp"

namespace bourse::simulation {

using part = bench::synthetic_market::part;

client_id client_named(const config::genesis& g, std::string_view name) {
  std::uint32_t i = 0;
  while (g.market.clients.at(i).name != name)
    ++i;
  return client_id{i};
}

account_id account_of(const config::genesis& g, client_id c, std::size_t n) {
  return g.market.clients[c.value()].accounts.at(n);
}

place limit_order(account_id account, side way, std::int64_t price, std::int64_t quantity,
                  std::uint64_t name, time_in_force tif) {
  place p;
  p.account = account;
  p.instrument = instrument_id{0};
  p.client_order = client_order_id{name};
  p.side = way;
  p.tif = tif;
  p.price = messages::price{price};
  p.quantity = messages::quantity{quantity};
  return p;
}

cancel cancel_of(const place& p) {
  return {p.account, p.instrument, p.client_order};
}

crowd::crowd(cluster& c, std::uint64_t seed)
    : cluster_(c), market_(c.genesis().market, seed), random_(seed) {
  for (auto p : {part::makers, part::takers, part::liquidators})
    clients_.emplace_back(c, market_.client_of(p));
}

void crowd::trade(std::size_t requests, std::size_t each, std::uint64_t ms) {
  for (std::size_t done = 0; done < requests; done += each)
    cluster_.universe().after(random_.below(ms * 1'000'000), [this, each] {
      auto who = random_.below(20);
      auto p = who < 10 ? part::makers : who < 19 ? part::takers : part::liquidators;
      auto stream = random_.below(market_.streams(p));
      clients_[static_cast<std::size_t>(p)].submit(market_.next(p, stream, each),
                                                   static_cast<std::uint8_t>(stream));
      ++submitted_;
    });
}

std::size_t crowd::unconfirmed() const {
  std::size_t n = 0;
  for (const auto& c : clients_)
    n += c.unconfirmed();
  return n;
}

std::vector<std::string> crowd::complaints() const {
  std::vector<std::string> all;
  for (const auto& c : clients_)
    all.insert(all.end(), c.complaints().begin(), c.complaints().end());
  return all;
}

bool all_confirmed(cluster& c, crowd& traders, std::size_t submissions, std::uint64_t ms) {
  return c.universe().run(
      ms, [&] { return traders.submitted() == submissions && traders.unconfirmed() == 0; });
}

} // namespace bourse::simulation
