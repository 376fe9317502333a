// Lies in PBFT's normal case: proposals, votes, checkpoints.
#include <algorithm>

#include "messages/block.hpp"
#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

shared_bytes share(const block& b) {
  return std::make_shared<const bytes>(encode(b));
}

/// One that some block has named; null if none is known.
const chain_head* old_head(const hoard& from, random_source& random) {
  return from.heads.empty() ? nullptr : &from.heads[random.below(from.heads.size())];
}

/// It is the liar's own proposal, said for the first time or again.
bool proposes(const liar& who, const pre_prepare& m) {
  return who.leads(m.what.view) && m.signature != messages::signature{} && m.block;
}

/// As primary it proposes one block to some and another to the others; to a few of them both.
class two_proposals final : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    std::vector<parcel> more;
    each<pre_prepare>(all, [&](pre_prepare& m) {
      if (!proposes(who_, m) || !who_.other_face(to))
        return false;
      auto other = another(m);
      if (!other)
        return false;
      if (random().below(8) == 0)
        more.push_back({channel::consensus, m, {}, 0});
      m = *other;
      return true;
    });
    all.insert(all.end(), more.begin(), more.end());
  }

private:
  std::optional<pre_prepare> another(const pre_prepare& m) {
    auto key = std::pair{m.what.view, m.what.sequence};
    if (auto known = made_.find(key); known != made_.end())
      return known->second;
    if (made_.size() > 256)
      made_.erase(made_.begin());
    auto b = chance() ? decode_block(*m.block) : expected<block>{fail(errc::malformed)};
    if (!b || is_null(*b))
      return made_[key] = std::nullopt;
    auto& heads = b->heads;
    if (heads.size() > 1)
      heads.erase(heads.begin() + static_cast<std::ptrdiff_t>(random().below(heads.size())));
    else if (const auto* old = old_head(seen(), random()); old && *old != heads.front())
      heads.assign(1, *old);
    else
      return made_[key] = std::nullopt;
    auto p = who_.propose(m.what.view, m.what.sequence, share(*b));
    seen().others[key] = p.what;
    seen().blocks[p.what.digest] = p.block;
    return made_[key] = std::move(p);
  }

  std::map<std::pair<view_number, sequence_number>, std::optional<pre_prepare>> made_;
};

/// What it votes for depends on who listens.
template <class Vote, purpose Why>
class two_votes final : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    if (!who_.other_face(to))
      return;
    each<Vote>(all, [&](Vote& m) {
      if (m.by.replica != who_.id() || !chance())
        return false;
      m.what = who_.other(m.what);
      m.by = who_.sign(Why, m.what);
      return true;
    });
  }
};

class two_checkpoints final : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    each<messages::checkpoint>(all, [&](messages::checkpoint& m) {
      if (m.by.replica != who_.id() || !who_.other_face(to) || !chance())
        return false;
      m.what.state = hasher{}.add(m.what.state).finish();
      m.by = who_.sign(purpose::checkpoint, m.what);
      return true;
    });
  }
};

/// It prepares and commits whatever anybody proposes or votes for, at once.
class votes_for_all final : public habit {
public:
  using habit::habit;

  void arrived(std::size_t, const peer_message& m) override {
    if (const auto* p = std::get_if<pre_prepare>(&m))
      vote(p->what);
    else if (const auto* v = std::get_if<prepare>(&m))
      vote(v->what);
    else if (const auto* v = std::get_if<commit>(&m))
      vote(v->what);
  }
  void tick() override {
    if (seen().others.empty() || !chance())
      return;
    auto which = random().below(std::min<std::size_t>(seen().others.size(), 8));
    vote(std::prev(seen().others.end(), static_cast<std::ptrdiff_t>(which + 1))->second);
  }

private:
  void vote(const statement& what) {
    if (!done_.insert(what).second || !chance())
      return;
    if (done_.size() > 512)
      done_.erase(done_.begin());
    did();
    if (!who_.leads(what.view))
      who_.say_all(prepare{what, who_.sign(purpose::prepare, what)});
    who_.say_all(commit{what, who_.sign(purpose::commit, what)});
  }

