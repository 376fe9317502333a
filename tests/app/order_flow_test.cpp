#define CAF_SUITE order_flow
#include "tests/suite.hpp"

#include "app/order_flow.hpp"
#include "config/sample_market.hpp"
#include "tests/config/files.hpp"

#include <lzma.h>

using namespace bourse::app;
using namespace bourse::messages;
using namespace bourse::tests;

namespace {

const std::string head = "id,timestamp,exchange.timestamp,price,volume,action,direction\n";

std::string compressed(const std::string& text) {
  std::string out(text.size() + 4096, '\0');
  std::size_t size = 0;
  auto result = lzma_easy_buffer_encode(
      6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
      reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
  CAF_REQUIRE_EQUAL(result, LZMA_OK);
  out.resize(size);
  return out;
}

struct fixture {
  temporary_folder folder;
  std::filesystem::path file = folder.path() / "flow.csv";
  bourse::market::instrument btc_usd = bourse::config::sample_market().instruments[0];

  order_flow open(const std::string& content) {
    write(file, content);
    auto flow = order_flow::open(file, btc_usd);
    if (!flow)
      CAF_FAIL(flow.error().detail);
    return std::move(*flow);
  }

  /// Every instruction of the file, and then its reader.
  std::pair<std::vector<flow_event>, order_flow> read_all(const std::string& content) {
    auto flow = open(content);
    std::vector<flow_event> events;
    for (;;) {
      auto event = flow.next();
      if (!event)
        CAF_FAIL(event.error().detail);
      if (!*event)
        return {std::move(events), std::move(flow)};
      events.push_back(**event);
    }
  }

  /// What the file is refused for, less the folder's name.
  std::string problem(const std::string& content) {
    write(file, content);
    auto flow = order_flow::open(file, btc_usd);
    if (!flow)
      return flow.error().detail.substr(folder.path().string().size() + 1);
    for (;;) {
      auto event = flow->next();
      if (!event)
        return event.error().detail.substr(folder.path().string().size() + 1);
      if (!*event)
        return "none";
    }
  }

  std::string problem_of_row(const std::string& row) {
    auto text = problem(head + "1,100,90,236.47,5,created,bid\n" + row + "\n");
    if (text.starts_with("flow.csv:3: "))
      return text.substr(12);
    return text;
  }
};

const std::string small = head
                          + "7,1000,900,236.47,200000000,created,bid\n"
                            "8,1000,900,236.5,300000000,created,ask\n"
                            "9,1001,900,236.47,50000000,created,ask\n"
                            "7,1001,900,236.47,150000000,changed,bid\n"
                            "9,1001,900,236.47,0,deleted,ask\n"
                            "6,1002,900,230.00,70,deleted,bid\n"
                            "7,1003,900,236.47,150000000,deleted,bid\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(order_flow_tests, fixture)

CAF_TEST(instructions are told from outcomes) {
  auto [events, flow] = read_all(small);
  CAF_REQUIRE_EQUAL(events.size(), 5u);
  CAF_CHECK(events[0].what == flow_event::kind::create);
  CAF_CHECK(events[0].order == client_order_id{7});
  CAF_CHECK(events[0].side == side::buy);
  CAF_CHECK(events[0].price == price{23647});
  CAF_CHECK(events[0].quantity == quantity{200000000});
  CAF_CHECK_EQUAL(events[0].time_ms, 1000u);
  CAF_CHECK_EQUAL(events[0].line, 2u);
  CAF_CHECK(events[1].side == side::sell);
  CAF_CHECK(events[1].price == price{23650});
  CAF_CHECK(events[3].what == flow_event::kind::cancel);
  CAF_CHECK(events[3].order == client_order_id{6});
  CAF_CHECK(events[4].order == client_order_id{7});
  CAF_CHECK_EQUAL(events[4].line, 8u);
  CAF_CHECK_EQUAL(flow.counters().rows, 7u);
  CAF_CHECK_EQUAL(flow.counters().creates, 3u);
  CAF_CHECK_EQUAL(flow.counters().cancels, 2u);
  CAF_CHECK_EQUAL(flow.counters().outcomes, 2u);
}

CAF_TEST(the fills that the feed tells of are kept) {
  auto [events, flow] = read_all(small);
  const auto& feed = flow.feed();
  CAF_CHECK(feed.at(client_order_id{7}).filled() == quantity{50000000});
  CAF_CHECK(feed.at(client_order_id{7}).ended);
  CAF_CHECK(feed.at(client_order_id{8}).filled() == quantity{0});
  CAF_CHECK(!feed.at(client_order_id{8}).ended);
  CAF_CHECK(feed.at(client_order_id{9}).filled() == quantity{50000000});
  CAF_CHECK(!feed.at(client_order_id{6}).created);
}

CAF_TEST(an end told of before the beginning counts) {
  auto [events, flow] = read_all(head
                                 + "7,1000,900,236.47,20,deleted,bid\n"
                                   "7,1000,900,236.47,50,created,bid\n");
  CAF_CHECK_EQUAL(events.size(), 2u);
  CAF_CHECK(flow.feed().at(client_order_id{7}).filled() == quantity{30});
}

CAF_TEST(compressed files give the same) {
  // Enough rows that neither input nor output is one piece, in two streams one behind the other.
  std::string text;
  for (int i = 1; i <= 20000; ++i)
    text += std::to_string(i) + "," + std::to_string(i) + ",1," + std::to_string(100 + i % 977)
            + "." + std::to_string(10 + i % 90) + "," + std::to_string(i * 7919 % 1000003 + 1)
            + ",created,bid\n";
  auto plain = read_all(head + text).first;
  auto packed = read_all(compressed(head) + compressed(text)).first;
  CAF_CHECK_EQUAL(plain.size(), 20000u);
  CAF_REQUIRE_EQUAL(packed.size(), plain.size());
  auto same = std::equal(plain.begin(), plain.end(), packed.begin(), [](auto& a, auto& b) {
    return a.order == b.order && a.price == b.price && a.quantity == b.quantity && a.line == b.line;
  });
  CAF_CHECK(same);
}

CAF_TEST(a last line without its end counts and so do Windows lines) {
  auto row = std::string{"7,1000,900,236.47,50,created,bid"};
  CAF_CHECK_EQUAL(read_all(head + row).first.size(), 1u);
  auto windows = head.substr(0, head.size() - 1) + "\r\n" + row + "\r\n";
  CAF_CHECK_EQUAL(read_all(windows).first.size(), 1u);
  CAF_CHECK_EQUAL(read_all(head).first.size(), 0u);
}

CAF_TEST(damaged compressed files are refused) {
  auto good = compressed(small);
  CAF_CHECK(
      problem(good.substr(0, good.size() / 2)).ends_with(": the compressed file is cut short"));
  auto bad = good;
  bad[good.size() / 2] ^= 1;
  CAF_CHECK(problem(bad).ends_with(": the compressed file is damaged"));
  CAF_CHECK(
      problem(good + "something else behind it").ends_with(": the compressed file is damaged"));
}

CAF_TEST(other columns are refused) {
  auto wanted = "flow.csv:1: the columns must be "
                "id,timestamp,exchange.timestamp,price,volume,action,direction";
  CAF_CHECK_EQUAL(problem(""), wanted);
  CAF_CHECK_EQUAL(problem("id,price\n"), wanted);
  CAF_CHECK_EQUAL(problem("\n" + small), wanted);
}

CAF_TEST(bad rows are refused with file and line) {
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,5,created,bid"), "none");
  CAF_CHECK_EQUAL(problem_of_row(""), "has not 7 columns");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,5,created"), "has not 7 columns");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,5,created,bid,"), "has not 7 columns");
  for (auto id : {"", "0", "-2", "x", "2.0", "99999999999999999999"})
    CAF_CHECK_EQUAL(problem_of_row(std::string{id} + ",100,90,236.47,5,created,bid"),
                    "id must be a whole number above 0");
  CAF_CHECK_EQUAL(problem_of_row("2,x,90,236.47,5,created,bid"),
                  "timestamps must be whole numbers of ms");
  CAF_CHECK_EQUAL(problem_of_row("2,100,,236.47,5,created,bid"),
                  "timestamps must be whole numbers of ms");
  CAF_CHECK_EQUAL(problem_of_row("2,99,90,236.47,5,created,bid"),
                  "is older than the row before it");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.475,5,created,bid"),
                  "price 236.475 is not on the tick 0.01 of BTC-USD");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,0,5,created,bid"), "price must be more than 0");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,0,created,bid"), "a new order needs a volume");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,-5,created,bid"),
                  "volume must be a whole number of 1e-8 of the base asset");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,9223372036854775807,created,bid"),
                  "quantity 92233720368.54775807 is more than the largest of BTC-USD, "
                  "720575940.37927936");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,5,made,bid"),
                  "action must be created, changed or deleted");
  CAF_CHECK_EQUAL(problem_of_row("2,100,90,236.47,5,created,buy"), "direction must be bid or ask");
  CAF_CHECK_EQUAL(problem_of_row("1,100,90,236.47,5,created,bid"), "order 1 was created before");
  CAF_CHECK_EQUAL(problem_of_row("1,100,90,236.47,6,changed,bid"),
                  "more is left of order 1 than it was created with");
}

CAF_TEST(a line without end is not read into memory) {
  CAF_CHECK_EQUAL(problem(head + std::string(1'000'000, '1')),
                  "flow.csv:2: is longer than 4096 bytes");
  CAF_CHECK_EQUAL(problem(compressed(head + std::string(1'000'000, '1'))),
                  "flow.csv:2: is longer than 4096 bytes");
}

CAF_TEST(a missing file or a folder is refused) {
  auto flow = order_flow::open(folder.path() / "none", btc_usd);
  CAF_REQUIRE(!flow.has_value());
  CAF_CHECK(flow.error().code == errc::not_found);
  CAF_CHECK(!order_flow::open(folder.path(), btc_usd).has_value());
}

CAF_TEST_FIXTURE_SCOPE_END()
