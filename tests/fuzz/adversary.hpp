// Whoever holds some replicas' keys, hears everything, and says what it likes: messages of every
// kind of consensus, from valid ones down to noise, as the choices have it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "messages/consensus.hpp"
#include "tests/fuzz/choices.hpp"

namespace bourse::fuzz {

using namespace bourse::messages;

class adversary {
public:
  /// What it aims at: where the replica it speaks to stands.
  struct target {
    view_number view;
    sequence_number stable;
    sequence_number executed;
    std::uint32_t window = 4;
    std::uint32_t checkpoint_interval = 2;
  };

  adversary(std::uint16_t n, std::set<std::uint16_t> own_keys)
      : size_{n}, own_keys_(std::move(own_keys)) {}

  /// What an honest replica says: its signatures can be used from now on, and it can be repeated.
  void overhear(replica_id by, const peer_message& m);
  peer_message forge(choices& c, const target& t);
  bool owns(replica_id r) const {
    return own_keys_.contains(r.value());
  }

private:
  struct forged_block {
    digest name;
    shared_bytes bytes;
  };

  void learn(replica_id by, purpose why, byte_view payload);
  signature sign(replica_id by, purpose why, byte_view payload) const;
  std::vector<replica_signature> signed_by_some(choices& c, purpose why, byte_view payload,
                                                std::size_t wanted, const replica_id* without);

  replica_id any_replica(choices& c) const;
  view_number any_view(choices& c, const target& t) const;
  sequence_number any_sequence(choices& c, const target& t) const;
  forged_block any_block(choices& c, sequence_number n) const;
  statement any_statement(choices& c, const target& t);
  shared_bytes block_of(const digest& d) const;
  stable_checkpoint any_stable(choices& c, const target& t);
  checkpoint_statement any_checkpoint(choices& c, const target& t);
  prepared_certificate any_certificate(choices& c, const target& t);

  peer_message repeated(choices& c) const;
  peer_message changed_bytes(choices& c) const;
  peer_message proposal(choices& c, const target& t);
  template <class Vote>
  peer_message vote(choices& c, const target& t, purpose why);
  peer_message proved_block(choices& c, const target& t);
  view_change change(choices& c, const target& t, replica_id by, view_number to);
  peer_message new_view_message(choices& c, const target& t);
  peer_message of_others(choices& c, const target& t);

  cluster_size size_;
  std::set<std::uint16_t> own_keys_;
  std::set<std::tuple<replica_id, purpose, bytes>> known_;
  std::deque<peer_message> heard_;
  std::deque<statement> statements_;
  std::deque<checkpoint_statement> checkpoints_;
  std::map<digest, shared_bytes> blocks_;
  std::map<std::pair<replica_id, view_number>, view_change> changes_;
};

} // namespace bourse::fuzz
