#include "bench/pictures.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include <fmt/format.h>

namespace bourse::bench {

namespace {

/// Colours that stay apart in grey and for the colour-blind (after Okabe and Ito).
const char* const palette[]
    = {"#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"};

std::string preamble(int height) {
  return fmt::format("set terminal svg size 900,{} dynamic enhanced font 'sans,13' "
                     "background '#ffffff'\n"
                     "set border 3 lc rgb '#888888'\nset tics nomirror textcolor rgb '#444444'\n"
                     "set grid lc rgb '#dddddd'\nset key outside top center horizontal\n",
                     height);
}

std::string picture(const std::string& script) {
  auto svg = run_gnuplot(script);
  return svg ? *svg : "<p>" + to_string(svg.error()) + "</p>";
}

/// A folder that is gone at the end of the scope.
class scratch_folder {
public:
  scratch_folder() {
    auto name = (std::filesystem::temp_directory_path() / "bourse-plot-XXXXXX").string();
    if (::mkdtemp(name.data()))
      path_ = name;
  }
  ~scratch_folder() {
    std::error_code ignored;
    if (!path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  const std::filesystem::path& path() const {
    return path_;
  }

private:
  std::filesystem::path path_;
};

} // namespace

expected<std::string> run_gnuplot(const std::string& script) {
  scratch_folder folder;
  if (folder.path().empty())
    return fail(errc::io_failed, "no temporary folder for the picture");
  auto output = folder.path() / "picture.svg";
  auto input = folder.path() / "script";
  std::ofstream(input) << "set output '" << output.string() << "'\n" << script;
  if (std::system(("gnuplot '" + input.string() + "' >/dev/null 2>&1").c_str()) != 0)
    return fail(errc::io_failed, "gnuplot is missing or refused; install gnuplot-nox for pictures");
  std::ifstream in(output);
  std::string svg{std::istreambuf_iterator<char>(in), {}};
  auto start = svg.find("<svg");
  if (start == std::string::npos)
    return fail(errc::io_failed, "gnuplot drew nothing");
  return svg.substr(start);
}

std::string draw_block_way(const run_report& r) {
  if (r.block_way.empty())
    return "<p>No block was traced.</p>";
  std::vector<std::string> phases;
  for (auto& m : r.block_way)
    if (std::find(phases.begin(), phases.end(), m.phase) == phases.end())
      phases.push_back(m.phase);
  auto script = preamble(140 + 60 * r.replicas);
  script += "set xlabel 'milliseconds after the primary proposed it'\nset ytics (";
  for (int i = 0; i < r.replicas; ++i)
    script += fmt::format("{}'replica {}' {}", i ? ", " : "", i, i);
  script += fmt::format(")\nset yrange [{}:-0.7]\n", r.replicas - 0.3);
  // From each mark to the next of the same replica: the bar has the colour of what it led to.
  std::vector<std::string> rows(phases.size());
  for (std::size_t i = 1; i < r.block_way.size(); ++i) {
    auto& from = r.block_way[i - 1];
    auto& to = r.block_way[i];
    if (from.replica != to.replica)
      continue;
    auto phase = static_cast<std::size_t>(std::find(phases.begin(), phases.end(), to.phase)
                                          - phases.begin());
    rows[phase] += fmt::format("{:.4f} {} {:.4f}\n", from.at_us / 1000, from.replica,
                               (to.at_us - from.at_us) / 1000);
  }
  std::string plots;
  for (std::size_t p = 0; p < phases.size(); ++p) {
    if (rows[p].empty())
      continue;
    script += fmt::format("$d{} << EOD\n{}EOD\n", p, rows[p]);
    plots += fmt::format("{}$d{} using 1:2:3:(0) with vectors nohead lw 16 lc rgb '{}' title '{}'",
                         plots.empty() ? "" : ", ", p, palette[p % std::size(palette)], phases[p]);
  }
  return picture(script + "plot " + plots + "\n");
}

std::string draw_finality(const run_report& r) {
  if (r.finality.total() == 0)
    return "<p>No order was timed.</p>";
  // A twelfth of an octave a bar: the histogram's own buckets are finer than the eye.
  auto script = preamble(360);
  std::string bars;
  std::string share;
  std::uint64_t seen = 0;
  double edge = 0.05;
  std::uint64_t in_bar = 0;
  auto close_bar = [&] {
    if (in_bar > 0)
      bars += fmt::format("{:.4f} {} {:.4f}\n", edge, in_bar, edge * 0.055);
    in_bar = 0;
  };
  for (auto& b : r.finality.buckets()) {
    while (b.upper_ms > edge * 1.06) {
      close_bar();
      edge *= 1.06;
    }
    in_bar += b.count;
    seen += b.count;
    share
        += fmt::format("{:.4f} {:.4f}\n", b.upper_ms,
                       100.0 * static_cast<double>(seen) / static_cast<double>(r.finality.total()));
  }
  close_bar();
  script += "set xlabel 'milliseconds to finality'\nset logscale x\nset ylabel 'orders'\n"
            "set y2label 'share, %'\nset y2tics\nset y2range [0:100]\nset style fill solid 0.7\n";
  script += "$bars << EOD\n" + bars + "EOD\n$share << EOD\n" + share + "EOD\n";
  return picture(script
                 + "plot $bars using 1:2:3 with boxes lc rgb '#56b4e9' title 'orders', "
                   "$share using 1:2 axes x1y2 with lines lw 2 lc rgb '#d55e00' title "
                   "'final by then'\n");
}

namespace {

/// Lines where a primary was killed and where it came back.
std::string failure_marks(const run_report& r) {
  std::string script;
  auto mark = [&](double at_s, const char* colour, const std::string& text, double height) {
    script += fmt::format("set arrow from {0:.2f}, graph 0 to {0:.2f}, graph 1 nohead lw 2 dt 2 lc "
                          "rgb '{1}' front\nset label \" {2}\" at {0:.2f}, graph {3:.2f} tc rgb "
                          "'{1}' front\n",
                          at_s, colour, text, height);
  };
  for (auto& f : r.failures) {
    mark(f.at_s, "#d55e00",
         fmt::format("primary {} killed: {:.0f} ms without answers", f.replica, f.stall_ms), 0.12);
    mark(f.back_at_s, "#009e73", fmt::format("{} started again", f.replica), 0.05);
  }
  return script;
}

} // namespace

std::string draw_throughput(const run_report& r) {
  if (r.samples.empty())
    return "<p>No samples.</p>";
  std::string rows;
  for (auto& s : r.samples)
    rows += fmt::format("{:.2f} {:.0f}\n", s.at_s, s.orders_per_second);
  return picture(preamble(320)
                 + "set xlabel 'seconds'\nset ylabel 'orders per second'\nset yrange [0:*]\n"
                 + failure_marks(r) + "$d << EOD\n" + rows
                 + "EOD\nplot $d with filledcurves y1=0 lc rgb '#cfe8f7' notitle, "
                   "$d with lines lw 2 lc rgb '#0072b2' title 'executed'\n");
}

std::string draw_depth(const run_report& r) {
  if (r.samples.empty())
    return "<p>No samples.</p>";
  std::string rows;
  for (auto& s : r.samples)
    rows += fmt::format("{:.2f} {} {}\n", s.at_s, s.bid_lots, -s.ask_lots);
  return picture(preamble(320)
                 + "set xlabel 'seconds'\nset ylabel 'lots: bids above, asks below'\n$d << EOD\n"
                 + rows
                 + "EOD\nplot $d using 1:2 with filledcurves y1=0 lc rgb '#009e73' title 'bids', "
                   "$d using 1:3 with filledcurves y1=0 lc rgb '#d55e00' title 'asks'\n");
}

} // namespace bourse::bench
