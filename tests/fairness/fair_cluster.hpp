// Replicas' `sequencing` over a network that delays and loses, and in place of consensus one who
// sees everything: what a quorum has found acceptable is final.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fairness/sequencing.hpp"
#include "messages/crypto.hpp"
#include "messages/splitmix64.hpp"
#include "tests/fairness/fair_market.hpp"

namespace bourse::fairness {

class fair_cluster {
public:
  static constexpr std::uint64_t epoch_us = 1'700'000'000'000'000;

  struct options {
    std::uint64_t seed = 1;
    std::uint16_t replicas = 4;
    std::uint16_t liars = 0;        ///< the last ones: their reports and proposals are made up
    unsigned loss_percent = 0;      ///< of all messages, until `heal`
    std::uint64_t delay_us = 2'000; ///< at most
    std::uint64_t skew_us = 0;      ///< of clocks, at most
    unsigned checkpoint_interval = 0;
  };

  fair_cluster(const market::rules& rules, const options& o)
      : rules_(rules), options_(o), random_(o.seed), size_{o.replicas} {
    for (std::uint16_t i = 0; i < o.replicas; ++i) {
      std::array<std::uint8_t, 32> seed{};
      seed[0] = static_cast<std::uint8_t>(i + 1);
      nodes_.emplace_back(key_pair::from_seed(seed), below(o.skew_us + 1));
      start(i);
    }
    grant();
  }

  fair_cluster(const fair_cluster&) = delete;
  fair_cluster& operator=(const fair_cluster&) = delete;

  /// A body reaches a replica now.
  void client_sends(const submission_ptr& body, replica_id to) {
    event(to.value(), [body](sequencing& s, stamp_time now) { s.hold(body, now); });
  }

  /// Runs for so long.
  void run(std::uint64_t us) {
    auto until = now_ + us;
    while (true) {
      auto next = queue_.empty() ? UINT64_MAX : queue_.begin()->first;
      std::uint16_t due = size_.n;
      for (std::uint16_t i = 0; i < size_.n; ++i)
        if (auto at = wakes(i); at < next) {
          next = at;
          due = i;
        }
      if (next > until)
        break;
      now_ = std::max(now_, next);
      ++steps_;
      if (due < size_.n) {
        event(due, [](sequencing&, stamp_time) {});
        continue;
      }
      auto what = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      what();
    }
    now_ = until;
  }

  /// All messages arrive from now on.
  void heal() {
    options_.loss_percent = 0;
    down_.clear();
  }
  void cut_off(replica_id who) {
    down_.insert(who.value());
  }
  void reconnect(replica_id who) {
    down_.erase(who.value());
  }

  /// The process ends and begins again: with its disk, or with an empty one.
  void restart(replica_id who, bool wiped = false) {
    auto& n = nodes_[who.value()];
    if (wiped)
      n.disk = {};
    ++n.life;
    start(who.value());
    for (std::size_t k = 0; k < log_.size(); ++k)
      execute(who.value(), k);
    grant();
  }

  /// The next view: what a quorum found acceptable stays, the rest becomes null.
  void change_view() {
    view_ = view_number{view_.value() + 1};
    auto old = std::exchange(proposed_, {});
    std::map<sequence_number, proposal> kept;
    sequence_number last{log_.size()};
    for (auto& [n, p] : old)
      if (p.accepted.size() >= size_.quorum())
        last = n;
    for (std::uint16_t i = 0; i < size_.n; ++i)
      event(i, [v = view_](sequencing& s, stamp_time) { s.renew(v); });
    granted_ = sequence_number{std::max<std::uint64_t>(last.value(), log_.size())};
    for (auto n = sequence_number{log_.size()}.next(); n <= last; n = n.next()) {
      auto it = old.find(n);
      bool stays = it != old.end() && it->second.accepted.size() >= size_.quorum();
      offer(n, stays ? it->second.heads : std::vector<chain_head>{}, false);
    }
    grant();
  }

