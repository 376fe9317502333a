// Any field of any message changed in any way, as it is or signed anew.
#include <algorithm>

#include "simulation/field_campaign.hpp"
#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

/// Makes the liar's own signatures good again, wherever they are in the message.
struct signer {
  liar& who;

  bool own(const replica_signature& s) const {
    return s.replica == who.id();
  }
  template <class Statement>
  void all(std::vector<replica_signature>& signatures, purpose why, const Statement& what) const {
    for (auto& s : signatures)
      if (own(s))
        s = who.sign(why, what);
  }
  void operator()(pre_prepare& m) const {
    if (m.signature == messages::signature{} || !who.leads(m.what.view))
      return;
    if (m.block)
      m.what.digest = hash(*m.block);
    m.signature = who.auth().sign(purpose::pre_prepare, signed_bytes(m.what));
  }
  void operator()(prepare& m) const {
    if (own(m.by))
      m.by = who.sign(purpose::prepare, m.what);
  }
  void operator()(commit& m) const {
    if (own(m.by))
      m.by = who.sign(purpose::commit, m.what);
  }
  void operator()(messages::checkpoint& m) const {
    if (own(m.by))
      m.by = who.sign(purpose::checkpoint, m.what);
  }
  void operator()(committed_block& m) const {
    all(m.certificate.commits, purpose::commit, m.certificate.what);
  }
  void operator()(stable_checkpoint& c) const {
    all(c.proof, purpose::checkpoint, c.what);
  }
  void operator()(state_offer& m) const {
    (*this)(m.stable);
  }
  void operator()(standing& m) const {
    (*this)(m.stable);
  }
  void operator()(view_change& m) const {
    if (!own(m.by))
      return;
    if (auto c = decode_view_change_content(m.body, {})) {
      (*this)(c->stable);
      for (auto& p : c->prepared) {
        if (who.leads(p.what.view))
          p.pre_prepare = who.auth().sign(purpose::pre_prepare, signed_bytes(p.what));
        all(p.prepares, purpose::prepare, p.what);
      }
      m.body = encode(*c);
    }
    m.by.signature = who.auth().sign(purpose::view_change, hash(m.body).view());
  }
  void operator()(new_view& m) const {
    if (!own(m.by))
      return;
    if (auto c = decode_new_view_content(m.body, {})) {
      for (auto& change : c->changes)
        (*this)(change);
      m.body = encode(*c);
    }
    m.by.signature = who.auth().sign(purpose::new_view, hash(m.body).view());
  }
  template <class Other>
  void operator()(Other&) const {}
};

bytes sign_anew(liar& who, const bytes& message) {
  auto m = decode_peer_message(message, {});
  if (!m)
    return message;
  std::visit(signer{who}, *m);
  return encode(*m);
}

class mutated_fields final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    for (auto& p : all) {
      if (!p.message)
        continue;
      auto message = encode(*p.message);
      keep(message);
      auto changed = seen().campaign ? campaign(message, false) : any(message);
      if (!changed)
        continue;
      did();
      p.raw = std::move(*changed);
      p.message.reset();
    }
  }
  void arrived(std::size_t, const peer_message& m) override {
    if (seen().campaign && seen().campaign->wants(static_cast<std::uint32_t>(m.index() + 1)))
      keep(encode(m));
  }
  /// What it seldom has to say it says unasked.
  void tick() override {
    if (!seen().campaign)
      return;
    auto late = who_.nodes().universe().now() > late_ns;
    if (late)
      invent();
    for (auto& [kind, some] : kept_)
      for (int i = 0; i < 4 && seen().campaign->wants(kind); ++i) {
        const auto& message = some[random().below(some.size())];
        auto on = decode_peer_message(message, {});
        auto changed = on ? campaign(message, late) : std::nullopt;
        if (!changed)
          continue;
        did();
        auto to = anyone();
        if (who_.nodes().up(who_.self()))
          who_.nodes().post(who_.self(), to, channel_of(*on),
                            std::make_shared<const bytes>(std::move(*changed)));
      }
  }

