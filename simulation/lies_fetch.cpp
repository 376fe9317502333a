// Lies in what others fetch: final blocks, bodies, states, and where a replica stands.
#include <algorithm>

#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

/// Spoils a proof: too few signatures, one twice, others' names, or inventions.
void spoil(liar& who, std::vector<replica_signature>& proof) {
  auto& random = who.random();
  if (proof.empty()) {
    proof.push_back({who.id(), random_signature(random)});
    return;
  }
  auto i = random.below(proof.size());
  switch (random.below(5)) {
    case 0:
      proof.pop_back();
      break;
    case 1:
      proof[i] = proof[(i + 1) % proof.size()];
      break;
    case 2:
      proof[i].replica = replica_id{static_cast<std::uint16_t>(random.below(12))};
      break;
    case 3:
      proof[i].signature = random_signature(random);
      break;
    default: // more than are needed
      proof.push_back(
          {replica_id{static_cast<std::uint16_t>(random.below(12))}, random_signature(random)});
  }
}

/// A stable checkpoint that nobody proved.
stable_checkpoint forged_stable(liar& who) {
  auto& random = who.random();
  auto c = who.seen().stable;
  if (random.below(2) && !c.proof.empty()) {
    spoil(who, c.proof);
    return c;
  }
  auto every = who.options().checkpoint_interval;
  auto n = c.what.sequence.value() + every * (1 + random.below(1000));
  c.what.sequence = sequence_number{random.below(4) == 0 ? random.next() : n};
  c.what.state = random_digest(random);
  c.proof.assign(who.size().quorum(), who.sign(purpose::checkpoint, c.what));
  if (random.below(2))
    for (std::uint16_t i = 0; i < c.proof.size(); ++i)
      c.proof[i].replica = replica_id{i};
  return c;
}

/// Final blocks that are not, both when it is asked and when it is not.
class forged_blocks final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<committed_block>(all, [&](committed_block& m) {
      if (!chance())
        return false;
      if (random().below(4) == 0 && m.block)
        m.block = std::make_shared<const bytes>(*m.block + '!');
      else if (random().below(8) == 0)
        m.certificate.what.sequence = sequence_number{m.certificate.what.sequence.value() + 1};
      else
        spoil(who_, m.certificate.commits);
      return true;
    });
  }
  void arrived(std::size_t from, const peer_message& m) override {
    const auto* q = std::get_if<fetch_blocks>(&m);
    if (!q || !chance())
      return;
    did();
    committed_block b;
    auto content = null_block(who_.options().cluster, q->from);
    content.heads.push_back({who_.id(), report_index{1}, random_digest(random())});
    b.block = std::make_shared<const bytes>(encode(content));
    b.certificate.what = {seen().view, q->from, hash(*b.block)};
    auto own = who_.sign(purpose::commit, b.certificate.what);
    b.certificate.commits.assign(random().below(3) ? who_.size().quorum() : 1, own);
    if (random().below(2))
      for (std::uint16_t i = 0; i < b.certificate.commits.size(); ++i)
        b.certificate.commits[i].replica = replica_id{i};
    who_.say(from, b);
  }
};

class wrong_bodies final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    for (auto& p : all) {
      auto* m = p.message ? std::get_if<bodies>(&*p.message) : nullptr;
      if (!m || m->submissions.empty() || !chance())
        continue;
      did();
      auto& s = m->submissions[random().below(m->submissions.size())];
      switch (what_.amount == 0 ? 4 : random().below(4)) {
        case 0:
          if (!s.body.empty())
            s.body[random().below(s.body.size())] ^= 1;
          break;
        case 1:
          s.signature = random_signature(random());
          break;
        case 2:
          s = m->submissions.front();
          break;
        case 3:
          m->submissions.pop_back();
          break;
        default: // it never gives any
          m->submissions.clear();
      }
    }
    std::erase_if(all, [](const parcel& p) {
      const auto* m = p.message ? std::get_if<bodies>(&*p.message) : nullptr;
      return m && m->submissions.empty();
    });
  }
};

