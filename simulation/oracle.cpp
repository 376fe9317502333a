#include "simulation/oracle.hpp"

#include "actors/event_observer.hpp"
#include "consensus/invariants.hpp"
#include "messages/client.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint64_t status_every_ns = 1'000'000'000;

} // namespace

/// The ear in one node.
class oracle::watcher : public observer {
public:
  watcher(oracle& to, std::size_t node)
      : to_(to), node_(node), steps_([&to, node](const auto& e) { to.spec_.took(node, e); }) {}

  void started(const consensus::options& o, const consensus::recovered_state& from) override {
    to_.out_.set_now(to_.cluster_.universe().now());
    to_.log_.started(node_, from.executed);
    to_.executed_[node_] = from.executed;
    to_.disks_.started(node_);
    steps_.started(o, from);
  }
  void received(replica_id from, const peer_message& m) override {
    to_.out_.set_now(to_.cluster_.universe().now());
    steps_.received(from, m);
  }
  void said(const std::optional<replica_id>& to, const peer_message& m) override {
    to_.said(node_, m);
    steps_.said(to, m);
  }
  void executing(const consensus::execution& e) override {
    to_.executing(node_, e);
    steps_.executing(e);
  }
  void spoke() override {
    steps_.spoke();
  }
  void stepped(const consensus::replica_core& c) override {
    if (c.in_view() && c.view().value() > 0)
      to_.begun_.insert(c.view());
    to_.executed_[node_] = c.executed();
    to_.invariants(node_, c.picture());
  }
  void stepped(const consensus::view_manager& m) override {
    to_.invariants(node_, m.picture());
  }

private:
  oracle& to_;
  std::size_t node_;
  event_observer steps_; ///< as the specification takes them
};

oracle::oracle(cluster& c, const std::vector<std::uint16_t>& byzantine, violations& out)
    : cluster_(c),
      out_(out),
      byzantine_(c.size()),
      executed_(c.size()),
      log_(c.size(), c.genesis().cluster(), out),
      market_(c.genesis(), out),
      votes_(c, out),
      disks_(c, out),
      memory_(c, out),
      spec_(c, out) {
  for (auto i : byzantine) {
    byzantine_[i] = true;
    market_.distrust(i);
    votes_.distrust(c.identity(i));
  }
  for (std::size_t i = 0; i < c.size(); ++i) {
    ears_.push_back(honest(i) ? std::make_unique<watcher>(*this, i) : nullptr);
    if (ears_[i])
      c.observe(i, ears_[i].get());
  }
  c.listen_to_clients([this](byte_view message) {
    auto m = decode_client_message(message, {});
    if (const auto* s = m ? std::get_if<messages::submit>(&*m) : nullptr)
      for (const auto& each : s->submissions)
        market_.submitted(each);
  });
  c.listen_to_stamps([this](const signed_report& r) { market_.reported(r); });
  c.listen_to_failures([this](std::size_t i, const std::string& part) {
    out_.set_now(cluster_.universe().now());
    if (honest(i) && !cluster_.disk(i).failing())
      out_.add("crash", "replica {} ends because its {} has failed", i, part);
  });
  c.listen_to_gateways([this](std::size_t i, byte_view message) {
    if (!honest(i))
      return;
    out_.set_now(cluster_.universe().now());
    auto m = decode_gateway_message(message);
    if (!m)
      out_.add("validity", "replica {} tells a client what cannot be read", i);
    else if (const auto* r = std::get_if<messages::results>(&*m))
      market_.results_said(i, r->what);
  });
}

oracle::~oracle() {
  for (std::size_t i = 0; i < cluster_.size(); ++i)
    if (ears_[i])
      cluster_.stop_observing(i, ears_[i].get());
  cluster_.listen_to_clients(nullptr);
  cluster_.listen_to_stamps(nullptr);
  cluster_.listen_to_failures(nullptr);
  cluster_.listen_to_gateways(nullptr);
}

