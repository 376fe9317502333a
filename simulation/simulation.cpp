#include "simulation/simulation.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "messages/assert.hpp"
#include "messages/signature_memo.hpp"
#include "simulation/adversary.hpp"
#include "simulation/equivocations.hpp"
#include "simulation/faults.hpp"
#include "simulation/hostile_client.hpp"
#include "simulation/load.hpp"
#include "simulation/oracle.hpp"
#include "simulation/story.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint64_t look_ms = 20;
/// Within this after the last lie all honest replicas have the same log.
constexpr std::uint64_t quiet_ms = 20'000;

/// What a clock that runs so much faster makes of them.
void scale_timers(node_options& o, std::int32_t percent) {
  for (auto* timer : {&o.retransmit_ms, &o.stall_ms, &o.order_ms, &o.link_grace_ms, &o.new_view_ms,
                      &o.body_grace_ms, &o.body_retry_ms})
    *timer = static_cast<std::uint32_t>(std::int64_t{*timer} * 100 / (100 + percent));
}

class simulation {
public:
  simulation(const plan& p, story* tell, field_campaign* campaign)
      : plan_(p),
        story_(tell),
        signatures_(p.signatures),
        cluster_(asleep(p.cluster)),
        oracle_(cluster_, p.byzantine, violations_),
        clients_(cluster_, p),
        faults_(cluster_, p, clients_, oracle_,
                [this](const std::string& what) {
                  if (story_)
                    story_->event(cluster_.universe().now(), what);
                }),
        adversary_(cluster_, p.byzantine, p.lies, p.seed, campaign) {
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      if (i < p.timers_percent.size())
        scale_timers(cluster_.options_of(i), p.timers_percent[i]);
      BOURSE_ASSERT(cluster_.start(i).has_value());
    }
    for (auto ms : p.suspicions_ms)
      cluster_.universe().at(ms * std::uint64_t{1'000'000}, [this] { suspect_all(); });
    cluster_.keep_nodes();
    if (p.hostile_client_ms > 0)
      hostile_ = std::make_unique<hostile_client>(cluster_, p.seed, p.hostile_client_ms, campaign);
    cluster_.listen_to_arrivals([this](std::size_t from, std::size_t to, byte_view message) {
      if (story_)
        story_->message(cluster_.universe().now(), from, to, message);
      adversary_.arrived(from, to, message);
      if (cluster_.has_twin(from))
        equivocations_.heard(cluster_.identity(from), message);
    });
    if (story_)
      adversary_.listen([this](std::size_t from, const std::string& what) {
        story_->lie(cluster_.universe().now(), from, what);
      });
  }
  ~simulation() {
    cluster_.listen_to_arrivals(nullptr);
  }
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  outcome go() {
    auto& world = cluster_.universe();
    advance(plan_.faulty_ms);
    faults_.heal();
    auto before = oracle_.market().requests();
    clients_.go_on();
    auto healed = world.now();
    auto end = healed + plan_.recovery_ms * std::uint64_t{1'000'000};
    while (good() && !recovered() && world.now() < end)
      advance(look_ms);
    result_.recovered_ms = (world.now() - healed) / 1'000'000;
    if (good() && !recovered())
      still_waiting();
    // Too much at a time is an answer too: but not to everything.
    if (good() && oracle_.market().requests() == before)
      violations_.add("liveness", "nothing has executed since the faults ended");
    if (good())
      end_lies();
    if (good())
      judge();
    while (good() && world.now() < plan_.least_ms * std::uint64_t{1'000'000})
      advance(look_ms);
    return conclude();
  }

