// Lies about when what was seen: stamps, and the chains of reports that carry them.
#include <algorithm>
#include <set>

#include "messages/crypto.hpp"
#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

/// In a report that is looked at.
constexpr std::uint32_t most_stamps = 4096;

struct place {
  report_index index;
  messages::digest digest;
  stamp_time boundary;
};

/// Tells other reports than its node makes, in a chain of their own. What the log takes of it the
/// node finds there, and goes on from that.
class false_chain : public habit {
public:
  using habit::habit;

protected:
  /// The report in place of `genuine`, always the same. Nothing: it tells that one.
  const signed_report* instead(const signed_report& genuine) {
    auto name = hash(genuine.body);
    if (auto known = made_.find(name); known != made_.end())
      return known->second ? &*known->second : nullptr;
    if (made_.size() > 512)
      made_.erase(made_.begin());
    auto content = decode_stamp_report(genuine.body, most_stamps);
    if (!content || content->replica != who_.id())
      return nullptr;
    // Its node goes on from one that the log has taken.
    if (auto taken = told_.find(content->previous); taken != told_.end())
      last_ = taken->second;
    auto& entry = made_[name];
    if (last_.index.value() > 0) {
      content->index = last_.index.next();
      content->previous = last_.digest;
    }
    falsify(*content, last_.boundary);
    if (content->boundary <= last_.boundary)
      return nullptr;
    signed_report r{encode(*content), {}};
    place at{content->index, hash(r.body), content->boundary};
    r.signature = who_.auth().sign(purpose::stamp_report, at.digest.view());
    if (told_.size() > 512)
      told_.erase(told_.begin());
    told_[at.digest] = last_ = at;
    entry = std::move(r);
    return &*entry;
  }
  /// Changes times, stamps and boundary, which must stay above `after` and ascend.
  virtual void falsify(stamp_report& r, stamp_time after) = 0;

  void change(std::vector<parcel>& all) {
    each<stamp_reports>(all, [&](stamp_reports& m) {
      bool lied = false;
      for (auto& r : m.reports)
        if (const auto* other = instead(r)) {
          lied = lied || other->body != r.body;
          r = *other;
        }
      return lied;
    });
  }

private:
  std::map<digest, std::optional<signed_report>> made_; ///< by the genuine one
  std::map<digest, place> told_;
  place last_;
};

/// Some are told one chain and the others another.
class two_chains final : public false_chain {
public:
  using false_chain::false_chain;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    if (who_.other_face(to))
      change(all);
  }

private:
  void falsify(stamp_report& r, stamp_time after) override {
    if (!r.stamps.empty() && random().below(2))
      r.stamps.erase(r.stamps.begin());
    else
      r.boundary = std::max(stamp_time{r.boundary.value() + 1}, stamp_time{after.value() + 1});
    std::erase_if(r.stamps, [&](const stamp& s) { return s.time <= after; });
  }
};

/// Everybody is told the same, but not the truth: it saw everything as early as it can still say,
/// or as late, or in an order of its own; or nothing; or what it never saw, or under a wrong
/// number.
class false_stamps final : public false_chain {
public:
  using false_chain::false_chain;

  void sending(std::size_t, std::vector<parcel>& all) override {
    change(all);
  }

private:
  void falsify(stamp_report& r, stamp_time after) override {
    if (r.boundary <= after)
      r.boundary = stamp_time{after.value() + 1000};
    if (chance())
      tell(r, after);
    if (random().below(16) == 0)
      r.boundary = stamp_time{r.boundary.value() + random().below(5'000'000)};
    // Whatever it says has to hang together, or nobody would listen.
    std::ranges::sort(r.stamps, {}, &stamp::time);
    auto last = after;
    for (auto& s : r.stamps)
      last = s.time = std::max(s.time, stamp_time{last.value() + 1});
    r.boundary = std::max(r.boundary, last);
  }

  void tell(stamp_report& r, stamp_time after) {
    switch (what_.amount) {
      case 0:
        for (auto& s : r.stamps)
          s.time = stamp_time{after.value() + 1};
        break;
      case 1:
        for (auto& s : r.stamps)
          s.time = r.boundary;
        break;
      case 2:
        for (auto& s : r.stamps)
          s.time = stamp_time{r.boundary.value() - random().below(100'000)};
        break;
      case 3:
        r.stamps.clear();
        break;
      default:
        for (auto& s : r.stamps) {
          if (random().below(4) == 0)
            s.about.number = submission_number{s.about.number.value() + random().below(3)};
          if (random().below(4) == 0 && !seen().bodies.empty())
            s.body = seen().bodies[random().below(seen().bodies.size())];
          if (random().below(8) == 0)
            s.body = random_digest(random());
        }
    }
  }
};

/// Its reports reach only some, and it gives none to those who ask.
class withheld_reports final : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    if (who_.other_face(to) || what_.amount == 0)
      std::erase_if(all, [&](const parcel& p) {
        bool reports = p.message && std::holds_alternative<stamp_reports>(*p.message);
        if (reports)
          did();
        return reports;
      });
  }
};

/// Asks for reports without end, sends others' again, and such that are none.
class noisy_reports final : public habit {
public:
  using habit::habit;

  void arrived(std::size_t, const peer_message& m) override {
    if (const auto* r = std::get_if<stamp_reports>(&m); r && chance() && !r->reports.empty())
      kept_ = *r;
  }
  void tick() override {
    if (!chance())
      return;
    did();
    auto to = anyone();
    fetch_reports ask{sequence_number{random().below(200)}, {}};
    for (auto n = random().below(40); n > 0; --n)
      ask.reports.push_back(
          {replica_id{static_cast<std::uint16_t>(random().below(8))},
           report_index{random().below(2) ? random().below(200) : random().next()},
           random_digest(random())});
    if (!seen().heads.empty())
      ask.reports.push_back(seen().heads[random().below(seen().heads.size())]);
    who_.say(to, ask);
    auto again = kept_;
    for (auto& r : again.reports)
      if (random().below(2))
        r.signature = random_signature(random());
      else if (!r.body.empty() && random().below(2))
        r.body[random().below(r.body.size())] ^= 1;
    who_.say(to, again);
  }

private:
  stamp_reports kept_;
};

} // namespace

habit_ptr make_stamp_habit(liar& who, const lie& what, std::uint64_t& count) {
  switch (what.kind) {
    case lie_kind::two_chains:
      return made<two_chains>(who, what, count);
    case lie_kind::false_stamps:
      return made<false_stamps>(who, what, count);
    case lie_kind::withheld_reports:
      return made<withheld_reports>(who, what, count);
    case lie_kind::noisy_reports:
      return made<noisy_reports>(who, what, count);
    default:
      return nullptr;
  }
}

} // namespace bourse::simulation
