#include "simulation/attack_run.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "fairness/stamper.hpp"
#include "messages/assert.hpp"
#include "messages/crypto.hpp"
#include "messages/splitmix64.hpp"
#include "simulation/attack_batch.hpp"
#include "simulation/attack_client.hpp"
#include "simulation/attack_liar.hpp"
#include "simulation/attack_market.hpp"
#include "simulation/attack_naming.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint64_t epoch_us = 1'000'000'000'000; ///< clocks at the beginning
constexpr std::uint64_t turn_us = 5'000;              ///< between two looks of the primary
constexpr std::uint64_t patience_us = 400'000;        ///< stall_ms, as nodes have it
constexpr std::uint64_t most_skew_us = 1'000;
/// By then all must have executed, whoever leads.
constexpr std::uint64_t drain_us = 3'000'000;

/// The whole of a run. What is random comes from generators of its own for each order, so that an
/// order that one rule or attack has and another has not changes nothing for others.
class attack_world {
public:
  explicit attack_world(const attack_case& c)
      : case_(c),
        attack_(*c.what),
        colluders_(attack_.colludes ? c.size.f() : 0),
        flow_(draw_attack_flow(c.seed)),
        market_(flow_),
        order_(c.order(flow_.rules, c.size)),
        store_(c.size),
        naming_(c.size, store_, orders_),
        batches_(attack_, c.size, orders_, flow_.rules.blocks, patience_us),
        watch_(orders_, c.size.n - std::size_t{colluders_}, flow_.rules.blocks, !fair()),
        client_(attack_) {
    splitmix64 random{c.seed ^ 0x5eed};
    for (auto who : c.size.everyone()) {
      const auto& head = order_->heads().of(who);
      skews_.push_back(random.below(most_skew_us + 1));
      stampers_.emplace_back(flow_.rules, who, head);
      if (who.value() < colluders_)
        liars_.emplace_back(who, attack_.stamps, head);
    }
  }

  attack_result run() {
    for (const auto& i : flow_.intents)
      at(i.at_us, [this, &i] { send(i.about, {i.what}, {}); });
    auto grid_us = flow_.rules.order.grid_ms * std::uint64_t{1000};
    for (auto who : case_.size.everyone())
      if (who.value() >= colluders_)
        every(grid_us, grid_us - skews_[who.value()], [this, who] { report(who); });
    every(grid_us, grid_us, [this] { lie(); });
    if (fair())
      every(turn_us, turn_us, [this] { lead(); });
    else
      every(grid_us, grid_us, [this] { lead_plainly(); });
    while (!queue_.empty() && now_ < flow_.end_us + drain_us && !finished()) {
      now_ = queue_.begin()->first;
      auto what = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      what();
    }
    return result();
  }

private:
  bool fair() const {
    return case_.rule == attack_rule::fair;
  }
  void at(std::uint64_t us, std::function<void()> what) {
    queue_.emplace(us, std::move(what));
  }
  void every(std::uint64_t us, std::uint64_t first, const std::function<void()>& what) {
    at(first, [this, us, first, what] {
      what();
      every(us, first + us, what);
    });
  }
  /// A moment longer than any order is on its way, so that every stamp is in a report.
  bool finished() const {
    return now_ > last_us_ + 200'000 && now_ > flow_.end_us + 200'000 && orders_.done();
  }
  stamp_time clock(replica_id who) const {
    return stamp_time{epoch_us + now_ + skews_[who.value()]};
  }
  bool colludes(replica_id who) const {
    return who.value() < colluders_;
  }
  replica_id primary() const {
    return case_.size.primary_of(view_);
  }

  void send(const submission_header& about, std::vector<request> what, const attack_wish& why);
  void arrive(replica_id who, std::size_t index);
  void carry_out(std::vector<attack_wish> wishes);
  void report(replica_id who);
  void lie();
  void lead();
  std::optional<attack_outlook> chosen(const attack_outlook& newest) const;
  bool holds_off(const attack_outlook& o) const;
  void lead_plainly();
  void suspect();
  void execute(const std::vector<chain_head>& heads);
  void execute(const std::vector<submission_ptr>& block, stamp_time time);
  attack_result result() const;