  std::set<statement> done_;
};

/// Votes for blocks that nobody has, in slots that are open, or near them.
class invented_votes final : public habit {
public:
  using habit::habit;

  void tick() override {
    if (!chance())
      return;
    did();
    statement what{view_number{seen().view.value() + random().below(2)},
                   sequence_number{seen().sequence.value() + random().below(8)},
                   random_digest(random())};
    if (who_.leads(what.view) && random().below(2)) {
      auto block = std::make_shared<const bytes>(40 + random().below(200), 'x');
      return who_.say_all(who_.propose(what.view, what.sequence, block));
    }
    switch (random().below(3)) {
      case 0:
        return who_.say_all(prepare{what, who_.sign(purpose::prepare, what)});
      case 1:
        return who_.say_all(commit{what, who_.sign(purpose::commit, what)});
      default: {
        auto every = who_.options().checkpoint_interval;
        checkpoint_statement c{sequence_number{(what.sequence.value() / every + 1) * every},
                               what.digest};
        return who_.say_all(messages::checkpoint{c, who_.sign(purpose::checkpoint, c)});
      }
    }
  }
};

/// Its votes are for another view or another slot than they should be.
class other_slots final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<prepare>(all, [&](prepare& m) { return moved(m, purpose::prepare); });
    each<commit>(all, [&](commit& m) { return moved(m, purpose::commit); });
  }

private:
  template <class Vote>
  bool moved(Vote& m, purpose why) {
    if (m.by.replica != who_.id() || !chance())
      return false;
    auto by = random().below(5);
    auto& view = m.what.view;
    auto& n = m.what.sequence;
    if (random().below(2))
      view = view_number{view.value() + by >= 2 ? view.value() + by - 2 : 0};
    else
      n = sequence_number{n.value() + by >= 2 ? n.value() + by - 2 : 0};
    m.by = who_.sign(why, m.what);
    return true;
  }
};

/// Votes in the names of others, over its own link and ahead of theirs, with signatures that are
/// none: for what is proposed, or for another block. As primary also for blocks whose time is far
/// from all clocks, which f+1 votes would excuse.
class others_votes final : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    each<pre_prepare>(all, [&](pre_prepare& m) {
      if (!proposes(who_, m))
        return false;
      auto key = std::pair{m.what.view, m.what.sequence};
      auto known = made_.find(key);
      if (known == made_.end()) {
        if (made_.size() > 256)
          made_.erase(made_.begin());
        known = made_.emplace(key, chance() ? perhaps_ahead(m) : std::nullopt).first;
      }
      if (!known->second)
        return false;
      m = *known->second;
      vote(to, m.what);
      return true;
    });
  }
  void arrived(std::size_t, const peer_message& m) override {
    const auto* p = std::get_if<pre_prepare>(&m);
    if (!p || !done_.insert(p->what).second || !chance())
      return;
    if (done_.size() > 512)
      done_.erase(done_.begin());
    did();
    auto what = random().below(2) ? p->what : who_.other(p->what);
    for (std::size_t to = 0; to < who_.nodes().size(); ++to)
      if (to != who_.self())
        vote(to, what);
  }

private:
  std::optional<pre_prepare> perhaps_ahead(const pre_prepare& m) {
    auto b = decode_block(*m.block);
    if (!b || is_null(*b) || random().below(2))
      return m;
    auto& head = b->heads.front(); // nobody has that
    head = {head.replica, head.index.next(), random_digest(random())};
    return who_.propose(m.what.view, m.what.sequence, share(*b));
  }
  void vote(std::size_t to, const statement& what) {
    for (std::uint16_t i = 0; i < who_.size().n; ++i) {
      replica_id by{i};
      if (i == to || by == who_.id())
        continue;
      if (by != who_.size().primary_of(what.view))
        who_.say(to, prepare{what, {by, random_signature(random())}});
      who_.say(to, commit{what, {by, random_signature(random())}});
    }
  }

  std::map<std::pair<view_number, sequence_number>, std::optional<pre_prepare>> made_;
  std::set<statement> done_;
};