void oracle::executing(std::size_t i, const consensus::execution& e) {
  out_.set_now(cluster_.universe().now());
  if (log_.executing(i, e))
    market_.execute(e.sequence, e.digest, *e.block, e.chain);
}

void oracle::said(std::size_t i, const peer_message& m) {
  out_.set_now(cluster_.universe().now());
  votes_.said(i, m);
  if (const auto* c = std::get_if<checkpoint>(&m))
    market_.checkpoint_said(i, c->what);
}

void oracle::crashed(std::size_t i) {
  out_.set_now(cluster_.universe().now());
  if (!honest(i))
    return;
  votes_.crashed(i);
  disks_.crashed(i);
}

template <class Picture>
void oracle::invariants(std::size_t i, const Picture& p) {
  for (const auto& broken : consensus::broken_invariants(p))
    out_.add("invariants", "replica {}: {}", i, broken);
  disks_.stepped(i, p);
}

void oracle::look_at(load& clients) {
  auto now = cluster_.universe().now();
  out_.set_now(now);
  for (std::size_t i = 0; i < cluster_.size() && !cluster_.universe().holding(); ++i)
    if (honest(i))
      disks_.at_rest(i);
  if (now >= next_status_ns_) {
    next_status_ns_ = now + status_every_ns;
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      if (honest(i)) {
        memory_.ask(i);
        memory_.look_at_disk(i, executed(i));
      }
  }
  for (auto& m : clients.members()) {
    for (const auto& all = m.client->reports(); m.checked < all.size(); ++m.checked)
      market_.believed(m.id, all[m.checked]);
    // Answers come in any order: one that waits holds up the look at those behind it, no more.
    for (const auto& all = m.client->answers();
         m.checked_answers < all.size() && all[m.checked_answers].what; ++m.checked_answers)
      market_.believed(m.id, all[m.checked_answers].asked, *all[m.checked_answers].what, pruned());
  }
}

/// A log may begin later than the market.
bool oracle::pruned() const {
  for (std::size_t i = 0; i < cluster_.size(); ++i)
    if (cluster_.options_of(i).retain_blocks > 0 || cluster_.renewals(i) > 0)
      return true;
  return false;
}

void oracle::state_said(std::size_t i, std::uint64_t executed, const std::string& digest) {
  auto known = market_.state(log_.chain(executed));
  if (executed != log_.length() || digest != to_hex(known.view()))
    out_.add("recomputation", "replica {}: its state after block {} is another one", i, executed);
}

void oracle::finish(const load& clients) {
  out_.set_now(cluster_.universe().now());
  market_.finish();
  memory_.finish();
  for (std::size_t i = 0; i < cluster_.size(); ++i)
    if (honest(i) && cluster_.up(i) && executed(i) != log_.length())
      out_.add("liveness", "replica {} has executed {} of {} blocks", i, executed(i),
               log_.length());
  for (const auto& m : clients.members()) {
    for (const auto& a : m.client->answers())
      if (!a.what)
        out_.add("liveness", "client {} is not even told that a question has no answer",
                 m.id.value());
    for (const auto& p : m.client->results()) {
      if (!p)
        continue;
      if (p->problem) {
        // Too much at a time, or reports that are gone, are no lies; nothing else may be said.
        if (p->problem->code != errc::busy && p->problem->code != errc::pruned)
          out_.add("liveness", "client {}: submission {} is refused: {}", m.id.value(),
                   p->number.value(), to_string(*p->problem));
        continue;
      }
      for (const auto& r : p->reports)
        market_.believed(m.id, r);
      if (!p->reports.empty() && !market_.was_executed(m.id, p->reports.front().stream, p->number))
        out_.add("confirmed", "client {}: submission {} is confirmed and was not executed",
                 m.id.value(), p->number.value());
    }
  }
}

} // namespace bourse::simulation
