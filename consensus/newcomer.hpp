// A replica that begins with an empty database may have had another one before, and voted: until it
// knows that nothing of that can matter any more it is silent. What is said and why it is enough:
// docs/PROTOCOL.md, "Losses, lag, restarts", under "A new database". The words of the code:
//
//   mark          a random number that the database was made with, erased once it takes part
//   silent        it still has its mark; in a message the mark itself, and 0 if it takes part
//   until         PROTOCOL's H, where its silence ends; 0: not known yet
//   goal          the first stable checkpoint at or above H that was seen here
//   founders      those as new as this replica when it began the cluster, and their marks then
//   founded_with  in a message: the mark of its receiver, if that is one of the sender's founders
//   fill          the log goes on with empty blocks, so that a silent replica gets to its H
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "consensus/authenticator.hpp"
#include "consensus/effects.hpp"

namespace bourse::consensus {

struct newcomer_options {
  replica_id self;
  cluster_size size;
  std::uint32_t window = 64;
  std::uint32_t checkpoint_interval = 32;
  /// 2f+1 begin a new cluster without the others after this. Long, since with one of them faulty
  /// an honest one that comes later finds nobody to prove where it stands.
  std::uint32_t founding_ms = 60'000;
  /// Others are asked again after this, at first, and at last.
  std::uint32_t ask_ms = 20;
  std::uint32_t ask_at_most_ms = 500;
  /// One that knows what it waits for says again that it does.
  std::uint32_t remind_ms = 500;
  /// One peer is given empty blocks again after this, and each time after twice as long, since it
  /// may lie; as at first if nothing was given for a day.
  std::uint32_t fill_again_ms = 30'000;
  std::uint32_t fill_at_most_ms = 3'600'000;
  std::uint32_t fill_forget_ms = 86'400'000;
};

/// What the disk knows of it.
struct silence {
  std::uint64_t mark = 0; ///< of the database, not 0
  sequence_number until;  ///< 0: not known yet

  friend bool operator==(const silence&, const silence&) = default;
};

/// Pure. It asks all others where they stand, and speaks
/// (a) if all of the cluster are as new as it is, or 2f+1 are and the others have not come for a
///     while: then there was no cluster;
/// (b) or once its own state has reached the highest stable checkpoint that 2f+1 others can prove
///     plus four windows. Whatever a former self has voted for lies below: it voted within one
///     window above a checkpoint that it knew as stable, the block there was made final by 2f+1
///     replicas, whose own stable checkpoints lay at most a window below it, and an honest one of
///     them is among the 2f+1 that have answered. The other two make its VIEW-CHANGEs worthless
///     (PROTOCOL, "A new database").
/// Those who take part keep one too: it answers, and has a primary with nothing else to propose
/// propose the empty blocks that a silent one waits for: else a disk lost in a quiet hour would be
/// a fault that lasts as long as the hour.
class newcomer {
public:
  /// It is silent for so many.
  static constexpr std::uint64_t windows = 4;

  /// `auth` outlives it. No silence: this replica takes part.
  newcomer(const newcomer_options& o, const authenticator& auth, std::optional<silence> s);

  void on_message(std::uint64_t now_ns, replica_id from, const standing& m);
  /// What is executed and saved here, and the stable checkpoint.
  void on_position(sequence_number executed, const stable_checkpoint& stable);
  /// A peer's link came up.
  void on_link(std::uint64_t now_ns, replica_id who);
  /// Call every 10 ms while it does not know what it waits for, and every 100 ms while silent.
  void on_tick(std::uint64_t now_ns);

  struct effects {
    std::vector<send> sends;
    /// To be written before anything else follows from it.
    std::optional<silence> persist;
    /// The log is to go on up to here, with empty blocks if there are no orders.
    std::optional<sequence_number> fill;
    /// Once, and only to be carried out when the mark is gone from the disk.
    bool speak = false;

    bool empty() const {
      return sends.empty() && !persist && !fill && !speak;
    }
  };
  effects take_effects() {
    return std::exchange(effects_, {});
  }

  bool silent() const {
    return silence_.has_value();
  }
  /// For `status`: what it waits for.
  std::optional<silence> what() const {
    return silence_;
  }
  /// Others that have answered since the start, and take part or are new.
  std::vector<replica_id> partakers() const;
  std::vector<replica_id> newcomers() const;

private:
  bool new_too(const standing& m) const;
  bool there_was_a_cluster() const;
  standing own(replica_id to, bool wants_answer) const;
  void ask(std::uint64_t now_ns);
  void remind(std::uint64_t now_ns);
  void fill_for(std::uint64_t now_ns, replica_id who, const standing& m);
  void settle(std::uint64_t now_ns);
  std::uint64_t silent_blocks() const {
    return windows * options_.window;
  }
  void speak();

  newcomer_options options_;
  const authenticator& auth_;
  std::optional<silence> silence_;
  sequence_number executed_;
  stable_checkpoint stable_;
  std::optional<sequence_number> goal_;          ///< a stable one at or above what is waited for
  std::map<replica_id, standing> heard_;         ///< proved, since the start
  std::map<replica_id, std::uint64_t> founders_; ///< whom the cluster was begun with: their marks
  std::optional<std::uint64_t> quorum_since_ns_; ///< 2f+1 are new
  struct errand {
    std::uint64_t since_ns;
    std::uint64_t wait_ns; ///< until the next
  };
  std::map<replica_id, errand> filled_;   ///< when the log was to go on for it
  std::optional<std::uint64_t> asked_ns_; ///< or reminded
  std::uint64_t ask_every_ns_;
  effects effects_;
};

} // namespace bourse::consensus
