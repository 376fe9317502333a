#include "tests/scenario/runner/scenario.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "tests/scenario/runner/facts.hpp"
#include "tests/scenario/runner/liars.hpp"
#include "tests/scenario/runner/words.hpp"
#include "tests/scenario/runner/world.hpp"

namespace bourse::test {

using namespace bourse::consensus;

namespace {

constexpr std::uint64_t await_ms = 10'000;

using act = std::function<problem(world&)>;

/// For steps that cannot fail.
template <class F>
act always(F what) {
  return [what = std::move(what)](world& w) {
    what(w);
    return problem{};
  };
}

std::string place(const std::string& file, std::size_t line) {
  return file + ":" + std::to_string(line) + ": ";
}

} // namespace

/// Reads one script, line by line.
class script_reader {
public:
  explicit script_reader(const std::string& file) {
    out_.file_ = file;
  }

  tl::expected<scenario, problem> read(std::string_view text) {
    std::size_t number = 0;
    while (!text.empty()) {
      ++number;
      auto end = text.find('\n');
      words line{text.substr(0, end)};
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
      if (line.empty())
        continue;
      auto what = command(line);
      line.end();
      if (!line.problem().empty())
        return tl::unexpected(place(out_.file_, number) + line.problem());
      out_.steps_.push_back({number, std::move(what)});
    }
    if (!expects_)
      return tl::unexpected(place(out_.file_, number) + "nothing is expected in this script");
    return std::move(out_);
  }

private:
  using reader = act (script_reader::*)(words&);

  act command(words& line) {
    static const std::map<std::string, reader> readers{
        {"replicas", &script_reader::replicas},
        {"seed", &script_reader::seed},
        {"patience", &script_reader::patience},
        {"network", &script_reader::network},
        {"execution", &script_reader::execution},
        {"load", &script_reader::load},
        {"run", &script_reader::run},
        {"lose", &script_reader::lose},
        {"hold", &script_reader::hold},
        {"pass", &script_reader::pass},
        {"cut", &script_reader::cut},
        {"isolate", &script_reader::isolate},
        {"reconnect", &script_reader::reconnect},
        {"crash", &script_reader::crash},
        {"restart", &script_reader::restart},
        {"suspect", &script_reader::suspect},
        {"byzantine", &script_reader::byzantine},
        {"remember", &script_reader::remember},
        {"await", &script_reader::await},
        {"expect", &script_reader::expect},
    };
    auto word = line.name("a command");
    auto known = readers.find(word);
    if (known == readers.end()) {
      line.wrong("\"" + word + "\" is no command");
      return {};
    }
    bool sets_up = word == "replicas" || word == "seed" || word == "patience";
    if (sets_up && started_)
      line.wrong("\"" + word + "\" must stand before the first event");
    started_ = started_ || !sets_up;
    return (this->*known->second)(line);
  }

  // -- before the first event ---------------------------------------------------------------------

  act replicas(words& line) {
    auto n = line.number("how many replicas");
    if (n < 4 || n > 31 || n % 3 != 1)
      line.wrong("a cluster has 4, 7, 10, ... replicas");
    n_ = static_cast<std::uint16_t>(n);
    return always([n = n_](world& w) { w.options.n = n; });
  }

  act seed(words& line) {
    return always([s = line.number("a seed")](world& w) { w.options.seed = s; });
  }

  act patience(words& line) {
    auto ms = static_cast<std::uint32_t>(line.milliseconds());
    return always([ms](world& w) {
      w.options.stall_ms = ms;
      w.options.new_view_ms = ms + ms / 2;
    });
  }

  // -- events -------------------------------------------------------------------------------------

  act network(words& line) {
    if (!line.take("takes"))
      line.wrong("\"takes\" is missing");
    auto us = static_cast<std::uint32_t>(line.milliseconds() * 1000);
    return always([us](world& w) {
      auto& o = w.get().change_options();
      o.delay_us_min = us;
      o.delay_us_max = us + 400;
    });
  }

  act execution(words& line) {
    if (!line.take("takes"))
      line.wrong("\"takes\" is missing");
    auto us = static_cast<std::uint32_t>(line.milliseconds() * 1000);
    return always([us](world& w) {
      auto& o = w.get().change_options();
      o.execute_us_min = o.execute_us_max = us;
    });
  }

  act load(words& line) {
    return always([n = line.number("a block")](world& w) { w.get().load(n); });
  }

  act run(words& line) {
    return always([ms = line.milliseconds()](world& w) { w.get().run_for(ms); });
  }

  act lose(words& line) {
    return add_rule(line, false);
  }

  act hold(words& line) {
    return add_rule(line, true);
  }

  act add_rule(words& line, bool hold) {
    rule r;
    r.hold = hold;
    while (!line.empty()) {
      if (line.take("from")) {
        r.from = set_of(line.replicas(n_));
      } else if (line.take("to")) {
        r.to = set_of(line.replicas(n_));
      } else {
        r.kinds.insert(kind(line));
      }
    }
    if (r.kinds.empty())
      line.wrong("a kind of message is missing");
    return always([r](world& w) {
      w.get();
      w.rules.push_back(r);
    });
  }

