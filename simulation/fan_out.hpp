// Lets several watch one node.
#pragma once

#include <algorithm>
#include <vector>

#include "actors/observer.hpp"

namespace bourse::simulation {

class fan_out final : public actors::observer {
public:
  /// It must be taken out before it goes.
  void add(observer* o) {
    all_.push_back(o);
  }
  void remove(observer* o) {
    std::erase(all_, o);
  }

  void started(const consensus::options& o, const consensus::recovered_state& from) override {
    for (auto* each : all_)
      each->started(o, from);
  }
  void received(messages::replica_id from, const messages::peer_message& m) override {
    for (auto* each : all_)
      each->received(from, m);
  }
  void said(const std::optional<messages::replica_id>& to,
            const messages::peer_message& m) override {
    for (auto* each : all_)
      each->said(to, m);
  }
  void executing(const consensus::execution& e) override {
    for (auto* each : all_)
      each->executing(e);
  }
  void spoke() override {
    for (auto* each : all_)
      each->spoke();
  }
  void stepped(const consensus::replica_core& c) override {
    for (auto* each : all_)
      each->stepped(c);
  }
  void stepped(const consensus::view_manager& m) override {
    for (auto* each : all_)
      each->stepped(m);
  }

private:
  std::vector<observer*> all_;
};

} // namespace bourse::simulation
