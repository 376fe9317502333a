// One view manager under test, and words for what others say to it.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include "consensus/view_manager.hpp"
#include "tests/consensus/changes.hpp"
#include "tests/consensus/lone_replica.hpp"

namespace bourse::test {

/// One manager of four replicas. Effects pile up until `forget`; what is for the core is answered
/// by `left` and `begun`, as a core whose disk is done would.
class managed {
public:
  static constexpr std::uint64_t ms = 1'000'000;

  explicit managed(std::uint16_t self, std::uint64_t v = 0, bool with_new_view = true,
                   bool silent = false)
      : auth(replica(self)), self_(self) {
    consensus::view_options o;
    o.consensus = lone_replica::defaults(self);
    o.silent = silent;
    std::optional<new_view> stored;
    if (v > 0 && with_new_view)
      stored = first_new_view(4, v);
    manager = std::make_unique<consensus::view_manager>(o, auth, view(v), stored);
  }

  managed(const managed&) = delete;
  managed& operator=(const managed&) = delete;

  void hear(std::uint16_t from, const peer_message& m) {
    manager->on_message(now, replica(from), m);
    drain();
  }
  void wishes(std::initializer_list<std::uint16_t> who, std::uint64_t v) {
    for (auto i : who)
      hear(i, wish{view(v)});
  }
  void changes(std::initializer_list<std::uint16_t> who, std::uint64_t v) {
    for (auto i : who)
      hear(i, signed_change(change_to(v), i));
  }
  /// The core has left for the current view.
  void left(const view_change_content& c) {
    manager->on_left(now, c);
    drain();
  }
  void left() {
    left(change_to(manager->view().value()));
  }
  void begun() {
    manager->on_begun(now, manager->view());
    drain();
  }
  /// Enters view `v` with what two others say and begins it.
  void move_to(std::uint64_t v) {
    wishes({other(0), other(1)}, v);
    left();
    if (v % 4 == self_)
      changes({other(0), other(1)}, v);
    else
      hear(static_cast<std::uint16_t>(v % 4), first_new_view(4, v));
    begun();
  }
  void pass(std::uint64_t milliseconds) {
    for (std::uint64_t t = 0; t < milliseconds; t += 10) {
      now += 10 * ms;
      manager->on_work(now, work);
      manager->on_tick(now);
      drain();
    }
  }
  void suspect(consensus::suspicion why = consensus::suspicion::link_lost) {
    manager->suspect(now, why);
    drain();
  }
  void speak() {
    manager->speak(now);
    drain();
  }
  void execute() {
    work.executed = work.executed.next();
    manager->on_work(now, work);
    drain();
  }
  void forget() {
    all = {};
    leaves.clear();
    installs.clear();
  }

  template <class M>
  std::vector<M> said(std::optional<std::uint16_t> to = {}) const {
    std::vector<M> out;
    for (const auto& s : all.sends)
      if (auto* m = std::get_if<M>(&s.what); m && (!to || (s.to && s.to->value() == *to)))
        out.push_back(*m);
    return out;
  }
  std::uint64_t wished() const {
    return manager->wishes().wish().value();
  }
  std::uint64_t at() const {
    return manager->view().value();
  }
  /// Milliseconds until it gives up waiting for a NEW-VIEW.
  std::uint64_t patience() {
    auto before = manager->counters().suspected[std::size_t(consensus::suspicion::no_new_view)];
    for (std::uint64_t t = 0; t < 60'000; t += 10) {
      if (manager->counters().suspected[std::size_t(consensus::suspicion::no_new_view)] > before)
        return t;
      pass(10);
    }
    return 0;
  }
  /// The k-th replica that is not the one under test.
  std::uint16_t other(std::uint16_t k) const {
    return k < self_ ? k : static_cast<std::uint16_t>(k + 1);
  }

  stand_in auth;
  std::unique_ptr<consensus::view_manager> manager;
  std::uint64_t now = 1000 * ms;
  consensus::work_seen work;
  consensus::view_effects all;
  std::vector<std::uint64_t> leaves;
  std::vector<std::shared_ptr<const consensus::installation>> installs;

private:
  std::uint16_t self_;

  void drain() {
    auto e = manager->take_effects();
    if (e.leave)
      leaves.push_back(e.leave->value());
    if (e.install)
      installs.push_back(e.install);
    all.sends.insert(all.sends.end(), e.sends.begin(), e.sends.end());
    all.suspected.insert(all.suspected.end(), e.suspected.begin(), e.suspected.end());
  }
};

} // namespace bourse::test