  const attack_case& case_;
  const attack& attack_;
  std::uint16_t colluders_;
  attack_flow flow_;
  attack_orders orders_;
  attack_market market_;
  std::unique_ptr<order_function> order_;
  fairness::report_store store_; ///< what the primary knows, and an honest backup too
  attack_naming naming_;
  attack_batch_maker batches_;
  censor_watch watch_;
  colluding_client client_;
  std::vector<fairness::stamper> stampers_; ///< of those that collude: not used
  std::vector<attack_liar> liars_;
  std::vector<std::uint64_t> skews_;
  std::set<std::size_t> seen_;                                       ///< by a colluding replica
  std::map<std::pair<client_id, stream_id>, std::uint64_t> numbers_; ///< of colluding clients
  std::multimap<std::uint64_t, std::function<void()>> queue_;
  std::uint64_t now_ = 0;
  std::uint64_t last_us_ = 0; ///< when something was sent last
  view_number view_;
  bool news_ = false;                        ///< an honest report has come since the primary looked
  std::optional<std::uint64_t> waits_since_; ///< the primary could have something executed
  std::size_t blocks_ = 0;
  std::size_t executed_ = 0;
  std::uint64_t view_changes_ = 0;
  hasher trace_;
};

/// How long an order takes to a replica. The colluding are close to each other, and their links to
/// others are good.
std::uint64_t way_us(splitmix64& random, bool colluding, bool to_colluder) {
  if (colluding)
    return to_colluder ? 50 : 300 + random.below(500);
  return 500 + (random.below(10) == 0 ? random.below(20'000) : random.below(1'000));
}

void attack_world::send(const submission_header& about, std::vector<request> what,
                        const attack_wish& why) {
  attack_order o;
  o.body = attack_body(flow_.rules, about, std::move(what));
  o.sent_us = last_us_ = now_;
  o.part = why.part;
  o.victim = why.victim;
  o.arrived.resize(case_.size.n);
  o.stamps.resize(case_.size.n);
  splitmix64 random{case_.seed * 1'000'003 + about.client.value() * 4099
                    + about.stream.value() * 257 + about.number.value()};
  bool colluding = o.colluding();
  auto index = orders_.add(std::move(o));
  for (auto who : case_.size.everyone())
    at(now_ + way_us(random, colluding, colludes(who)), [this, who, index] { arrive(who, index); });
}

void attack_world::arrive(replica_id who, std::size_t index) {
  const auto& o = orders_[index];
  batches_.saw(who, index);
  if (!fair() && who == primary())
    orders_[index].eligible = true;
  if (!colludes(who)) {
    orders_[index].arrived[who.value()] = clock(who);
    stampers_[who.value()].hold(o.about(), o.body->digest, clock(who));
    return;
  }
  liars_[who.value()].saw(index, clock(who));
  if (seen_.insert(index).second)
    carry_out(client_.saw(o, index));
}

void attack_world::carry_out(std::vector<attack_wish> wishes) {
  for (auto& w : wishes)
    at(now_ + w.delay_us, [this, w] {
      auto number = ++numbers_[{w.by, w.stream}];
      send({w.by, w.stream, submission_number{number}}, w.what, w);
    });
}

/// What an honest replica says at a boundary, and everybody hears a little later.
void attack_world::report(replica_id who) {
  auto& s = stampers_[who.value()];
  auto content = s.report(clock(who), false);
  if (!content)
    return;
  for (const auto& x : content->stamps)
    orders_[orders_.find(x.body)].stamps[who.value()] = x.time;
  auto r = attack_report(std::move(*content));
  if (!s.reported(*r))
    return;
  if (!fair()) { // nobody needs it, so it is as if it was in the log
    s.committed(fairness::position_of(*r), clock(who));
    return;
  }
  splitmix64 random{case_.seed ^ r->digest.data[0] << 8 ^ r->content.index.value()};
  at(now_ + 500 + random.below(2'500), [this, r] {
    store_.add(r, order_->heads().of(r->content.replica), false);
    news_ = true;
  });
}

void attack_world::lie() {
  if (fair())
    for (std::uint16_t i = 0; i < colluders_; ++i)
      for (const auto& r : liars_[i].report(orders_, clock(replica_id{i})))
        store_.add(r, order_->heads().of(replica_id{i}), false);
}

/// Does this primary wait, since what it would name does not serve it yet?
bool attack_world::holds_off(const attack_outlook& o) const {
  if (now_ + 2 * turn_us >= *waits_since_ + patience_us)
    return false; // or it is primary no longer
  switch (attack_.pace) {
    case attack_pace::late:
      return true;
    case attack_pace::stalling:
      return o.unmet > 0
             || (o.prey > 0 && std::ranges::none_of(orders_.all(), [&](const attack_order& x) {
                   return x.part == attack_part::front && !x.executed();
                 }));
    default:
      return false;
  }
}

std::optional<attack_outlook> attack_world::chosen(const attack_outlook& newest) const {
  if (!colludes(primary()))
    return newest;
  if (holds_off(newest))
    return std::nullopt;
  switch (attack_.heads) {
    case attack_heads::every_set:
      if (auto best = naming_.best(false))
        return best;
      return newest; // no 2f+1 of them alone give anything
    case attack_heads::avoiding:
      if (newest.prey == 0)
        return newest;
      return news_ ? naming_.best(true) : std::nullopt;
    default:
      return newest;
  }
}