/// Offers states that are not there, or not proved.
class false_offers final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<state_offer>(all, [&](state_offer& m) { return chance() && spoil_offer(m); });
  }
  void arrived(std::size_t from, const peer_message& m) override {
    if (!std::holds_alternative<fetch_state>(m) || !chance())
      return;
    did();
    state_offer o{seen().stable, random_digest(random()), random_digest(random())};
    spoil_offer(o);
    who_.say(from, o, random().below(1000));
  }

private:
  bool spoil_offer(state_offer& m) {
    switch (random().below(5)) {
      case 0:
        m.pages = random_digest(random());
        break;
      case 1:
        m.chain = random_digest(random());
        break;
      case 2:
        spoil(who_, m.stable.proof);
        break;
      case 3: // another number over the same pages
        m.stable.what.sequence = sequence_number{m.stable.what.sequence.value() + 1};
        m.stable.what.state = state_digest(m.stable.what.sequence, m.chain, m.pages);
        break;
      default:
        m.stable = forged_stable(who_);
    }
    return true;
  }
};

class wrong_state final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<state_nodes>(all, [&](state_nodes& m) {
      if (what_.amount == 1 || m.nodes.empty() || !chance())
        return false;
      auto& n = m.nodes[random().below(m.nodes.size())];
      if (n.children.empty() || random().below(4) == 0)
        n.path.key ^= std::uint64_t{1} << random().below(64);
      else if (random().below(2))
        n.children[random().below(n.children.size())].value = random_digest(random());
      else
        n.children.pop_back();
      return true;
    });
    each<state_pages>(all, [&](state_pages& m) {
      if (m.pages.empty() || !chance())
        return false;
      auto& p = m.pages[random().below(m.pages.size())];
      if (p.content.empty() || random().below(3) == 0)
        p.key ^= std::uint64_t{1} << random().below(64);
      else
        p.content[random().below(p.content.size())] ^= 1;
      return true;
    });
  }
};

/// What it offered is not there any more; blocks that it has are pruned.
class no_state final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<state_nodes>(all, [&](state_nodes& m) {
      if (!chance())
        return false;
      m.nodes.clear();
      return true;
    });
    each<state_pages>(all, [&](state_pages& m) {
      if (!chance())
        return false;
      m.pages.clear();
      return true;
    });
    for (auto& p : all)
      if (p.message && std::holds_alternative<committed_block>(*p.message) && chance()) {
        p.message = pruned{sequence_number{seen().sequence.value() + random().below(100)}};
        p.on = channel::state;
        did();
      }
  }
};

/// One part of what it was asked for, as late as it is still waited for.
class slow_state final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    for (auto& p : all) {
      if (!p.message)
        continue;
      if (auto* m = std::get_if<state_nodes>(&*p.message); m && m->nodes.size() > 1)
        m->nodes.resize(1);
      else if (auto* m = std::get_if<state_pages>(&*p.message); m && m->pages.size() > 1)
        m->pages.resize(1);
      else if (!std::holds_alternative<state_offer>(*p.message)
               && !std::holds_alternative<state_nodes>(*p.message)
               && !std::holds_alternative<state_pages>(*p.message)
               && !std::holds_alternative<committed_block>(*p.message))
        continue;
      p.delay_us += what_.amount * 1000ull;
      did();
    }
  }
};

/// Just before another is asked.
class slow_bodies final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    for (auto& p : all) {
      if (!p.message
          || (!std::holds_alternative<bodies>(*p.message)
              && !std::holds_alternative<committed_block>(*p.message)))
        continue;
      p.delay_us += what_.amount * 1000ull;
      did();
    }
  }
};

/// That it is new, or old, or stands where nobody does.
class false_standing final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<standing>(all, [&](standing& m) { return chance() && spoil_standing(m); });
  }
  void arrived(std::size_t, const peer_message& m) override {
    if (const auto* s = std::get_if<standing>(&m); s && s->silent != 0)
      mark_ = s->silent;
  }
  void tick() override {
    if (random().below(4) != 0 || !chance())
      return;
    did();
    standing m;
    m.stable = seen().stable;
    m.wants_answer = true;
    spoil_standing(m);
    who_.say(anyone(), m);
  }

