#include "actors/report_quorum.hpp"

#include <algorithm>
#include <utility>

#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

/// Numbers above this are no honest replica's; below it sums of number and count cannot overflow.
constexpr std::uint64_t max_report_number = std::uint64_t{1} << 62;
/// A report takes two bytes at least, so a count beyond half the bytes is a lie.
constexpr std::size_t least_report_bytes = 2;

bool contains(const std::vector<replica_id>& list, replica_id r) {
  return std::find(list.begin(), list.end(), r) != list.end();
}

std::uint64_t end_of(const client_reports& r) {
  return r.first.value() + r.count;
}

} // namespace

report_quorum::report_quorum(cluster_size size, client_id self, const limits& l)
    : size_(size), self_(self), limits_(l), held_(size.n), faults_(size.n, 0) {}

void report_quorum::start(report_number wanted) {
  BOURSE_ASSERT(!started() && wanted.value() > 0);
  wanted_ = wanted;
}

void report_quorum::pass_over(report_number first) {
  for (const auto& [at, s] : slots_)
    if (s.decided && !s.delivered)
      first = std::min(first, s.wordings.front().reports.first);
  if (!started() || first <= wanted_)
    return;
  auto skipped = first.value() - wanted_.value();
  gone_ += skipped;
  counts_.gone += skipped;
  wanted_ = first;
  more_to_come_ = false;
  // What single replicas said of it stays unproved, and was no lie.
  for (auto it = slots_.begin(); it != slots_.end();) {
    auto& [at, s] = *it;
    if (!s.decided && std::all_of(s.wordings.begin(), s.wordings.end(), [&](auto& w) {
          return end_of(w.reports) <= wanted_.value();
        })) {
      for (auto& w : s.wordings)
        release(w);
      it = slots_.erase(it);
      --undelivered_;
    } else {
      ++it;
    }
  }
  deliver();
}

bool report_quorum::plausible(const client_reports& r) const {
  return r.client == self_ && r.count > 0 && r.first.value() > 0
         && r.first.value() < max_report_number && r.count <= r.encoded.size() / least_report_bytes;
}

void report_quorum::add(replica_id from, const results_statement& what, client_reports reports,
                        bool more) {
  if (!started() || from.value() >= size_.n)
    return;
  if (!plausible(reports)) {
    ++faults_[from.value()];
    return;
  }
  part_key at{what.sequence, reports.first};
  auto found = slots_.find(at);
  bool settled = found != slots_.end() && found->second.decided;
  if (end_of(reports) <= wanted_.value() && !settled) {
    ++counts_.repeated; // handed out long ago
    return;
  }
  if (found == slots_.end()) {
    if (!make_room(from, at, reports.encoded.size())) {
      ++counts_.dropped;
      return;
    }
    found = slots_.try_emplace(at).first;
    ++undelivered_;
  }
  auto& s = found->second;
  if (contains(s.overruled, from))
    return; // counted when it was
  auto equal = s.wordings.end();
  for (auto w = s.wordings.begin(); w != s.wordings.end(); ++w) {
    bool agrees = w->what == what && w->more == more && w->reports == reports;
    if (contains(w->said, from)) {
      ++(agrees ? counts_.repeated : faults_[from.value()]);
      return; // its first word counts
    }
    if (agrees)
      equal = w;
  }
  if (equal == s.wordings.end()) {
    if (s.decided) {
      ++faults_[from.value()];
      s.overruled.push_back(from);
      return;
    }
    if (s.wordings.size() > 0 && !make_room(from, at, reports.encoded.size())) {
      ++counts_.dropped;
      return;
    }
    held_[from.value()].bytes += reports.encoded.size();
    ++held_[from.value()].votes;
    equal = s.wordings.insert(s.wordings.end(), {what, std::move(reports), more, {}});
  }
  equal->said.push_back(from);
  if (!s.decided && equal->said.size() >= size_.weak_quorum()) {
    decide(s, static_cast<std::size_t>(equal - s.wordings.begin()));
    deliver();
  }
}

