#define CAF_SUITE run_report
#include "tests/suite.hpp"

#include "bench/run_report.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

using namespace bourse::bench;

namespace {

run_report small_run() {
  run_report r;
  r.title = "a <small> run";
  r.replicas = 4;
  r.orders = 10;
  r.orders_per_second = 5;
  for (std::uint64_t us = 1000; us < 100'000; us += 1000)
    r.finality.add(us);
  for (std::uint16_t i = 0; i < 4; ++i)
    for (int p = 0; p < 3; ++p)
      r.block_way.push_back({i, std::string("phase ") + char('a' + p), 100.0 * p + i});
  r.samples = {{0.5, 4, 10, 20, 99, 101}, {1.0, 6, 12, 18, 99, 101}};
  r.cpu_us_per_order["ledger"] = 1.5;
  return r;
}

} // namespace

CAF_TEST(the JSON has every key that scripts read) {
  auto json = nlohmann::json::parse(to_json(small_run()));
  for (auto key : {"orders_per_second", "orders_per_signature", "finality_ms", "phase_ms",
                   "signatures_verified_per_second", "verify_limit_per_second", "syncs_per_second",
                   "bytes_sent_per_order", "rss_mb_max", "cpu_us_per_order", "filesystem"})
    CAF_CHECK(json.contains(key));
  CAF_CHECK_EQUAL(json["finality_ms"]["max"].get<double>(), 99.0);
}

CAF_TEST(signature checks stand beside their limit in one unit) {
  auto r = small_run();
  r.signatures_verified_per_second = 4000;
  r.verify_limit_per_second = 2500;
  CAF_CHECK(to_table(r).find("1000 by each replica; 2500 with nothing else to do")
            != std::string::npos);
  auto json = nlohmann::json::parse(to_json(r));
  CAF_CHECK_EQUAL(json["signatures_verified_per_second_each"].get<double>(), 1000.0);
}

CAF_TEST(a run on tmpfs says that it does not count) {
  auto r = small_run();
  r.counts = false;
  CAF_CHECK(to_table(r).find("DOES NOT COUNT") != std::string::npos);
}

CAF_TEST(the page is one file with escaped text and a picture or a reason for each) {
  auto file = std::filesystem::temp_directory_path() / "bourse-run-report-test.html";
  CAF_REQUIRE(write_page(small_run(), file));
  std::ifstream in(file);
  std::string page{std::istreambuf_iterator<char>(in), {}};
  CAF_CHECK(page.find("a &lt;small&gt; run") != std::string::npos);
  CAF_CHECK(page.find("src=") == std::string::npos);
  std::size_t pictures = 0;
  for (auto at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at + 1))
    ++pictures;
  CAF_CHECK(pictures == 4 || page.find("gnuplot") != std::string::npos);
  std::filesystem::remove(file);
}
