// Lies in the view change.
#include <algorithm>

#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

std::vector<replica_signature> forged_signatures(liar& who, std::uint16_t needed,
                                                 const replica_signature& own) {
  auto& random = who.random();
  std::vector<replica_signature> out;
  switch (random.below(4)) {
    case 0: // too few
      out.push_back(own);
      break;
    case 1: // one said often
      out.assign(needed, own);
      break;
    case 2: // in the name of others
      for (std::uint16_t i = 0; i < needed; ++i)
        out.push_back({replica_id{i}, own.signature});
      break;
    default: // invented
      for (std::uint16_t i = 0; i < needed; ++i)
        out.push_back({replica_id{i}, random_signature(random)});
  }
  return out;
}

/// Says that it had prepared what nobody proposed, or that the log begins where nobody is.
void forge(liar& who, view_change_content& c) {
  auto& random = who.random();
  auto quorum = who.size().quorum();
  if (random.below(3) == 0) {
    auto every = who.options().checkpoint_interval;
    c.stable.what.sequence
        = sequence_number{c.stable.what.sequence.value() + (1 + random.below(8)) * every};
    if (random.below(3) == 0)
      c.stable.what.sequence = sequence_number{~std::uint64_t{0}};
    c.stable.what.state = random_digest(random);
    c.stable.proof = forged_signatures(who, quorum, who.sign(purpose::checkpoint, c.stable.what));
    // Certificates below it would give it away.
    if (random.below(4) != 0)
      std::erase_if(c.prepared,
                    [&](const auto& p) { return p.what.sequence <= c.stable.what.sequence; });
    return;
  }
  prepared_certificate p;
  p.what = {view_number{c.view.value() - std::min<std::uint64_t>(c.view.value(), 1)},
            sequence_number{c.stable.what.sequence.value() + 1 + random.below(4)},
            random_digest(random)};
  if (!c.prepared.empty() && random.below(2) == 0) {
    // A real one under another number or digest, or with a higher view than it was prepared in.
    p = c.prepared[random.below(c.prepared.size())];
    auto how = random.below(4);
    if (how == 0)
      p.what.digest = random_digest(random);
    else if (how == 1)
      p.what.view = c.view;
    else if (how == 2)
      p.prepares.pop_back();
    else if (!p.prepares.empty())
      p.prepares.back() = p.prepares.front();
  } else {
    p.pre_prepare = who.auth().sign(purpose::pre_prepare, signed_bytes(p.what));
    p.prepares = forged_signatures(who, static_cast<std::uint16_t>(quorum - 1),
                                   who.sign(purpose::prepare, p.what));
  }
  std::erase_if(c.prepared, [&](const auto& x) { return x.what.sequence == p.what.sequence; });
  c.prepared.push_back(std::move(p));
  if (random.below(4) != 0)
    std::ranges::sort(c.prepared, {}, [](const auto& x) { return x.what.sequence; });
}

/// Forgets certificates, or goes back to where the log once began.
bool hide(liar& who, view_change_content& c) {
  auto& random = who.random();
  if (c.prepared.empty())
    return false;
  if (random.below(2))
    c.prepared.clear();
  else
    c.prepared.erase(c.prepared.begin()
                     + static_cast<std::ptrdiff_t>(random.below(c.prepared.size())));
  return true;
}

/// Changes its own VIEW-CHANGEs in some way and signs them anew.
template <class How>
class changed_view_changes : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    std::vector<parcel> more;
    each<view_change>(all, [&](view_change& m) {
      if (m.by.replica != who_.id() || !chance())
        return false;
      auto content = decode_view_change_content(m.body, {});
      if (!content || !How::change(who_, to, *content))
        return false;
      auto other = who_.sign(*content);
      if (How::both && random().below(2))
        more.push_back({channel::view, m, {}, random().below(3000)});
      m = std::move(other);
      return true;
    });
    all.insert(all.end(), more.begin(), more.end());
  }
};

struct to_some {
  static constexpr bool both = true;
  static bool change(liar& who, std::size_t to, view_change_content& c) {
    if (!who.other_face(to) && who.random().below(4) != 0)
      return false;
    if (hide(who, c))
      return true;
    c.stable = {};
    return true;
  }
};

struct hidden {
  static constexpr bool both = false;
  static bool change(liar& who, std::size_t, view_change_content& c) {
    return hide(who, c);
  }
};

struct forged {
  static constexpr bool both = true;
  static bool change(liar& who, std::size_t, view_change_content& c) {
    forge(who, c);
    return true;
  }
};

/// As primary of a new view: from the VIEW-CHANGEs that are here it makes a second NEW-VIEW that is
/// as valid as the first.
class two_new_views final : public habit {
public:
  using habit::habit;

