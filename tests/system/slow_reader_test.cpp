// A client that is who it says it is, asks for all it may, and never reads an answer.
#define CAF_SUITE slow_reader
#include "tests/suite.hpp"

#include <algorithm>

#include "tests/system/program_run.hpp"
#include "tests/system/raw_client.hpp"
#include "tests/system/trading.hpp"

using namespace bourse;
using namespace bourse::messages;
using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

constexpr std::uint8_t own_stream = 15;
constexpr std::size_t orders_each = 32;
constexpr std::uint32_t client_queue_mb = 8; // the least

signed_submission submission_of(const config::genesis& g, const key_pair& key, client_id client,
                                std::uint64_t number) {
  place p;
  p.account = g.market.clients[client.value()].accounts[2];
  p.price = price{100}; // stays open
  p.quantity = quantity{1};
  std::vector<request> all;
  for (std::size_t i = 0; i < orders_each; ++i) {
    p.client_order = client_order_id{1'000'000'000 + number * orders_each + i};
    all.emplace_back(p);
  }
  signed_submission s;
  s.body = encode(submission{client, stream_id{own_stream}, submission_number{number}, all});
  s.signature = key.sign(purpose::submission, g.cluster(), s.body);
  return s;
}

client_message ask_trades(std::uint64_t id) {
  query q;
  q.id = id;
  q.kind = query_kind::trades;
  q.limit = 10'000;
  return q;
}

} // namespace

CAF_TEST(a client that never reads costs its queue and no more) {
  app::network_options o;
  o.net.node.client_queue_mb = client_queue_mb;
  o.net.node.write_buffer_mb = 4;
  auto network = start_network(std::move(o));
  const auto& g = network->genesis();
  auto key = client_key(*network, "maker"); // who trades all the time: there is much to tell it
  trading busy{*network, 64};
  CAF_REQUIRE(busy.goes_on(400)); // 12,800 trades; what a node takes to work, it has taken
  auto before = network->usage();

  std::vector<mute_client> mute;
  for (std::size_t i = 0; i < network->size(); ++i)
    mute.emplace_back(g, key, i);
  // A replica admits four credits of a stream; the rest must be refused.
  submit everything;
  for (std::uint64_t n = 1; n <= 6 * g.market.stream_window; ++n)
    everything.submissions.push_back(submission_of(g, key, client_id{0}, n));
  for (auto& m : mute)
    CAF_CHECK(m.send({everything}));
  std::uint64_t asked = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<client_message> all{resume{report_number{1}}}; // all that it was ever told, again
    for (int i = 0; i < 10; ++i)
      all.push_back(ask_trades(++asked));
    for (auto& m : mute)
      CAF_CHECK(m.send(all));
    CAF_CHECK(busy.goes_on(20));
  }
  auto after = network->usage();
  auto status = status_of(*network);
  for (std::size_t i = 0; i < after.size(); ++i) {
    auto grown = after[i].peak_rss_mb - before[i].peak_rss_mb;
    auto dropped = status[i]["traffic"]["clients"]["dropped"].get<std::uint64_t>();
    CAF_MESSAGE("replica " << i << ": " << before[i].rss_mb << " MB, then " << after[i].rss_mb
                           << " MB, at most " << after[i].peak_rss_mb << " MB; dropped "
                           << dropped);
    CAF_CHECK(dropped > 0);
    CAF_CHECK(grown < 5 * client_queue_mb); // the trades that it asked for are some 60 MB
    CAF_CHECK_EQUAL(status[i]["parts"]["gateway"]["sessions"],
                    3); // it, and those of trading and status
    CAF_CHECK(!status[i]["parts"]["mempool"]["refused"].empty());
  }
  busy.stop();
  auto account = run({"account", "maker-2", "--net", network->folder().string(), "--json"}).json();
  CAF_CHECK(account["orders"].size() >= g.market.stream_window * orders_each);
  mute.clear();
  CAF_CHECK(all_agree(*network));
}
