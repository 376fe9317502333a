// A client's questions to the replicas, and when it believes an answer. Pure, like client_session.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "actors/client_session.hpp"
#include "actors/client_types.hpp"

namespace bourse::actors {

/// Asks, collects, compares, asks again. Up to f of the replicas lie, so an answer that has to be
/// true is one that f+1 give, byte for byte and as of one sequence number; a receipt is made of f+1
/// signatures. Others that execute late could agree on what was true before, so such an answer is
/// never as of an earlier block than what the client has been told: it reads what it wrote.
class client_queries {
public:
  using question_id = std::uint64_t;
  struct finished {
    question_id question = 0;
    question_answer_ptr result;
  };

  client_queries(cluster_size size, digest cluster, std::vector<public_key> replicas);

  question_id ask(const question& q, local_time_ms now);

  void linked(replica_id r);
  void unlinked(replica_id r, local_time_ms now);
  void receive(replica_id from, answer m, local_time_ms now);
  void tick(local_time_ms now);
  /// The client knows that this block was executed, since f+1 replicas told it what it did.
  void told(sequence_number block) {
    told_ = std::max(told_, block);
  }

  std::vector<client_outgoing> take_outgoing();
  std::vector<finished> take_finished();

private:
  /// One question. All replicas that are linked are asked; if too few of them agree, again, since
  /// replicas execute at slightly different times.
  struct open_question {
    question asked;
    local_time_ms deadline;
    sequence_number not_before; ///< what had been told when it was asked
    std::uint32_t attempt = 0;
    std::uint64_t wire_id = 0;                  ///< of the attempt
    sequence_number at;                         ///< that the attempt asks for
    std::vector<std::optional<answer>> answers; ///< by replica, of the attempt
    std::vector<bool> sent;                     ///< by replica, in the attempt
    std::vector<bool> heard;                    ///< by replica, in any attempt
    std::optional<local_time_ms> again_at;
    local_time_ms began; ///< the attempt
  };
  using questions = std::map<question_id, open_question>;

  void begin_attempt(open_question& q, local_time_ms now);
  void send(open_question& q, std::size_t replica);
  bool conclude(question_id id, open_question& q, local_time_ms now);
  bool conclude_one(question_id id, open_question& q);
  bool conclude_each(question_id id, open_question& q, local_time_ms now);
  bool conclude_quorum(question_id id, open_question& q);
  bool is_stale(const open_question& q, const answer& a) const;
  bool conclude_receipt(question_id id, open_question& q);
  bool all_up_answered(const open_question& q) const;
  sequence_number a_number_reached(const open_question& q) const;
  sequence_number a_number_to_come(const open_question& q) const;
  bool same(const question& q, const answer& a, const answer& b) const;
  void finish(question_id id, question_answer result);
  void give_up(question_id id, const open_question& q);

  cluster_size size_;
  digest cluster_;
  std::vector<public_key> replicas_;
  std::vector<bool> up_;
  questions questions_;
  question_id last_question_ = 0;
  std::uint64_t last_wire_id_ = 0;
  sequence_number told_; ///< the newest block that f+1 replicas spoke of
  std::size_t turn_ = 0; ///< whom trust::one asks first
  std::vector<client_outgoing> outgoing_;
  std::vector<finished> finished_;
};

/// True if the share proves its report in the name of that replica.
bool is_valid_share(const receipt_share& s, replica_id from, const public_key& key,
                    const digest& cluster);

} // namespace bourse::actors
