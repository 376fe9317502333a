// One stream of the mempool: what is held under which number, and how far it is proposed.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/request.hpp"

namespace bourse::market {

using namespace messages;

/// What a submission counts for in a block: one without requests is no cheaper to carry.
inline std::uint32_t weight(const verified_submission& s) {
  return s.content.requests.empty() ? 1 : static_cast<std::uint32_t>(s.content.requests.size());
}

/// Numbers from `next` (the first not executed) on, in a ring that grows to what is in flight.
/// `next <= proposed <= run_end`; all of [proposed, run_end) is held and makes up `ready`.
class pending_stream {
public:
  std::uint64_t next() const {
    return next_;
  }
  /// The first number that no proposal holds.
  std::uint64_t proposed() const {
    return proposed_;
  }
  /// Requests that could be proposed now.
  std::uint32_t ready() const {
    return ready_;
  }
  std::size_t bytes() const {
    return bytes_;
  }

  /// Bytes held under numbers up to `number`, and how many bodies under it.
  struct usage {
    std::size_t bytes = 0;
    std::uint32_t rivals = 0;
  };
  usage usage_up_to(std::uint64_t number) const;

  /// Adds a body under a number from `next` on, within the window. `arrival` orders streams.
  void add(submission_ptr s, std::uint64_t arrival);

  /// The first body that came under the number; null if there is none.
  const submission_ptr& at(std::uint64_t number) const;
  /// When the body that would be proposed next came.
  std::uint64_t arrival() const;

  /// Takes what would be proposed next; `ready` must not be 0.
  submission_ptr propose();
  /// Somebody proposed this number. Only the one next in line counts.
  void note_proposed(std::uint64_t number);
  /// All that is held may be proposed again.
  void forget_proposed();

  /// Everything below `next` has executed: moves the bodies there to `dropped`.
  void advance(std::uint64_t next, std::vector<submission_ptr>& dropped);
  /// Moves all bodies to `dropped` and begins anew at `next`.
  void reset(std::uint64_t next, std::vector<submission_ptr>& dropped);

  bool queued = false; ///< for the pool: stands in its queue
  /// For the pool: since when this number has been next, and here.
  struct {
    std::uint64_t number = 0;
    std::uint64_t since_ns = 0;
  } head;

private:
  struct slot {
    submission_ptr body;
    std::uint64_t arrival = 0;
  };

  slot& slot_of(std::uint64_t number) {
    return ring_[number & (ring_.size() - 1)];
  }
  const slot& slot_of(std::uint64_t number) const {
    return ring_[number & (ring_.size() - 1)];
  }
  bool holds(std::uint64_t number) const {
    return number - next_ < ring_.size() && slot_of(number).body;
  }
  void reserve(std::uint64_t number);
  void extend_run();

  std::uint64_t next_ = 1;
  std::uint64_t proposed_ = 1;
  std::uint64_t run_end_ = 1;
  std::uint32_t ready_ = 0;
  std::size_t bytes_ = 0;
  std::vector<slot> ring_;             ///< a power of two long
  std::vector<submission_ptr> rivals_; ///< further bodies under numbers of the ring
};

} // namespace bourse::market