/// Drops the vote of `from` that is furthest ahead, as long as its share is used up and that one is
/// beyond `at`; it will be asked for again. What fills a gap must not find the room taken by what
/// waits behind the gap.
bool report_quorum::make_room(replica_id from, const part_key& at, std::size_t size) {
  auto& mine = held_[from.value()];
  auto fits = [&] {
    return mine.votes < limits_.votes_per_replica && mine.bytes + size <= limits_.bytes_per_replica;
  };
  for (auto it = slots_.end(); !fits() && it != slots_.begin();) {
    --it;
    if (it->first <= at)
      break;
    auto& wordings = it->second.wordings;
    auto w = std::find_if(wordings.begin(), wordings.end(), [&](const wording& x) {
      return x.said.size() == 1 && x.said.front() == from;
    });
    if (it->second.decided || w == wordings.end())
      continue;
    release(*w);
    wordings.erase(w);
    ++counts_.dropped;
    if (wordings.empty()) {
      it = slots_.erase(it);
      --undelivered_;
    }
  }
  return fits();
}

void report_quorum::release(const wording& w) {
  // Whoever said it first carries its weight.
  auto& holder = held_[w.said.front().value()];
  holder.bytes -= w.reports.encoded.size();
  --holder.votes;
}

void report_quorum::decide(slot& s, std::size_t winner) {
  for (std::size_t i = 0; i < s.wordings.size(); ++i) {
    release(s.wordings[i]);
    if (i == winner)
      continue;
    for (auto r : s.wordings[i].said) {
      ++faults_[r.value()];
      s.overruled.push_back(r);
    }
  }
  if (winner != 0)
    std::swap(s.wordings.front(), s.wordings[winner]);
  s.wordings.resize(1);
  s.decided = true;
}

void report_quorum::deliver() {
  // Honest report numbers ascend with the blocks, so one pass finds all that is ready. Blocks that
  // are not decided are passed over: a liar may have made them up.
  for (auto it = slots_.begin(); it != slots_.end();) {
    auto& s = it->second;
    if (s.decided && !s.delivered) {
      if (s.wordings.front().reports.first > wanted_)
        break; // something is missing before it
      deliver(s);
    }
    bool stale = !s.delivered && std::all_of(s.wordings.begin(), s.wordings.end(), [&](auto& w) {
      return end_of(w.reports) <= wanted_.value();
    });
    if (stale) { // in numbers that f+1 have assigned to other blocks
      for (auto& w : s.wordings) {
        release(w);
        for (auto r : w.said)
          ++faults_[r.value()];
      }
      it = slots_.erase(it);
      --undelivered_;
    } else {
      ++it;
    }
  }
  forget_delivered();
}

void report_quorum::deliver(slot& s) {
  s.delivered = true;
  --undelivered_;
  ++delivered_;
  auto& w = s.wordings.front();
  if (end_of(w.reports) <= wanted_.value())
    return;
  auto batch = std::make_shared<report_batch>();
  batch->what = w.what;
  batch->gone = std::exchange(gone_, 0);
  batch->more = more_to_come_ = w.more;
  if (auto decoded = decode_reports(w.reports.encoded, w.reports.count))
    batch->reports = std::move(*decoded);
  bool sound = batch->reports.size() == w.reports.count;
  auto number = w.reports.first;
  for (auto& r : batch->reports) {
    sound = sound && r.number == number && r.client == self_;
    number = number.next();
  }
  auto end = report_number{end_of(w.reports)};
  if (!sound) {
    ++counts_.malformed;
    wanted_ = end;
    return;
  }
  // Who resumes in the middle of a block gets all of it.
  auto known = static_cast<std::ptrdiff_t>(wanted_.value() - w.reports.first.value());
  batch->reports.erase(batch->reports.begin(), batch->reports.begin() + known);
  wanted_ = end;
  ++counts_.batches;
  counts_.reports += batch->reports.size();
  ready_.push_back(std::move(batch));
}

void report_quorum::forget_delivered() {
  for (auto it = slots_.begin(); it != slots_.end() && delivered_ > limits_.history;) {
    if (it->second.delivered) {
      it = slots_.erase(it);
      --delivered_;
    } else {
      ++it;
    }
  }
}

std::vector<report_batch_ptr> report_quorum::take_ready() {
  return std::exchange(ready_, {});
}

} // namespace bourse::actors