  bool honest(std::uint16_t i) const {
    return i < size_.n - options_.liars;
  }
  sequencing& at(std::uint16_t i) {
    return *nodes_[i].core;
  }
  /// What this replica has executed, in order.
  const std::vector<submission_ptr>& executed(std::uint16_t i) const {
    return nodes_[i].executed;
  }
  /// Honest stamps, by body and replica.
  const std::map<digest, std::map<std::uint16_t, stamp_time>>& stamps() const {
    return stamps_;
  }
  void switch_due(std::uint16_t i, block_time due) {
    event(i, [due](sequencing& s, stamp_time) { s.switch_due(due); });
  }
  void fill(std::uint16_t i, sequence_number until) {
    event(i, [until](sequencing& s, stamp_time) { s.fill(until); });
  }
  std::uint64_t block_time_now() const {
    return (epoch_us + now_) / 1000;
  }
  block_time last_block_time() const {
    return nodes_[0].time;
  }
  /// Honest replicas have executed the whole log.
  bool settled() const {
    for (std::uint16_t i = 0; i < size_.n; ++i)
      if (honest(i) && nodes_[i].core->executed().value() != log_.size())
        return false;
    return true;
  }
  std::string describe() const {
    std::string out;
    for (std::uint16_t i = 0; i < size_.n; ++i)
      out += "; " + std::to_string(i) + ": executed "
             + std::to_string(nodes_[i].core->executed().value()) + " of "
             + std::to_string(nodes_[i].told) + ", checks "
             + std::to_string(nodes_[i].core->open_checks()) + ", own "
             + std::to_string(nodes_[i].core->own().last().index.value()) + "/"
             + std::to_string(nodes_[i].core->order().heads().of(replica_id{i}).index.value())
             + ", tallied " + std::to_string(nodes_[i].core->tallied());
    return out + "; proposed " + std::to_string(proposed_.size());
  }
  std::size_t blocks() const {
    return log_.size();
  }
  std::uint64_t now() const {
    return now_;
  }
  std::uint64_t steps() const {
    return steps_;
  }
  std::uint64_t messages() const {
    return messages_;
  }
  bool times_fall() const {
    return times_fall_;
  }
  std::uint64_t below(std::uint64_t n) {
    return random_.below(n);
  }

private:
  struct disk {
    std::vector<report_ptr> reports;
    std::vector<submission_ptr> bodies;
  };
  struct node {
    node(key_pair k, std::uint64_t skew) : key(std::move(k)), skew_us(skew) {}

    key_pair key;
    std::uint64_t skew_us;
    std::unique_ptr<sequencing> core;
    struct disk disk;
    std::vector<submission_ptr> executed;
    std::map<std::size_t, std::vector<submission_ptr>> by_block; ///< of earlier lives too
    std::size_t told = 0;                                        ///< blocks of the log
    block_time time;
    std::uint64_t life = 0;
    chain_position made_up; ///< a liar's newest report
  };
  struct proposal {
    std::vector<chain_head> heads;
    std::set<std::uint16_t> accepted;
  };

  stamp_time clock(std::uint16_t i) const {
    return stamp_time{epoch_us + now_ + nodes_[i].skew_us};
  }
  std::uint64_t wakes(std::uint16_t i) const {
    auto at = nodes_[i].core->next_event();
    if (!at)
      return UINT64_MAX;
    auto offset = epoch_us + nodes_[i].skew_us;
    return std::max(now_ + 1, at->value() > offset ? at->value() - offset : 0);
  }

  void start(std::uint16_t i);
  void event(std::uint16_t i, const std::function<void(sequencing&, stamp_time)>& what);
  void carry_out(std::uint16_t i, sequencing_effects e);
  void send(std::uint16_t from, std::uint16_t to,
            std::function<void(sequencing&, stamp_time)> what);
  void send_report(std::uint16_t from, std::uint16_t to, const report_ptr& r);
  report_ptr make_up(std::uint16_t liar, const stamp_report& genuine);
  void offer(sequence_number n, std::vector<chain_head> heads, bool fresh);
  void accepted(std::uint16_t i, const statement& what);
  void finish();
  void execute(std::uint16_t i, std::size_t k);
  void grant();
  void note_execution(std::uint16_t i, const sequencing_effects::ordered& x);

  market::rules rules_;
  options options_;
  splitmix64 random_;
  cluster_size size_;
  std::deque<node> nodes_;
  std::multimap<std::uint64_t, std::function<void()>> queue_;
  std::set<std::uint16_t> down_;
  std::uint64_t now_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t messages_ = 0;
  view_number view_;
  sequence_number granted_;
  std::map<sequence_number, proposal> proposed_; ///< of this view, above the log
  std::vector<full_block_ptr> log_;
  std::map<digest, std::map<std::uint16_t, stamp_time>> stamps_;
  std::vector<stamped> stamped_; ///< by honest replicas
  bool times_fall_ = false;
};

} // namespace bourse::fairness
