#include "simulation/faults.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>

#include "messages/assert.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint64_t ms = 1'000'000;

} // namespace

faults::faults(cluster& c, const plan& p, load& clients, oracle& watch, teller tell)
    : cluster_(c),
      plan_(p),
      clients_(clients),
      watch_(watch),
      tell_(std::move(tell)),
      random_(p.seed ^ 0xfa01),
      down_(c.size()) {
  for (const auto& f : plan_.faults) {
    c.universe().at(f.at_ms * ms, [this, &f] {
      if (!healed_)
        begin(f);
    });
    c.universe().at((f.at_ms + f.for_ms) * ms, [this, &f] {
      if (!healed_)
        end(f);
    });
  }
}

std::string faults::describe(const fault& f) const {
  switch (f.kind) {
    case fault_kind::lights_out:
    case fault_kind::loss:
    case fault_kind::duplication:
    case fault_kind::delays:
    case fault_kind::unrest:
      return fmt::format("{} {}", to_string(f.kind), f.amount);
    case fault_kind::split:
      return fmt::format("split {:b}", f.other);
    case fault_kind::one_way:
      return fmt::format("one_way {} to {}", f.node, f.other);
    default:
      return fmt::format("{} of {}, {}", to_string(f.kind), f.node, f.amount);
  }
}

void faults::begin(const fault& f) {
  ++happened_[static_cast<std::size_t>(f.kind)];
  tell_(describe(f));
  auto i = f.node;
  switch (f.kind) {
    case fault_kind::crash:
      ++down_[i];
      return crash(i, f.amount);
    case fault_kind::torn_write:
      ++down_[i];
      return crash_in_write(f);
    case fault_kind::lights_out:
      for (std::size_t each = 0; each < cluster_.size(); ++each) {
        ++down_[each];
        crash(each, f.amount);
      }
      return;
    case fault_kind::wiped_disk:
      ++down_[i];
      crash(i, 0);
      cluster_.wipe(i);
      return watch_.wiped(i);
    case fault_kind::actor_failure:
      if (cluster_.up(i)) {
        cluster_.expect_failure(i);
        const auto& all = cluster_.node(i).children;
        caf::anon_send_exit(all[random_.below(all.size())].handle,
                            caf::exit_reason::unhandled_exception);
      }
      return;
    case fault_kind::disk_full:
      ++down_[i];
      return cluster_.disk(i).fail_after(random_.below(20));
    case fault_kind::slow_disk:
      return stall_disk(f, cluster_.universe().now() + f.for_ms * ms);
    case fault_kind::pause:
      return cluster_.pause(i, f.for_ms);
    case fault_kind::slow_node:
      return cluster_.slow_down(i, f.amount);
    case fault_kind::cut_off:
      return cut_off(i, true);
    case fault_kind::one_way:
      return cluster_.cut_one_way(f.node, f.other);
    case fault_kind::split:
      return split(f, true);
    case fault_kind::loss:
    case fault_kind::duplication:
    case fault_kind::delays:
      return network(f, true);
    case fault_kind::clock:
      return cluster_.set_skew_ms(i, static_cast<std::int64_t>(f.amount) - 3000,
                                  static_cast<std::int64_t>(f.amount % 2000) - 1000);
    case fault_kind::client_link:
      return clients_.cut(i);
    case fault_kind::unrest:
      return suspect(f, cluster_.universe().now() + f.for_ms * ms);
  }
}

void faults::end(const fault& f) {
  auto i = f.node;
  switch (f.kind) {
    case fault_kind::lights_out:
      for (std::size_t each = 0; each < cluster_.size(); ++each) {
        --down_[each];
        back(each);
      }
      return;
    case fault_kind::disk_full:
      crash(i, 0); // there is room again
      [[fallthrough]];
    case fault_kind::crash:
    case fault_kind::torn_write:
    case fault_kind::wiped_disk:
      --down_[i];
      return back(i);
    case fault_kind::slow_node:
      return cluster_.slow_down(i, 0);
    case fault_kind::cut_off:
      return cut_off(i, false);
    case fault_kind::one_way:
      return cluster_.cut_one_way(f.node, f.other, false);
    case fault_kind::split:
      return split(f, false);
    case fault_kind::loss:
    case fault_kind::duplication:
    case fault_kind::delays:
      return network(f, false);
    case fault_kind::clock:
      return cluster_.set_skew_ms(i, 0);
    default:
      return;
  }
}