  act pass(words& line) {
    if (!line.take("on"))
      line.wrong("\"on\" is missing");
    std::set<std::string> kinds;
    if (line.empty())
      kinds = {message_kinds().begin(), message_kinds().end()};
    while (!line.empty())
      kinds.insert(kind(line));
    return always([kinds](world& w) {
      w.get();
      w.pass_on(kinds);
    });
  }

  act cut(words& line) {
    auto a = line.replica(n_);
    auto b = line.replica(n_);
    return always([a, b](world& w) {
      w.get().cut(a, b);
      w.get().cut(b, a);
    });
  }

  act isolate(words& line) {
    return each(line, [](cluster& c, std::uint16_t i) { c.isolate(i); });
  }

  act reconnect(words& line) {
    return each(line, [](cluster& c, std::uint16_t i) { c.reconnect(i); });
  }

  act crash(words& line) {
    auto who = all_or_some(line);
    bool losing = line.take("losing unsynced");
    return always([who, losing](world& w) {
      for (auto i : who)
        losing ? w.get().crash_losing_unsynced(i) : w.get().crash(i);
    });
  }

  act restart(words& line) {
    return each(line, [](cluster& c, std::uint16_t i) { c.restart(i); });
  }

  act suspect(words& line) {
    auto where = line.where(n_);
    return [where](world& w) -> problem {
      w.get();
      for (auto i : where.empty() ? w.honest() : where) {
        if (!w.get().up(i))
          return "replica " + std::to_string(i) + " is down";
        w.get().suspect(i, suspicion::link_lost);
      }
      return {};
    };
  }

  act byzantine(words& line) {
    auto who = line.replica(n_);
    auto name = line.name("what it does");
    auto known = lies().find(name);
    if (known == lies().end()) {
      line.wrong("\"" + name + "\" is nothing that a Byzantine replica does here");
      return {};
    }
    return always([who, does = known->second](world& w) {
      w.get().make_byzantine(who);
      w.liars[who] = does;
    });
  }

  act remember(words& line) {
    if (!line.take("block"))
      line.wrong("\"block\" is missing");
    auto n = line.number("a block");
    if (!line.take("at"))
      line.wrong("\"at\" is missing");
    auto who = line.replica(n_);
    if (!line.take("as"))
      line.wrong("\"as\" is missing");
    auto name = line.name("a name for it");
    names_.insert(name);
    return [n, who, name](world& w) -> problem {
      const auto& disk = w.get().disk(who);
      auto at = disk.proposals.find({n, disk.view.value()});
      if (at == disk.proposals.end())
        return "replica " + std::to_string(who) + " holds no proposal for " + std::to_string(n)
               + " of its view";
      w.remembered[name] = at->second.what.digest;
      return {};
    };
  }

  // -- expectations -------------------------------------------------------------------------------

  act await(words& line) {
    auto is = expectation(line);
    auto within = line.take("within") ? line.milliseconds() : await_ms;
    return [is, within](world& w) -> problem {
      w.get().run_until([&] { return is(w).empty(); }, within);
      auto otherwise = is(w);
      if (otherwise.empty())
        return "";
      return "after " + std::to_string(within) + " ms " + otherwise;
    };
  }

  act expect(words& line) {
    return expectation(line);
  }

  fact expectation(words& line) {
    expects_ = true;
    return read_fact(line, n_, names_);
  }

  // -- parts --------------------------------------------------------------------------------------

  static std::string kind(words& line) {
    auto kind = line.name("a kind of message");
    if (std::ranges::find(message_kinds(), kind) == message_kinds().end())
      line.wrong("\"" + kind + "\" is no kind of message");
    return kind;
  }

  static std::set<std::uint16_t> set_of(const std::vector<std::uint16_t>& v) {
    return {v.begin(), v.end()};
  }

  std::vector<std::uint16_t> all_or_some(words& line) {
    if (!line.take("all"))
      return line.replicas(n_);
    std::vector<std::uint16_t> all;
    for (std::uint16_t i = 0; i < n_; ++i)
      all.push_back(i);
    return all;
  }

  template <class F>
  act each(words& line, F what) {
    return always([who = all_or_some(line), what](world& w) {
      for (auto i : who)
        what(w.get(), i);
    });
  }

  scenario out_;
  std::uint16_t n_ = 4;
  bool started_ = false;
  bool expects_ = false;
  std::set<std::string> names_{"null"};
};

tl::expected<scenario, problem> scenario::read(const std::string& file, std::string_view text) {
  return script_reader{file}.read(text);
}

problem scenario::run() const {
  world w;
  for (const auto& s : steps_) {
    auto wrong = s.act(w);
    if (wrong.empty() && w.nodes && !w.nodes->violations().empty())
      wrong = "a promise is broken";
    if (!wrong.empty())
      return place(file_, s.line) + wrong + (w.nodes ? "\n  " + w.nodes->describe() : "");
  }
  return {};
}

} // namespace bourse::test
