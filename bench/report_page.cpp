#include <fstream>

#include <fmt/format.h>

#include "bench/pictures.hpp"
#include "bench/run_report.hpp"

namespace bourse::bench {

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

const char* const style = R"(<style>
body { font: 16px/1.5 sans-serif; color: #222; max-width: 960px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
pre { background: #f6f6f6; padding: 1em; overflow-x: auto; line-height: 1.4 }
p.note { color: #666 } svg { width: 100%; height: auto }
</style>)";

std::string section(const std::string& title, const std::string& note, const std::string& body) {
  return "<h2>" + escaped(title) + "</h2>\n<p class=\"note\">" + escaped(note) + "</p>\n" + body
         + "\n";
}

} // namespace

expected<void> write_page(const run_report& r, const std::filesystem::path& file) {
  std::string page = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>"
                     + escaped(r.title) + "</title>" + style + "</head><body>\n<h1>"
                     + escaped(r.title) + "</h1>\n<p><code>" + escaped(r.command) + "</code></p>\n";
  page += section("Measurements", "As the run printed them.",
                  "<pre>" + escaped(to_table(r)) + "</pre>");
  page += section(fmt::format("The way of block {}", r.block_way_sequence),
                  "One real block of this run through pre-prepare, prepare, commit and execution, "
                  "as each replica saw it. A bar ends where its phase was reached.",
                  draw_block_way(r));
  page += section("Finality", "From the send of an order until f+1 replicas gave the same result.",
                  draw_finality(r));
  page += section("Throughput",
                  "Orders executed per second over the run."
                      + std::string(r.failures.empty() ? ""
                                                       : " The lines are the moments at which the "
                                                         "primary was killed and started again."),
                  draw_throughput(r));
  page += section("Depth of the book", "Open lots of the first instrument, best levels.",
                  draw_depth(r));
  page += "</body></html>\n";
  std::ofstream out(file, std::ios::binary);
  out << page;
  out.close();
  if (!out)
    return fail(errc::io_failed, file.string() + ": can't write the report page");
  return {};
}

} // namespace bourse::bench