void faults::heal() {
  healed_ = true;
  tell_("all faults end");
  cluster_.network() = plan_.cluster.network;
  cluster_.network().loss_percent = 0;
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    down_[i] = 0;
    cluster_.slow_down(i, 0);
    cluster_.set_skew_ms(i, 0);
    cluster_.disk(i).watch(nullptr);
    for (std::size_t other = 0; other < cluster_.size(); ++other)
      cluster_.cut_one_way(i, other, false);
    if (cluster_.disk(i).failing())
      crash(i, 0);
    back(i);
  }
}

// -- nodes ---------------------------------------------------------------------------------------

void faults::crash(std::size_t i, std::size_t keep) {
  if (cluster_.up(i))
    cluster_.crash(i, keep);
  else
    cluster_.disk(i).crash();
  watch_.crashed(i);
}

/// At the f.amount-th write from now, before it or after it: whoever waits for it is never told.
void faults::crash_in_write(const fault& f) {
  auto i = f.node;
  auto left = std::make_shared<std::uint32_t>(f.amount);
  auto when = random_.below(2) ? storage::memory_disk::moment::before
                               : storage::memory_disk::moment::after;
  cluster_.disk(i).watch(
      [this, i, left, when](storage::memory_disk::moment m, storage::durability) {
        if (m != when || (*left)-- != 0)
          return;
        if (!cluster_.up(i))
          return;
        tell_(fmt::format("{} dies in a write", i));
        cluster_.die(i, random_.below(cluster_.disk(i).unsynced() + 1));
        watch_.crashed(i);
      });
}

void faults::back(std::size_t i) {
  if (down_[i] > 0 || cluster_.up(i))
    return;
  cluster_.disk(i).watch(nullptr);
  cluster_.disk(i).crash(); // whatever had it open is gone
  auto started = cluster_.start(i);
  tell_(fmt::format("{} starts", i));
  BOURSE_ASSERT(started.has_value());
}

void faults::stall_disk(const fault& f, std::uint64_t until_ns) {
  auto& world = cluster_.universe();
  if (healed_ || world.now() >= until_ns)
    return;
  cluster_.stall_disk(f.node, 1 + random_.below(f.amount));
  world.after((1 + random_.below(2 * f.amount)) * 1000,
              [this, &f, until_ns] { stall_disk(f, until_ns); });
}

/// So that views change with this prepared here and that there.
void faults::suspect(const fault& f, std::uint64_t until_ns) {
  auto& world = cluster_.universe();
  if (healed_ || world.now() >= until_ns)
    return;
  for (std::size_t i = 0; i < cluster_.size(); ++i)
    if (cluster_.up(i) && random_.below(4) != 0)
      caf::anon_send(cluster_.node(i).routes->view_change, suspect_atom::value,
                     consensus::suspicion::stalled);
  world.after((1 + random_.below(2 * f.amount)) * ms,
              [this, &f, until_ns] { suspect(f, until_ns); });
}

// -- network -------------------------------------------------------------------------------------

void faults::cut_off(std::size_t i, bool on) {
  for (std::size_t other = 0; other < cluster_.size(); ++other)
    if (other != i)
      cluster_.cut(i, other, on);
}

void faults::split(const fault& f, bool on) {
  for (std::size_t a = 0; a < cluster_.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      if ((f.other >> a & 1) != (f.other >> b & 1))
        cluster_.cut(a, b, on);
}

void faults::network(const fault& f, bool on) {
  auto& now = cluster_.network();
  const auto& usual = plan_.cluster.network;
  if (f.kind == fault_kind::loss) {
    now.loss_percent = on ? f.amount : usual.loss_percent;
  } else if (f.kind == fault_kind::duplication) {
    now.duplicate_percent = on ? f.amount : usual.duplicate_percent;
  } else {
    now.most_delay_us = on ? usual.least_delay_us + f.amount / 4 : usual.most_delay_us;
    now.tail_percent = on ? 10 : 0;
    now.tail_us = f.amount;
  }
}

} // namespace bourse::simulation
