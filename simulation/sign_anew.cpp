#include "simulation/sign_anew.hpp"

namespace bourse::simulation {

namespace {

/// Far above what any genesis file allows a report.
constexpr std::uint32_t most_stamps = 65536;

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
  /// What does not decode may well be its own.
  void operator()(stamp_reports& m) const {
    for (auto& r : m.reports) {
      auto c = decode_stamp_report(r.body, most_stamps);
      if (!c || c->replica == who.id())
        r.signature = who.auth().sign(purpose::stamp_report, hash(r.body).view());
    }
  }
  template <class Other>
  void operator()(Other&) const {}
};

std::optional<bytes> sign_for_peers(liar& who, const bytes& message, const bytes& before) {
  auto m = decode_peer_message(message, {});
  if (!m || m == decode_peer_message(before, {}))
    return std::nullopt;
  std::visit(signer{who}, *m);
  return encode(*m);
}

std::optional<bytes> sign_for_clients(liar& who, const bytes& message, const bytes& before) {
  auto m = decode_gateway_message(message);
  if (!m || m == decode_gateway_message(before))
    return std::nullopt;
  if (auto* r = std::get_if<results>(&*m)) {
    r->by.signature = who.auth().sign(purpose::results, signed_bytes(r->what));
  } else if (auto* a = std::get_if<answer>(&*m)) {
    auto share = decode_receipt_share(a->body);
    if (!share)
      return std::nullopt;
    share->by.signature = who.auth().sign(purpose::results, signed_bytes(share->what));
    a->body = encode(*share);
  }
  return encode(*m);
}

} // namespace

std::optional<bytes> sign_anew(liar& who, speech whose, const bytes& message, const bytes& before) {
  return whose == speech::gateway ? sign_for_clients(who, message, before)
                                  : sign_for_peers(who, message, before);
}

} // namespace bourse::simulation