  void sending(std::size_t to, std::vector<parcel>& all) override {
    each<new_view>(all, [&](new_view& m) {
      if (m.by.replica != who_.id() || !who_.other_face(to) || !chance())
        return false;
      auto content = decode_new_view_content(m.body, {});
      if (!content)
        return false;
      auto found = made_.find(content->view);
      if (found == made_.end())
        found = made_.emplace(content->view, another(*content)).first;
      if (!found->second)
        return false;
      m = *found->second;
      return true;
    });
    while (made_.size() > 16)
      made_.erase(made_.begin());
  }

private:
  std::optional<new_view> another(const new_view_content& first) {
    std::map<replica_id, std::pair<view_change, view_change_content>> chosen;
    auto offer = [&](const view_change& c) {
      auto content = consensus::check_view_change(c, who_.options(), who_.auth());
      if (content && content->view == first.view && (!chosen.contains(c.by.replica) || coin()))
        chosen[c.by.replica] = {c, std::move(*content)};
    };
    for (const auto& c : first.changes)
      offer(c);
    for (const auto& c : seen().changes[first.view])
      offer(c);
    if (auto own = chosen.find(who_.id()); own != chosen.end()) {
      auto content = own->second.second;
      hide(who_, content);
      own->second = {who_.sign(content), content};
    }
    while (chosen.size() > who_.size().quorum())
      chosen.erase(
          std::next(chosen.begin(), static_cast<std::ptrdiff_t>(random().below(chosen.size()))));
    if (chosen.size() < who_.size().quorum())
      return std::nullopt;
    std::vector<view_change> messages;
    std::vector<view_change_content> contents;
    for (auto& [who, c] : chosen) {
      messages.push_back(c.first);
      contents.push_back(c.second);
    }
    auto made = consensus::make_new_view(first.view, std::move(messages), contents, who_.options(),
                                         who_.auth());
    for (const auto& what : made.plan.slots)
      seen().others[{what.view, what.sequence}] = what;
    return made.message;
  }
  bool coin() {
    return random().below(2) == 0;
  }

  std::map<view_number, std::optional<new_view>> made_;
};

/// NEW-VIEWs that follow from nothing.
class forged_new_views final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    each<new_view>(all, [&](new_view& m) {
      auto content = decode_new_view_content(m.body, {});
      if (m.by.replica != who_.id() || !content || !chance())
        return false;
      spoil(*content);
      m = who_.sign(*content);
      return true;
    });
  }
  void tick() override {
    if (random().below(8) != 0 || !chance())
      return;
    new_view_content c;
    c.view = view_number{seen().view.value() + random().below(8)};
    while (!who_.leads(c.view))
      c.view = view_number{c.view.value() + 1};
    for (const auto& [view, all] : seen().changes)
      for (const auto& m : all)
        if (c.changes.size() < who_.size().quorum())
          c.changes.push_back(m);
    if (c.changes.empty() || random().below(4) == 0) {
      view_change_content own;
      own.view = c.view;
      own.stable = seen().stable;
      c.changes.push_back(who_.sign(own));
    }
    spoil(c);
    did();
    who_.say_all(who_.sign(c));
  }

private:
  void spoil(new_view_content& c) {
    auto& all = c.changes;
    auto some = [&] {
      return random().below(all.size());
    };
    switch (all.empty() ? 5 : random().below(7)) {
      case 0:
        all.pop_back();
        break;
      case 1:
        all[some()] = all[some()];
        break;
      case 2:
        all[some()].by.signature = random_signature(random());
        break;
      case 3:
        all[some()].by.replica = replica_id{static_cast<std::uint16_t>(random().below(12))};
        break;
      case 4: { // one of its own in the name of another, or with what was never prepared
        auto& m = all[some()];
        auto content = decode_view_change_content(m.body, {});
        if (!content)
          break;
        forge(who_, *content);
        auto named = m.by.replica;
        m = who_.sign(*content);
        if (random().below(2))
          m.by.replica = named;
        break;
      }
      case 5:
        c.pre_prepares.push_back(random_signature(random()));
        break;
      default:
        if (c.pre_prepares.empty())
          c.view = view_number{c.view.value() + who_.size().n};
        else
          c.pre_prepares.pop_back();
    }
  }
};

/// Wishes and VIEW-CHANGEs for views that nobody else wants.
class huge_wishes final : public habit {
public:
  using habit::habit;

  void tick() override {
    if (!chance())
      return;
    did();
    auto now = seen().view.value();
    std::array<std::uint64_t, 5> views{now + 1, now + 1 + random().below(20), now + 1'000'000'000,
                                       ~std::uint64_t{0} - random().below(8), random().next()};
    view_number v{views[random().below(views.size())]};
    if (random().below(2) == 0)
      return who_.say(anyone(), wish{v});
    if (random().below(2) == 0)
      return who_.say_all(wish{v});
    view_change_content c;
    c.view = v;
    c.stable = seen().stable;
    who_.say_all(who_.sign(c));
  }
};

} // namespace

habit_ptr make_view_habit(liar& who, const lie& what, std::uint64_t& count) {
  switch (what.kind) {
    case lie_kind::two_view_changes:
      return made<changed_view_changes<to_some>>(who, what, count);
    case lie_kind::two_new_views:
      return made<two_new_views>(who, what, count);
    case lie_kind::hidden_certificates:
      return made<changed_view_changes<hidden>>(who, what, count);
    case lie_kind::forged_view_changes:
      return made<changed_view_changes<forged>>(who, what, count);
    case lie_kind::forged_new_views:
      return made<forged_new_views>(who, what, count);
    case lie_kind::huge_wishes:
      return made<huge_wishes>(who, what, count);
    default:
      return nullptr;
  }
}

} // namespace bourse::simulation