/// As primary it leaves chains out: all but its own, the last, or those of one in a few.
class empty_blocks final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<pre_prepare>(all, [&](pre_prepare& m) {
      if (!proposes(who_, m))
        return false;
      auto key = std::pair{m.what.view, m.what.sequence};
      auto known = made_.find(key);
      if (known == made_.end()) {
        if (made_.size() > 256)
          made_.erase(made_.begin());
        known = made_.emplace(key, emptied(m)).first;
      }
      if (known->second)
        m = *known->second;
      return known->second.has_value();
    });
  }

private:
  std::optional<pre_prepare> emptied(const pre_prepare& m) {
    auto b = chance() ? decode_block(*m.block) : expected<block>{fail(errc::malformed)};
    if (!b || is_null(*b))
      return std::nullopt;
    auto some = b->heads.front();
    if (what_.amount == 0)
      std::erase_if(b->heads, [&](const chain_head& h) { return h.replica != who_.id(); });
    else if (what_.amount == 1)
      b->heads.pop_back();
    else
      std::erase_if(b->heads,
                    [&](const chain_head& h) { return h.replica.value() % what_.amount == 0; });
    if (b->heads.empty())
      b->heads.push_back(some);
    return who_.propose(m.what.view, m.what.sequence, share(*b));
  }

  std::map<std::pair<view_number, sequence_number>, std::optional<pre_prepare>> made_;
};

/// As primary it proposes what is no block, or not one for this slot.
class bad_blocks final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<pre_prepare>(all, [&](pre_prepare& m) {
      if (!proposes(who_, m) || !chance())
        return false;
      auto b = decode_block(*m.block);
      if (!b)
        return false;
      m = who_.propose(m.what.view, m.what.sequence, spoil(*b));
      if (random().below(6) == 0)
        m.block = share(*b); // not what was signed
      return true;
    });
  }

private:
  shared_bytes spoil(block b) {
    switch (random().below(8)) {
      case 0: // which nobody signed
        b.heads.push_back({replica_id{static_cast<std::uint16_t>(random().below(8))},
                           report_index{random().next()}, random_digest(random())});
        break;
      case 1: // which the log has left behind
        if (const auto* old = old_head(seen(), random()))
          b.heads.assign(1, *old);
        break;
      case 2:
        std::ranges::reverse(b.heads);
        b.heads.insert(b.heads.end(), b.heads.begin(), b.heads.end());
        break;
      case 3: // another's
        if (!b.heads.empty())
          b.heads.front().replica = who_.id();
        break;
      case 4:
        b.sequence = sequence_number{b.sequence.value() + 1};
        break;
      case 5:
        b.cluster = random_digest(random());
        break;
      case 6:
        b = null_block(b.cluster, b.sequence);
        break;
      default:
        return std::make_shared<const bytes>(random().below(100), '\x7f');
    }
    return share(b);
  }
};

} // namespace

habit_ptr make_vote_habit(liar& who, const lie& what, std::uint64_t& count) {
  switch (what.kind) {
    case lie_kind::two_proposals:
      return made<two_proposals>(who, what, count);
    case lie_kind::two_prepares:
      return made<two_votes<prepare, purpose::prepare>>(who, what, count);
    case lie_kind::two_commits:
      return made<two_votes<commit, purpose::commit>>(who, what, count);
    case lie_kind::two_checkpoints:
      return made<two_checkpoints>(who, what, count);
    case lie_kind::votes_for_all:
      return made<votes_for_all>(who, what, count);
    case lie_kind::invented_votes:
      return made<invented_votes>(who, what, count);
    case lie_kind::other_slots:
      return made<other_slots>(who, what, count);
    case lie_kind::others_votes:
      return made<others_votes>(who, what, count);
    case lie_kind::empty_blocks:
      return made<empty_blocks>(who, what, count);
    case lie_kind::bad_blocks:
      return made<bad_blocks>(who, what, count);
    default:
      return nullptr;
  }
}

} // namespace bourse::simulation
