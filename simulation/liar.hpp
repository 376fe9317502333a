// What the habits of Byzantine replicas stand on: the keys of their node, its links, and what all
// of them have seen, for they work together.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "consensus/key_authenticator.hpp"
#include "consensus/new_view.hpp"
#include "messages/batch.hpp"
#include "messages/client.hpp"
#include "simulation/cluster.hpp"
#include "simulation/lies.hpp"

namespace bourse::simulation {

/// The channel that a message belongs to.
channel channel_of(const peer_message& m);

digest random_digest(random_source& random);
signature random_signature(random_source& random);

/// Something on its way to one replica. Without a message: raw bytes.
struct parcel {
  channel on;
  std::optional<peer_message> message;
  bytes raw;
  std::uint64_t delay_us = 0;
};

/// Something that a gateway is about to tell a client. Without a message: raw bytes.
struct tale {
  std::optional<gateway_message> message;
  bytes raw;
  std::uint64_t delay_us = 0;
};

class field_campaign;

/// What all Byzantine replicas together have seen; each part of it is bounded.
class hoard {
public:
  void see(const peer_message& m);

  view_number view;         ///< the highest that an honest replica spoke of
  sequence_number sequence; ///< of any vote
  stable_checkpoint stable; ///< the highest
  std::map<digest, shared_bytes> blocks;
  std::deque<statement> statements;                             ///< of late
  std::map<statement, std::vector<replica_signature>> prepares; ///< of late slots
  std::map<statement, std::vector<replica_signature>> commits;
  std::map<statement, signature> proposals;
  std::map<view_number, std::vector<view_change>> changes; ///< of the highest views
  std::vector<peer_message> messages;                      ///< any; a ring
  std::vector<chain_head> heads;                           ///< named in blocks; a ring
  std::vector<digest> bodies;                              ///< stamped by somebody; a ring
  /// The other face of a slot, for those who are shown it.
  std::map<std::pair<view_number, sequence_number>, statement> others;
  /// Null: whoever changes fields does it as it likes.
  field_campaign* campaign = nullptr;

private:
  void note(const statement& what);
  void see(const stable_checkpoint& c);

  std::size_t next_message_ = 0;
  std::size_t next_body_ = 0;
  std::size_t next_head_ = 0;
};

/// One Byzantine replica.
class liar {
public:
  liar(cluster& c, std::size_t self, hoard& seen, std::uint64_t seed);

  std::size_t self() const {
    return self_;
  }
  replica_id id() const {
    return replica_id{static_cast<std::uint16_t>(self_)};
  }
  const cluster_size& size() const {
    return cluster_.genesis().size;
  }
  const consensus::options& options() const {
    return options_;
  }
  const consensus::authenticator& auth() const {
    return auth_;
  }
  cluster& nodes() {
    return cluster_;
  }
  hoard& seen() {
    return seen_;
  }
  random_source& random() {
    return random_;
  }
  bool leads(view_number v) const {
    return size().primary_of(v) == id();
  }
  /// Those who are shown the other face.
  bool other_face(std::size_t to) const {
    return faces_ >> (to % 64) & 1;
  }

  template <class Statement>
  replica_signature sign(purpose why, const Statement& what) const {
    return {id(), auth_.sign(why, signed_bytes(what))};
  }
  view_change sign(const view_change_content& c) const;
  new_view sign(const new_view_content& c) const;
  messages::pre_prepare propose(view_number v, sequence_number n, const shared_bytes& block) const;
  /// What it says of this slot to those with the other face: always the same.
  statement other(const statement& what);

  /// Past its own habits.
  void say(std::size_t to, const peer_message& m, std::uint64_t delay_us = 0);
  void say_all(const peer_message& m);

private:
  cluster& cluster_;
  std::size_t self_;
  hoard& seen_;
  random_source random_;
  consensus::key_authenticator auth_;
  consensus::options options_;
  std::uint64_t faces_;
};

/// One habit of one liar.
class habit {
public:
  habit(liar& who, const lie& what, std::uint64_t& count) : who_(who), what_(what), count_(count) {}
  virtual ~habit() = default;

  const lie& what() const {
    return what_;
  }
  /// What the node is about to send to one other: may be changed, and become nothing or more.
  virtual void sending(std::size_t /*to*/, std::vector<parcel>& /*all*/) {}
  /// Before its node has it.
  virtual void arrived(std::size_t /*from*/, const peer_message& /*m*/) {}
  /// What its gateway is about to tell a client: likewise.
  virtual void telling(const client_line& /*to*/, std::vector<tale>& /*all*/) {}
  /// What a client sent, before its gateway has it.
  virtual void asked(const client_line& /*by*/, const client_message& /*m*/) {}
  /// Every `tick_ms`.
  virtual void tick() {}
  static constexpr std::uint64_t tick_ms = 50;

protected:
  bool chance() {
    return random().below(100) < what_.percent;
  }
  /// It lied.
  void did(std::uint64_t n = 1) {
    count_ += n;
  }
  random_source& random() {
    return who_.random();
  }
  hoard& seen() {
    return who_.seen();
  }
  std::size_t anyone() {
    auto n = who_.nodes().size();
    return (who_.self() + 1 + random().below(n - 1)) % n;
  }
  /// Calls change(message) for each of this kind; it returns whether it lied.
  template <class Message, class Change>
  void each(std::vector<parcel>& all, Change&& change) {
    for (auto& p : all)
      if (p.message)
        if (auto* m = std::get_if<Message>(&*p.message); m && change(*m))
          did();
  }

  liar& who_;
  lie what_;
  std::uint64_t& count_;
};
using habit_ptr = std::unique_ptr<habit>;

template <class Habit>
habit_ptr made(liar& who, const lie& what, std::uint64_t& count) {
  return std::make_unique<Habit>(who, what, count);
}

// One for each family; null if the kind is not of it.
habit_ptr make_vote_habit(liar& who, const lie& what, std::uint64_t& count);
habit_ptr make_stamp_habit(liar& who, const lie& what, std::uint64_t& count);
habit_ptr make_view_habit(liar& who, const lie& what, std::uint64_t& count);
habit_ptr make_fetch_habit(liar& who, const lie& what, std::uint64_t& count);
habit_ptr make_link_habit(liar& who, const lie& what, std::uint64_t& count);
habit_ptr make_client_habit(liar& who, const lie& what, std::uint64_t& count);
habit_ptr make_field_habit(liar& who, const lie& what, std::uint64_t& count);

} // namespace bourse::simulation