/// The primary looks whether it wants a block, the others whether they should have had one.
void attack_world::lead() {
  std::vector<std::vector<chain_head>> tips;
  for (const auto& l : liars_)
    tips.push_back(l.tips());
  naming_.look(*order_, tips);
  auto newest = naming_.newest();
  bool wanted = newest.due > 0 || order_->left_over();
  if (!wanted) {
    waits_since_.reset();
    return;
  }
  if (!waits_since_)
    waits_since_ = now_;
  if (auto block = chosen(newest))
    execute(block->heads);
  else
    suspect();
  news_ = false;
}

void attack_world::suspect() {
  if (waits_since_ && now_ > *waits_since_ + patience_us) {
    view_ = view_.next();
    ++view_changes_;
    waits_since_ = now_;
  }
}

void attack_world::lead_plainly() {
  waits_since_.reset();
  for (const auto& o : orders_.all())
    if (!o.executed())
      waits_since_ = std::min(waits_since_.value_or(o.sent_us), o.sent_us);
  suspect();
  std::vector<submission_ptr> block;
  for (auto i : batches_.make(primary(), !colludes(primary()), now_))
    block.push_back(orders_[i].body);
  execute(block, clock(primary()));
}

void attack_world::execute(const std::vector<chain_head>& heads) {
  naming_.committed(*order_, heads);
  std::vector<submission_ptr> bodies;
  for (const auto& d : order_->begin(heads, store_)) {
    auto& o = orders_[orders_.find(d)];
    o.eligible = true;
    bodies.push_back(o.body);
  }
  execute(order_->finish(bodies), order_->heads().time());
  for (const auto& h : heads) {
    const auto& head = order_->heads().of(h.replica);
    if (colludes(h.replica))
      liars_[h.replica.value()].committed(head);
    else
      stampers_[h.replica.value()].committed(head, clock(h.replica));
    store_.forget(h.replica, head.index, [](const digest&) {});
  }
}

void attack_world::execute(const std::vector<submission_ptr>& block, stamp_time time) {
  std::uint64_t requests = 0;
  std::vector<std::size_t> prey;
  for (const auto& body : block) {
    auto i = orders_.find(body->digest);
    auto& o = orders_[i];
    BOURSE_ASSERT(!o.executed());
    o.block = blocks_;
    o.position = executed_++;
    requests += body->content.requests.size();
    batches_.executed(i);
    trace_.add(body->digest);
    if (o.prey())
      prey.push_back(i);
    if (fair())
      for (auto& s : stampers_)
        s.set_next(o.about().client, o.about().stream, o.about().number.next());
  }
  ++blocks_;
  watch_.executed(time, requests);
  if (block.empty())
    return;
  if (fair())
    waits_since_.reset();
  market_.execute(block, block_time{time.value() / 1000});
  auto lots = market_.gain_of(attack_members::attacker).base;
  for (auto i : prey)
    carry_out(client_.executed(orders_[i], i, lots));
}

attack_result attack_world::result() const {
  attack_result r;
  auto mid = market_.twice_mid();
  r.orders = orders_.size();
  r.blocks = blocks_;
  r.view_changes = view_changes_;
  for (const auto& o : orders_.all()) {
    r.victims += o.prey() ? 1 : 0;
    r.preyed += o.part == attack_part::front && o.position < orders_[o.victim].position ? 1 : 0;
  }
  r.pairs = count_pairs(orders_, case_.size.n - std::size_t{colluders_});
  r.censored = watch_.censored();
  for (auto m : {attack_members::attacker, attack_members::accomplice})
    r.profit += market_.gain_of(m).worth(mid);
  for (std::uint32_t v = 0; v < attack_members::victims; ++v)
    r.victims_paid -= market_.gain_of(attack_members::first_victim + v).worth(2 * attack_mid);
  auto name = hasher{trace_}.finish();
  for (std::size_t i = 0; i < sizeof r.trace; ++i)
    r.trace = r.trace << 8 | name.data[i];
  return r;
}

} // namespace

attack_result run_attack(const attack_case& c) {
  return attack_world{c}.run();
}

nlohmann::json to_json(const attack_result& r) {
  return {{"orders", r.orders},
          {"blocks", r.blocks},
          {"view_changes", r.view_changes},
          {"victims", r.victims},
          {"preyed", r.preyed},
          {"separated", r.pairs.separated},
          {"flipped", r.pairs.flipped},
          {"overlapping", r.pairs.overlapping},
          {"overlapping_flipped", r.pairs.overlapping_flipped},
          {"censored", r.censored},
          {"profit", r.profit},
          {"victims_paid", r.victims_paid},
          {"trace", r.trace}};
}

} // namespace bourse::simulation
