#define CAF_SUITE crowd
#include "tests/suite.hpp"

#include "tests/actors/crowd.hpp"

#include "market/exchange.hpp"
#include "messages/assert.hpp"
#include "storage/records.hpp"

namespace bourse::actors::sim {

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

void check_no_complaints(const crowd& traders) {
  for (const auto& complaint : traders.complaints())
    CAF_ERROR(complaint);
  CAF_CHECK(traders.complaints().empty());
}

replayed replay(cluster& c, std::size_t i) {
  const auto& genesis = c.genesis();
  auto store = storage::open_memory_store(c.disk(i));
  market::exchange exchange{genesis.market};
  auto chain = genesis.cluster();
  sequence_number n;
  for (;;) {
    auto found = storage::load_block(*store, n.next());
    BOURSE_ASSERT(found.has_value());
    if (!*found)
      break;
    n = n.next();
    auto content = decode_block(*(*found)->block, genesis.market.blocks);
    auto digest = hash(*(*found)->block);
    auto bodies = storage::load_bodies(*store, n, digest);
    BOURSE_ASSERT(content.has_value() && bodies.has_value());
    market::block_input input{n, digest, content->time, {}};
    for (auto& body : *bodies) {
      auto s = decode_submission(body.body, genesis.market.submissions);
      auto name = hash(body.body);
      auto lane = market::lane_of(*s, genesis.market);
      input.submissions.push_back(std::make_shared<const verified_submission>(
          verified_submission{std::move(body), name, std::move(*s), lane}));
    }
    exchange.execute(input);
    chain = chain_next(chain, digest);
  }
  return {n.value(), to_hex(chain.view()),
          to_hex(market::state_digest(n, chain, exchange.page_root()).view())};
}

} // namespace bourse::actors::sim
