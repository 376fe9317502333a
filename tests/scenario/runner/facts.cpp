#include "tests/scenario/runner/facts.hpp"

#include <algorithm>
#include <utility>

namespace bourse::test {

using namespace bourse::consensus;

namespace {

/// Of one replica, which is up: what is otherwise.
using local_fact = std::function<std::string(world&, std::uint16_t)>;

const std::map<std::string, suspicion>& reasons() {
  static const std::map<std::string, suspicion> all{
      {"stalled", suspicion::stalled},
      {"order_overdue", suspicion::order_overdue},
      {"slow", suspicion::slow},
      {"link_lost", suspicion::link_lost},
      {"resigned", suspicion::resigned},
      {"equivocation", suspicion::equivocation},
      {"no_new_view", suspicion::no_new_view},
      {"bad_new_view", suspicion::bad_new_view},
  };
  return all;
}

fact at(std::vector<std::uint16_t> where, local_fact is) {
  return [where = std::move(where), is = std::move(is)](world& w) -> std::string {
    w.get();
    for (auto i : where.empty() ? w.honest() : where) {
      auto name = "replica " + std::to_string(i);
      if (!w.get().up(i))
        return name + " is down";
      if (auto otherwise = is(w, i); !otherwise.empty())
        return name + otherwise;
    }
    return "";
  };
}

std::string has(const std::string& what, std::uint64_t value) {
  return " " + what + " " + std::to_string(value);
}

local_fact in_view(std::uint64_t v) {
  return [v](world& w, std::uint16_t i) -> std::string {
    const auto& core = w.get().core(i);
    if (core.view().value() != v)
      return has("is in view", core.view().value());
    return core.in_view() && w.get().views(i).in_view() ? "" : " waits for the NEW-VIEW";
  };
}

local_fact in_view_at_most(std::uint64_t v) {
  return [v](world& w, std::uint16_t i) -> std::string {
    auto now = w.get().core(i).view().value();
    return now <= v ? "" : has("is in view", now);
  };
}

local_fact in_view_at_least(std::uint64_t v) {
  return [v](world& w, std::uint16_t i) -> std::string {
    auto now = w.get().core(i).view().value();
    return now >= v && w.get().core(i).in_view() ? "" : has("is in view", now);
  };
}

local_fact waiting() {
  return [](world& w, std::uint16_t i) -> std::string {
    return w.get().views(i).in_view() ? " is in a view" : "";
  };
}

local_fact executed(std::uint64_t n) {
  return [n](world& w, std::uint16_t i) -> std::string {
    auto now = w.get().executed(i);
    return now >= n ? "" : has("has executed", now);
  };
}

local_fact executed_at_most(std::uint64_t n) {
  return [n](world& w, std::uint16_t i) -> std::string {
    auto now = w.get().executed(i);
    return now <= n ? "" : has("has executed", now);
  };
}

local_fact committed(std::uint64_t n) {
  return [n](world& w, std::uint16_t i) -> std::string {
    auto now = w.get().core(i).committed().value();
    return now >= n ? "" : has("has committed", now);
  };
}

local_fact stable(std::uint64_t n) {
  return [n](world& w, std::uint16_t i) -> std::string {
    auto now = w.get().core(i).stable().what.sequence.value();
    return now == n ? "" : has("has the stable checkpoint", now);
  };
}

local_fact prepared(std::uint64_t n) {
  return [n](world& w, std::uint16_t i) -> std::string {
    return w.get().disk(i).prepared.contains(n) ? "" : has("has no certificate for", n);
  };
}

local_fact voted(std::uint64_t n) {
  return [n](world& w, std::uint16_t i) -> std::string {
    const auto& disk = w.get().disk(i);
    return disk.votes.contains({disk.view.value(), n, vote_kind::prepare})
               ? ""
               : has("has in this view no prepare for", n);
  };
}

local_fact suspected(suspicion why) {
  return [why](world& w, std::uint16_t i) -> std::string {
    return w.get().views(i).counters().suspected[static_cast<std::size_t>(why)] > 0
               ? ""
               : " has not suspected so";
  };
}

local_fact refused(const std::string& kind) {
  return [kind](world& w, std::uint16_t i) -> std::string {
    const auto& c = w.get().views(i).counters();
    return (kind == "new_view" ? c.bad_new_views : c.bad_view_changes) > 0
               ? ""
               : " has refused no " + kind;
  };
}

local_fact has_evidence() {
  return [](world& w, std::uint16_t i) -> std::string {
    return w.get().disk(i).evidence.empty() ? " has no evidence" : "";
  };
}

/// Of what was executed in the cluster: all honest replicas agree, or a run ends.
fact block_is(std::uint64_t n, std::string name) {
  return [n, name = std::move(name)](world& w) -> std::string {
    auto now = w.get().log(n);
    if (!now)
      return "nobody has executed block " + std::to_string(n);
    auto wanted
        = name == "null" ? hash(encode(null_block(cluster_id(), seq(n)))) : w.remembered.at(name);
    return *now == wanted ? "" : "block " + std::to_string(n) + " is not " + name;
  };
}

local_fact read_suspected(words& line) {
  auto word = line.name("a suspicion");
  auto known = reasons().find(word);
  if (known == reasons().end()) {
    line.wrong("\"" + word + "\" is no suspicion");
    return {};
  }
  return suspected(known->second);
}

local_fact read_refused(words& line) {
  auto kind = line.name("view_change or new_view");
  if (kind != "new_view" && kind != "view_change")
    line.wrong("\"" + kind + "\" is neither view_change nor new_view");
  return refused(kind);
}

local_fact read_local(words& line) {
  if (line.take("view at most"))
    return in_view_at_most(line.number("a view"));
  if (line.take("view at least"))
    return in_view_at_least(line.number("a view"));
  if (line.take("view"))
    return in_view(line.number("a view"));
  if (line.take("waiting"))
    return waiting();
  if (line.take("executed at most"))
    return executed_at_most(line.number("a block"));
  if (line.take("executed"))
    return executed(line.number("a block"));
  if (line.take("committed"))
    return committed(line.number("a block"));
  if (line.take("stable"))
    return stable(line.number("a block"));
  if (line.take("prepared"))
    return prepared(line.number("a block"));
  if (line.take("voted"))
    return voted(line.number("a block"));
  if (line.take("suspected"))
    return read_suspected(line);
  if (line.take("refused"))
    return read_refused(line);
  if (line.take("evidence"))
    return has_evidence();
  auto word = line.name("what is expected");
  line.wrong("\"" + word + "\" is nothing that can be expected");
  return {};
}

} // namespace

fact read_fact(words& line, std::uint16_t n, const std::set<std::string>& blocks) {
  if (line.take("no disagreement"))
    return [](world& w) {
      return w.get().violations().empty() ? "" : w.get().describe();
    };
  if (line.take("block")) {
    auto block = line.number("a block");
    if (!line.take("is"))
      line.wrong("\"is\" is missing");
    auto name = line.name("the name of a block");
    if (!blocks.contains(name))
      line.wrong("no block was remembered as \"" + name + "\"");
    return block_is(block, name);
  }
  auto is = read_local(line);
  return at(line.where(n), std::move(is));
}

} // namespace bourse::test