private:
  /// What did not come up by itself by then is put where it does not belong.
  static constexpr std::uint64_t late_ns = 5'000'000'000;
  static constexpr std::size_t most_kept = 12;

  /// Of what nobody has said.
  void invent() {
    stable_checkpoint stable = seen().stable;
    view_change_content change;
    change.view = view_number{seen().view.value() + 1};
    change.stable = stable;
    statement what{seen().view, seen().sequence, random_digest(random())};
    change.prepared.push_back(
        {what, random_signature(random()), {who_.sign(purpose::prepare, what)}});
    new_view_content begin;
    begin.view = change.view;
    begin.changes.push_back(who_.sign(change));
    begin.pre_prepares.push_back(random_signature(random()));
    tree_path path;
    auto target = stable.what.sequence;
    auto some = random_digest(random());
    for (const peer_message& m : std::initializer_list<peer_message>{
             fetch_blocks{target, seen().sequence}, fetch_proposal{what},
             fetch_bodies{what.sequence, {some}}, bodies{{submission_of_all_kinds()}},
             who_.sign(change), who_.sign(begin), fetch_state{target},
             state_offer{stable, some, some}, fetch_state_nodes{1, target, {path}},
             state_nodes{1, {{path, {{7, some}}}}}, fetch_state_pages{1, target, {1, 2}},
             state_pages{1, {{1, "a page"}}}, pruned{target}, standing{stable, 1, 1, true}})
      if (auto message = encode(m); !kept_.contains(kind_of(message)))
        keep(message);
  }

  static signed_submission submission_of_all_kinds() {
    account_id account{1};
    instrument_id instrument{1};
    client_order_id order{7};
    place p;
    p.account = account;
    p.instrument = instrument;
    p.client_order = order;
    p.price = price{1000};
    p.quantity = quantity{5};
    submission s{client_id{0}, stream_id{1}, submission_number{1}, {}};
    s.requests = {p,
                  cancel{account, instrument, order},
                  replace{account, instrument, order, order, price{1000}, quantity{5}},
                  cancel_all{account, instrument},
                  dead_man_switch{account, 1000},
                  deposit{account, asset_id{1}, amount{5}},
                  withdraw{account, asset_id{1}, amount{5}}};
    return {encode(s), {}};
  }

  void keep(const bytes& message) {
    auto& some = kept_[kind_of(message)];
    if (some.size() < most_kept)
      some.push_back(message);
    else
      some[random().below(most_kept)] = message;
  }

  std::optional<bytes> any(const bytes& message) {
    if (!chance())
      return std::nullopt;
    std::vector<std::size_t> fields;
    for (std::size_t f = 0; f < all_fields().size(); ++f)
      if (all_fields()[f].kind() == kind_of(message))
        fields.push_back(f);
    if (fields.empty())
      return std::nullopt;
    return changed(message,
                   {fields[random().below(fields.size())],
                    static_cast<mutation>(random().below(mutations)), random().below(2) == 0});
  }

  std::optional<bytes> campaign(const bytes& message, bool anyhow) {
    const auto* what = seen().campaign->next(message, anyhow);
    if (!what)
      return std::nullopt;
    auto out = changed(message, *what);
    seen().campaign->sent(*what, out);
    return out;
  }

  bytes changed(const bytes& message, const field_case& what) {
    const auto& where = all_fields()[what.field];
    auto out = mutate(message, where, what.how, random(), earlier_[what.field]);
    if (auto value = value_of(message, where, random()))
      earlier_[what.field] = std::move(*value);
    return what.signed_anew ? sign_anew(who_, out) : out;
  }

  std::map<std::uint32_t, std::vector<bytes>> kept_; ///< by kind
  std::map<std::size_t, bytes> earlier_;             ///< by field
};

} // namespace

habit_ptr make_field_habit(liar& who, const lie& what, std::uint64_t& count) {
  if (what.kind != lie_kind::mutated_fields)
    return nullptr;
  return std::make_unique<mutated_fields>(who, what, count);
}

} // namespace bourse::simulation