private:
  bool spoil_standing(standing& m) {
    switch (random().below(5)) {
      case 0:
        m.silent = m.silent == 0 ? random().next() | 1 : 0;
        break;
      case 1:
        m.founded_with = random().below(2) ? mark_ : random().next();
        break;
      case 2:
        m.stable = forged_stable(who_);
        break;
      case 3:
        m.stable = {};
        break;
      default:
        m.silent = mark_;
        m.founded_with = mark_;
    }
    return true;
  }

  std::uint64_t mark_ = 1;
};

/// It claims to have executed far more, or nothing, so that others ask it.
class false_progress final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<progress>(all, [&](progress& m) { return chance() && spoil_progress(m); });
  }
  void tick() override {
    if (random().below(4) != 0 || !chance())
      return;
    progress m{seen().view, seen().stable.what.sequence, seen().sequence};
    spoil_progress(m);
    did();
    who_.say_all(m);
  }

private:
  bool spoil_progress(progress& m) {
    auto ahead = std::array<std::uint64_t, 3>{8, 1000, ~std::uint64_t{0} >> 1};
    switch (random().below(4)) {
      case 0:
        m.executed = sequence_number{m.executed.value() + random().below(ahead[random().below(3)])};
        break;
      case 1:
        m.stable = sequence_number{m.stable.value() + random().below(ahead[random().below(3)])};
        break;
      case 2:
        m = {};
        break;
      default:
        m.view = view_number{random().next()};
    }
    return true;
  }
};

/// It asks everybody for everything, all the time.
class endless_questions final : public habit {
public:
  using habit::habit;

  void tick() override {
    for (int i = 0; i < 4; ++i) {
      if (!chance())
        continue;
      did();
      who_.say(anyone(), question());
    }
  }

private:
  peer_message question() {
    auto top = seen().sequence.value() + 4;
    sequence_number n{random().below(8) == 0 ? random().next() : 1 + random().below(top)};
    switch (random().below(6)) {
      case 0:
        return fetch_blocks{n, sequence_number{random().below(2) ? ~std::uint64_t{0} : top}};
      case 1: {
        statement what{seen().view, n, random_digest(random())};
        const auto& known = seen().statements;
        if (!known.empty() && random().below(2))
          what = known[random().below(known.size())];
        return fetch_proposal{what};
      }
      case 2: {
        fetch_bodies q{n, {}};
        for (std::size_t i = 0; i < 200; ++i)
          q.digests.push_back(seen().bodies.empty() || random().below(8) == 0
                                  ? random_digest(random())
                                  : seen().bodies[random().below(seen().bodies.size())]);
        return q;
      }
      case 3:
        return fetch_state{sequence_number{random().below(2) ? 0 : random().next()}};
      case 4: {
        fetch_state_nodes q{random().next(), seen().stable.what.sequence, {}};
        for (unsigned level = 0; level < 4; ++level)
          q.paths.push_back({0, static_cast<std::uint8_t>(level)});
        return q;
      }
      default: {
        fetch_state_pages q{random().next(), seen().stable.what.sequence, {}};
        for (std::size_t i = 0; i < 64; ++i)
          q.keys.push_back(random().below(2) ? random().next() : random().below(1000));
        return q;
      }
    }
  }
};

} // namespace

habit_ptr make_fetch_habit(liar& who, const lie& what, std::uint64_t& count) {
  switch (what.kind) {
    case lie_kind::forged_blocks:
      return made<forged_blocks>(who, what, count);
    case lie_kind::wrong_bodies:
      return made<wrong_bodies>(who, what, count);
    case lie_kind::false_offers:
      return made<false_offers>(who, what, count);
    case lie_kind::wrong_state:
      return made<wrong_state>(who, what, count);
    case lie_kind::no_state:
      return made<no_state>(who, what, count);
    case lie_kind::slow_state:
      return made<slow_state>(who, what, count);
    case lie_kind::slow_bodies:
      return made<slow_bodies>(who, what, count);
    case lie_kind::false_standing:
      return made<false_standing>(who, what, count);
    case lie_kind::false_progress:
      return made<false_progress>(who, what, count);
    case lie_kind::endless_questions:
      return made<endless_questions>(who, what, count);
    default:
      return nullptr;
  }
}

} // namespace bourse::simulation