private:
  static cluster_options asleep(cluster_options o) {
    o.asleep = true;
    return o;
  }

  /// Every replica suspects its primary.
  void suspect_all() {
    if (story_)
      story_->event(cluster_.universe().now(), "all suspect their primary");
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      if (cluster_.up(i))
        caf::anon_send(cluster_.node(i).routes->view_change, suspect_atom::value,
                       consensus::suspicion::stalled);
  }

  bool good() const {
    return violations_.empty();
  }

  void advance(std::uint64_t ms) {
    auto& world = cluster_.universe();
    for (std::uint64_t done = 0; done < ms && good(); done += look_ms) {
      world.run(look_ms, [&] { return !good(); });
      oracle_.look_at(clients_);
    }
  }

  /// All honest replicas have the log up to there.
  bool executed(std::uint64_t up_to) const {
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      if (oracle_.honest(i) && oracle_.executed(i) < up_to)
        return false;
    return true;
  }
  bool lied_to() const {
    return !plan_.byzantine.empty() || hostile_;
  }

  /// All clients have their answers, and all honest replicas what these rest on. While somebody
  /// lies the log may go on and on.
  bool recovered() {
    if (!clients_.finished())
      return false;
    if (!answered_at_ || !lied_to())
      answered_at_ = oracle_.log().length();
    return executed(*answered_at_);
  }

  /// So that there is a last block, and all honest replicas can be held against each other.
  void end_lies() {
    if (!lied_to())
      return;
    adversary_.fall_silent();
    if (hostile_)
      hostile_->stop();
    auto& world = cluster_.universe();
    auto end = world.now() + quiet_ms * 1'000'000;
    auto idle_since = world.now();
    auto length = oracle_.log().length();
    while (good() && world.now() < end
           && (world.now() - idle_since < 1'000'000'000 || !executed(oracle_.log().length()))) {
      advance(look_ms);
      if (oracle_.log().length() != length)
        idle_since = world.now();
      length = oracle_.log().length();
    }
  }

  void still_waiting() {
    violations_.set_now(cluster_.universe().now());
    violations_.add("liveness", "{} of {} placements have no answer {} ms after the faults",
                    clients_.placed() - clients_.answered(), clients_.placed(),
                    result_.recovered_ms);
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      if (oracle_.honest(i))
        violations_.add("liveness", "replica {} has executed {} of {} blocks", i,
                        oracle_.executed(i), oracle_.log().length());
  }

  void judge() {
    oracle_.finish(clients_);
    for (std::size_t i = 0; i < cluster_.size() && good(); ++i)
      if (oracle_.honest(i))
        compare_state(i);
  }

  void compare_state(std::size_t i) {
    if (!cluster_.up(i))
      return violations_.add("liveness", "replica {} is down although nothing is wrong", i);
    auto s = cluster_.status(i, true);
    if (!s.contains("state") || !s["state"].is_object())
      return violations_.add("liveness", "replica {} does not say what its state is", i);
    oracle_.state_said(i, s["state"]["sequence"].get<std::uint64_t>(),
                       s["state"]["digest"].get<std::string>());
    count_refused(i, s);
  }

  /// What a node has counted since its last start.
  void count_refused(std::size_t i, const nlohmann::json& s) {
    auto count = [&](const char* part, const char* name) {
      auto n = s["parts"][part].value(name, std::uint64_t{0});
      result_.refused[name] += n;
      return n;
    };
    for (const auto* name :
         {"bad_signatures", "bad_certificates", "bad_senders", "outside_watermarks", "wrong_view",
          "wrong_hashes", "not_from_primary", "equivocations", "rejected_proposals"})
      count("consensus", name);
    count("view_change", "bad_view_changes");
    count("view_change", "bad_new_views");
    count("transfer", "state_lies_total");
    result_.refused["malformed"] += s["malformed"]["peers"].get<std::uint64_t>();
    result_.refused["clients"] += s["malformed"]["clients"].get<std::uint64_t>()
                                  + s["signatures"]["refused_submissions"].get<std::uint64_t>();
    if (count("consensus", "diverged") > 0)
      violations_.add("recomputation", "replica {} finds its state to be another than 2f+1 have",
                      i);
  }

  outcome conclude() {
    auto& world = cluster_.universe();
    result_.seed = plan_.seed;
    result_.virtual_ms = world.now() / 1'000'000;
    result_.handled = world.handled();
    result_.messages = cluster_.messages().sent;
    result_.lost = cluster_.messages().lost;
    result_.blocks = oracle_.log().length();
    result_.requests = oracle_.market().requests();
    result_.trades = oracle_.market().trades();
    result_.answers = clients_.told();
    result_.votes = oracle_.votes();
    result_.steps = oracle_.steps();
    result_.view_changes = oracle_.view_changes();
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      result_.renewals += cluster_.renewals(i);
    result_.faults = faults_.happened();
    result_.byzantine = plan_.byzantine.size();
    result_.lies = adversary_.told();
    result_.two_proposals = equivocations_.slots();
    result_.hostile_submissions = hostile_ ? hostile_->sent() : 0;
    result_.trace = world.trace();
    result_.violations = violations_.all();
    if (story_)
      for (const auto& v : result_.violations)
        story_->event(v.at_ns, fmt::format("VIOLATION of {}: {}", v.rule, v.what));
    return result_;
  }

  const plan& plan_;
  story* story_;
  signature_memo signatures_;
  violations violations_;
  std::unique_ptr<hostile_client> hostile_; ///< links may tell it something until they end
  cluster cluster_;
  oracle oracle_;
  load clients_;
  faults faults_;
  adversary adversary_;
  equivocations equivocations_;
  std::optional<std::uint64_t> answered_at_; ///< the log's length when clients had all answers
  outcome result_;
};

} // namespace

nlohmann::json to_json(const outcome& o) {
  nlohmann::json j{{"seed", o.seed},
                   {"virtual_ms", o.virtual_ms},
                   {"handled", o.handled},
                   {"messages", o.messages},
                   {"lost", o.lost},
                   {"blocks", o.blocks},
                   {"requests", o.requests},
                   {"trades", o.trades},
                   {"answers", o.answers},
                   {"votes", o.votes},
                   {"steps", o.steps},
                   {"view_changes", o.view_changes},
                   {"renewals", o.renewals},
                   {"recovered_ms", o.recovered_ms},
                   {"trace", fmt::format("{:016x}", o.trace)}};
  j["faults"] = nlohmann::json::object();
  for (std::size_t k = 0; k < fault_kinds; ++k)
    j["faults"][std::string{to_string(static_cast<fault_kind>(k))}] = o.faults[k];
  j["byzantine"] = o.byzantine;
  j["hostile_submissions"] = o.hostile_submissions;
  j["two_proposals"] = o.two_proposals;
  j["refused"] = o.refused;
  j["lies"] = nlohmann::json::object();
  for (std::size_t k = 0; k < lie_kinds; ++k)
    j["lies"][std::string{to_string(static_cast<lie_kind>(k))}] = o.lies[k];
  j["violations"] = nlohmann::json::array();
  for (const auto& v : o.violations)
    j["violations"].push_back({{"rule", v.rule}, {"what", v.what}, {"at_ms", v.at_ns / 1'000'000}});
  return j;
}

outcome run(const plan& p, story* tell, field_campaign* campaign) {
  return simulation{p, tell, campaign}.go();
}

} // namespace bourse::simulation
