// Which execution reports one session has been given: all from the number that it resumed at, in
// order, first out of the ledger and then as blocks are executed.
#pragma once

#include <algorithm>
#include <cstdint>

#include "messages/types.hpp"

namespace bourse::actors {

using namespace messages;

/// Pure. A session that is dropped from by its link has a gap; it sees that and resumes again.
class result_cursor {
public:
  /// The client wants reports from `from` on; `next` is the number that its next one will have.
  void resume(report_number from, report_number next) {
    next_ = std::clamp(from, report_number{1}, next);
    state_ = next_ == next ? state::live : state::reading;
  }

  bool reading() const {
    return state_ == state::reading;
  }
  /// The first report that has not been given, for reading from the ledger.
  report_number next() const {
    return next_;
  }

  /// A block gave the client `count` reports from `first` on. True if they are to be handed out
  /// now; else the ledger will give them.
  bool executed(report_number first, std::uint32_t count) {
    if (state_ != state::live || first != next_)
      return false;
    next_ = report_number{first.value() + count};
    return true;
  }

  /// The ledger gave those, which may begin before what was asked for. True if they are to be
  /// handed out.
  bool read(report_number first, std::uint32_t count) {
    auto end = report_number{first.value() + count};
    if (state_ != state::reading || first > next_ || end <= next_)
      return false;
    next_ = end;
    return true;
  }

  /// The ledger keeps none below `first`. True if that is news: the client must be told.
  bool skip(report_number first) {
    if (state_ != state::reading || first <= next_)
      return false;
    next_ = first;
    return true;
  }

  /// After reading: if nothing is missing up to `next`, blocks are handed out as they execute.
  void caught_up(report_number next) {
    if (state_ == state::reading && next_ >= next)
      state_ = state::live;
  }

private:
  enum class state : std::uint8_t { idle, reading, live };

  state state_ = state::idle;
  report_number next_;
};

} // namespace bourse::actors
