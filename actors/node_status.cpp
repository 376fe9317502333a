#include "actors/node_status.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "messages/version.hpp"

namespace bourse::actors {

namespace {

using nlohmann::json;

/// Nothing where the system has no /proc.
std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

json part(const std::map<std::string, std::string>& parts, const char* name) {
  auto it = parts.find(name);
  if (it == parts.end())
    return json::object();
  auto value = json::parse(it->second, nullptr, false);
  return value.is_object() ? value : json::object();
}

/// Moves members of a part to the top.
void raise(json& to, json& from, std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (from.contains(name)) {
      to[name] = std::move(from[name]);
      from.erase(name);
    }
}

json processor_time(const metrics& c) {
  json cpu;
  for (std::size_t i = 0; i < component_names.size(); ++i)
    cpu[component_names[i]] = c.cpu_ns[i].load() / 1000;
  return cpu;
}

} // namespace

std::string node_status(const node_context& context,
                        const std::map<std::string, std::string>& parts, const std::string& more) {
  const auto& c = context.counters;
  auto replica = part(parts, "replica");
  auto clearing = part(parts, "clearing");
  auto gateway = part(parts, "gateway");
  auto ledger = part(parts, "ledger");
  auto peers = part(parts, "peers");
  auto transfer = part(parts, "transfer");

  json s;
  s["replica"] = context.self.value();
  s["cluster"] = to_hex(context.cluster().view());
  s["version"] = version();
  s["blocks"] = c.blocks.load();
  s["requests"] = c.requests.load();
  s["submissions"] = c.submissions.load();
  s["trades"] = c.trades.load();
  s["reports"] = c.reports.load();
  s["checkpoints"] = c.checkpoints.load();
  s["signatures"] = {{"submissions", c.submissions_verified.load()},
                     {"refused_submissions", c.submissions_rejected.load()},
                     {"votes", replica.value("signatures_verified", 0)},
                     {"made", replica.value("signatures_made", 0) + c.blocks.load()}};
  s["malformed"]
      = {{"peers", c.malformed_from_peers.load()}, {"clients", c.malformed_from_clients.load()}};
  s["rss_bytes"] = resident_bytes();
  s["cpu_us"] = processor_time(c);
  raise(s, replica, {"view", "primary", "committed", "stable", "phases"});
  replica.erase("executed"); // what the clearing house says is newer
  raise(s, clearing, {"executed", "chain", "state"});
  raise(s, ledger, {"syncs"});
  raise(s, transfer, {"silent"});
  raise(s, gateway, {"clients"});
  if (peers.contains("links"))
    s["peers"] = std::count_if(peers["links"].begin(), peers["links"].end(),
                               [](const json& link) { return link.value("up", false); });
  s["parts"] = {{"consensus", std::move(replica)},
                {"execution", std::move(clearing)},
                {"ledger", std::move(ledger)},
                {"gateway", std::move(gateway)},
                {"links", std::move(peers)},
                {"mempool", part(parts, "mempool")},
                {"sequencer", part(parts, "sequencer")},
                {"view_change", part(parts, "view_change")},
                {"transfer", std::move(transfer)}};
  if (auto extra = json::parse(more, nullptr, false); extra.is_object())
    s.merge_patch(extra);
  return s.dump();
}

} // namespace bourse::actors
