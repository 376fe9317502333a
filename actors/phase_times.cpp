#include "actors/phase_times.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace bourse::actors {

using consensus::slot_times;

namespace {

struct phase {
  const char* name;
  std::uint64_t slot_times::*from;
  std::uint64_t slot_times::*to;
};

constexpr phase phases[] = {
    {"check", &slot_times::proposed_ns, &slot_times::checked_ns},
    {"persist_prepare", &slot_times::checked_ns, &slot_times::prepare_sent_ns},
    {"prepare", &slot_times::proposed_ns, &slot_times::prepared_ns},
    {"persist_commit", &slot_times::prepared_ns, &slot_times::commit_sent_ns},
    {"commit", &slot_times::prepared_ns, &slot_times::committed_ns},
    {"execute", &slot_times::committed_ns, &slot_times::executed_ns},
    {"total", &slot_times::proposed_ns, &slot_times::executed_ns},
};

} // namespace

void phase_times::add(const slot_times& slot) {
  if (slots_.size() < keep_)
    slots_.push_back(slot);
  else
    slots_[next_] = slot;
  next_ = (next_ + 1) % keep_;
}

std::string phase_times::percentiles() const {
  nlohmann::json all = nlohmann::json::object();
  std::vector<std::uint64_t> durations;
  for (const auto& p : phases) {
    durations.clear();
    for (const auto& slot : slots_)
      if (slot.*p.from != 0 && slot.*p.to >= slot.*p.from)
        durations.push_back(slot.*p.to - slot.*p.from);
    if (durations.empty())
      continue;
    std::sort(durations.begin(), durations.end());
    auto at = [&](std::size_t percent) {
      return durations[(durations.size() - 1) * percent / 100] / 1000;
    };
    all[p.name] = {{"p50_us", at(50)}, {"p99_us", at(99)}};
  }
  return all.dump();
}

std::string phase_times::timeline(std::size_t count) const {
  nlohmann::json all = nlohmann::json::array();
  count = std::min(count, slots_.size());
  for (std::size_t i = slots_.size() - count; i < slots_.size(); ++i) {
    auto start = slots_.size() < keep_ ? 0 : next_;
    const auto& s = slots_[(start + i) % slots_.size()];
    all.push_back({{"sequence", s.sequence.value()},
                   {"view", s.view.value()},
                   {"proposed_ns", s.proposed_ns},
                   {"checked_ns", s.checked_ns},
                   {"prepare_sent_ns", s.prepare_sent_ns},
                   {"prepared_ns", s.prepared_ns},
                   {"commit_sent_ns", s.commit_sent_ns},
                   {"committed_ns", s.committed_ns},
                   {"executed_ns", s.executed_ns}});
  }
  return all.dump();
}

} // namespace bourse::actors
