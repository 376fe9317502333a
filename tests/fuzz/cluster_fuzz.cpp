// Four replicas, one of them the input's: it has its own key, hears all, and can repeat what others
// signed. The input is also the network and the clock of each honest one: what is delivered, lost
// and repeated, in which order, what is durable when somebody restarts. No two honest replicas may
// ever execute different blocks, and each keeps its own promises (see honest_node.hpp).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "messages/assert.hpp"
#include "tests/fuzz/adversary.hpp"
#include "tests/fuzz/honest_node.hpp"

namespace {

using namespace bourse::fuzz;
using bourse::consensus::suspicion;
using bourse::test::replica;

constexpr std::uint16_t n = 4;
constexpr std::size_t most_events = 600;
/// The network holds so many messages and loses the oldest beyond that.
constexpr std::size_t most_in_flight = 256;

class small_cluster {
public:
  explicit small_cluster(choices& c)
      : c_(c), liar_(static_cast<std::uint16_t>(c.below(n))), liars_(n, {liar_}) {
    node_settings s;
    s.window = c.below(2) == 0 ? 4 : 8;
    s.max_in_flight = static_cast<std::uint32_t>(1 + c.below(4));
    for (s.self = 0; s.self < n; ++s.self)
      if (s.self != liar_)
        nodes_.push_back(std::make_unique<honest_node>(
            s, honest_node::listener{
                   [this, by = s.self](const bourse::consensus::send& x) { said(by, x); },
                   [this](sequence_number at, const digest& d) {
                     auto [first, added] = log_.try_emplace(at, d);
                     BOURSE_ASSERT(first->second == d); // agreement
                   }}));
  }

  void event() {
    auto& node = *nodes_[c_.below(nodes_.size())];
    switch (c_.below(24)) {
      case 0:
      case 1:
      case 2:
        return deliver(c_.below(in_flight_.size()), true);
      case 3:
        return deliver(c_.below(in_flight_.size()), false); // and it comes again
      case 4:
        return lose(c_.below(in_flight_.size()));
      case 5:
      case 6:
      case 7:
        return go_well(1 + c_.below(8));
      case 8:
      case 9:
      case 10:
      case 11:
      case 12:
        return node.hear(liar_, liars_.forge(c_, target_of(node)));
      case 13:
        return node.work();
      case 14:
        return node.persist();
      case 15:
        return node.answer(c_.below(4), c_.below(4) != 3);
      case 16:
        return c_.below(2) == 0 ? node.execute() : node.take_checkpoint();
      case 17:
      case 18:
        return pass(std::uint64_t{1} << c_.below(10));
      case 19:
        return node.propose(" salt " + std::to_string(c_.below(4)));
      case 20:
        return node.restart(c_.below(4));
      case 21:
        return node.suspect(static_cast<suspicion>(c_.below(bourse::consensus::suspicions)));
      case 22:
        for (auto& each : nodes_) // the lights go out
          each->restart(c_.below(4));
        return;
      default:
        return in_flight_.clear();
    }
  }

private:
  struct message {
    std::uint16_t from;
    std::uint16_t to;
    std::shared_ptr<const peer_message> what;
  };

  static adversary::target target_of(const honest_node& x) {
    return {x.core().view(), x.core().stable().what.sequence, x.core().executed(),
            x.settings().window, x.settings().checkpoint_interval};
  }

  honest_node* find(std::uint16_t i) {
    for (auto& x : nodes_)
      if (x->settings().self == i)
        return x.get();
    return nullptr;
  }

  void said(std::uint16_t by, const bourse::consensus::send& s) {
    liars_.overhear(replica(by), s.what);
    auto shared = std::make_shared<const peer_message>(s.what);
    for (std::uint16_t to = 0; to < n; ++to)
      if (to != by && to != liar_ && (!s.to || s.to->value() == to))
        in_flight_.push_back({by, to, shared});
    while (in_flight_.size() > most_in_flight)
      in_flight_.pop_front();
  }

  void lose(std::size_t which) {
    if (!in_flight_.empty())
      in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(which));
  }
  void deliver(std::size_t which, bool once) {
    if (in_flight_.empty())
      return;
    auto m = in_flight_[which];
    if (once)
      lose(which);
    find(m.to)->hear(m.from, *m.what);
  }
  void pass(std::uint64_t milliseconds) {
    for (auto& x : nodes_)
      x->pass(milliseconds);
  }
  /// A while without faults, but for the liar's silence.
  void go_well(std::uint64_t rounds) {
    for (; rounds > 0; --rounds) {
      for (auto& x : nodes_) {
        x->propose("");
        x->work();
      }
      for (auto count = in_flight_.size(); count > 0; --count)
        deliver(0, true);
    }
  }

  choices& c_;
  std::uint16_t liar_;
  adversary liars_;
  std::vector<std::unique_ptr<honest_node>> nodes_;
  std::deque<message> in_flight_;
  std::map<sequence_number, digest> log_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices c{data, size};
  small_cluster cluster{c};
  for (std::size_t i = 0; i < most_events && !c.used_up(); ++i)
    cluster.event();
  return 0;
}
