// Lies that any protocol would know: silence, lateness, old messages, huge numbers, noise.
#include <algorithm>

#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

/// Some hear nothing from it.
class silence_to_some final : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    if (!(what_.amount >> to % 32 & 1) || !chance())
      return;
    did(all.size());
    all.clear();
  }
};

/// One kind of message never leaves it.
class withheld_kind final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    auto before = all.size();
    std::erase_if(all, [&](const parcel& p) {
      return p.message && p.message->index() == what_.amount && chance();
    });
    did(before - all.size());
  }
};

class delays final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    for (auto& p : all)
      if (chance()) {
        p.delay_us += random().below(what_.amount * 1000ull);
        did();
      }
  }
};

/// As primary it is always just quick enough.
template <class Message>
class slow final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    for (auto& p : all)
      if (p.message && mine(*p.message)) {
        p.delay_us += what_.amount * 1000ull;
        did();
      }
  }

private:
  bool mine(const peer_message& m) const {
    if constexpr (std::is_same_v<Message, pre_prepare>) {
      const auto* p = std::get_if<pre_prepare>(&m);
      return p && who_.leads(p->what.view);
    } else {
      return std::holds_alternative<Message>(m);
    }
  }
};

/// What it said before, again: out of old views, and old windows.
class replays final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    std::vector<parcel> more;
    for (const auto& p : all) {
      if (!p.message)
        continue;
      if (old_.size() < most)
        old_.push_back(*p.message);
      else if (random().below(4) == 0)
        old_[random().below(most)] = *p.message;
      if (!chance())
        continue;
      const auto& again = old_[random().below(old_.size())];
      more.push_back({channel_of(again), again, {}, random().below(2000)});
      did();
    }
    all.insert(all.end(), more.begin(), more.end());
  }

private:
  static constexpr std::size_t most = 400;
  std::vector<peer_message> old_;
};

/// What others said, over its own link, and to others than it was for.
class relays final : public habit {
public:
  using habit::habit;

  void tick() override {
    for (int i = 0; i < 4 && !seen().messages.empty(); ++i)
      if (chance()) {
        did();
        who_.say(anyone(), seen().messages[random().below(seen().messages.size())]);
      }
  }
};

/// Numbers at the end of their range, signed by its own key.
class huge_numbers final : public habit {
public:
  using habit::habit;

  void tick() override {
    if (!chance())
      return;
    did();
    who_.say(anyone(), absurd());
  }

private:
  std::uint64_t number() {
    std::array<std::uint64_t, 7> all{0,
                                     1,
                                     seen().sequence.value(),
                                     std::uint64_t{1} << 63,
                                     (std::uint64_t{1} << 63) - 1,
                                     ~std::uint64_t{0} - random().below(70),
                                     ~std::uint64_t{0}};
    return all[random().below(all.size())];
  }
  statement what() {
    auto v = random().below(2) ? seen().view.value() : number();
    auto n = random().below(3) == 0 ? seen().sequence.value() + 1 : number();
    return {view_number{v}, sequence_number{n}, random_digest(random())};
  }
  stable_checkpoint stable() {
    auto c = seen().stable;
    c.what.sequence = sequence_number{number()};
    return c;
  }
  peer_message absurd() {
    auto w = what();
    auto n = sequence_number{number()};
    checkpoint_statement c{n, random_digest(random())};
    auto nothing = std::make_shared<const bytes>();
    switch (random().below(17)) {
      case 0:
        return who_.propose(w.view, w.sequence, nothing);
      case 1:
        return prepare{w, who_.sign(purpose::prepare, w)};
      case 2:
        return commit{w, who_.sign(purpose::commit, w)};
      case 3:
        return messages::checkpoint{c, who_.sign(purpose::checkpoint, c)};
      case 4:
        return progress{w.view, n, sequence_number{number()}};
      case 5:
        return fetch_blocks{n, sequence_number{number()}};
      case 6:
        return committed_block{{w, {}}, nothing};
      case 7:
        return fetch_proposal{w};
      case 8:
        return fetch_bodies{n, {random_digest(random())}};
      case 9:
        return wish{w.view};
      case 10:
        return fetch_state{n};
      case 11:
        return state_offer{stable(), random_digest(random()), random_digest(random())};
      case 12:
        return fetch_state_nodes{number(), n, {{number(), static_cast<std::uint8_t>(7)}}};
      case 13:
        return pruned{n};
      case 14:
        return stamp_reports{{{bytes(number() % 100, 'x'), {}}}};
      case 15:
        return fetch_reports{n,
                             {{replica_id{static_cast<std::uint16_t>(number())},
                               report_index{number()}, random_digest(random())}}};
      default:
        return standing{stable(), number(), number(), true};
    }
  }
};

/// What is no message at all, or half of one.
class garbage final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    for (auto& p : all) {
      if (!p.message || !chance())
        continue;
      did();
      p.raw = encode(*p.message);
      p.message.reset();
      if (random().below(2) && !p.raw.empty())
        p.raw.resize(random().below(p.raw.size()));
      else if (!p.raw.empty())
        p.raw[random().below(p.raw.size())] ^= static_cast<char>(1 + random().below(255));
      if (random().below(8) == 0)
        p.on = static_cast<channel>(random().below(9));
    }
  }
};

} // namespace

habit_ptr make_link_habit(liar& who, const lie& what, std::uint64_t& count) {
  switch (what.kind) {
    case lie_kind::silence_to_some:
      return made<silence_to_some>(who, what, count);
    case lie_kind::withheld_kind:
      return made<withheld_kind>(who, what, count);
    case lie_kind::delays:
      return made<delays>(who, what, count);
    case lie_kind::slow_proposals:
      return made<slow<pre_prepare>>(who, what, count);
    case lie_kind::slow_new_views:
      return made<slow<new_view>>(who, what, count);
    case lie_kind::replays:
      return made<replays>(who, what, count);
    case lie_kind::relays:
      return made<relays>(who, what, count);
    case lie_kind::huge_numbers:
      return made<huge_numbers>(who, what, count);
    case lie_kind::garbage:
      return made<garbage>(who, what, count);
    default:
      return nullptr;
  }
}

} // namespace bourse::simulation
