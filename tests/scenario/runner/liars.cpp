#include "tests/scenario/runner/liars.hpp"

#include <algorithm>
#include <limits>

#include "consensus/new_view.hpp"
#include "tests/consensus/new_views.hpp"

namespace bourse::test {

using namespace bourse::consensus;

namespace {

constexpr auto top = view_number{std::numeric_limits<std::uint64_t>::max()};

/// Signs as the liar; what it signs for others is forged.
struct pen {
  const authenticator& auth;
  replica_id self;

  pen(const cluster& c, std::uint16_t from) : auth(c.auth(from)), self(replica(from)) {}
  signature over(purpose why, const statement& what) const {
    return auth.sign(why, signed_bytes(what));
  }
  view_change change(const view_change_content& c) const {
    return sign_change(c, self.value(), auth);
  }
  new_view begin(const new_view_content& c) const {
    new_view m;
    m.body = encode(c);
    m.by = {self, auth.sign(purpose::new_view, hash(m.body).view())};
    return m;
  }
};

/// A certificate for a block that nobody prepared, newer than all others.
prepared_certificate forged(const pen& by, cluster_size size, view_number before,
                            sequence_number n) {
  prepared_certificate c;
  c.what = {view_number{before.value() - 1}, n, hash("forged " + std::to_string(n.value()))};
  c.pre_prepare = by.over(purpose::pre_prepare, c.what);
  for (auto who : size.everyone())
    if (who != size.primary_of(c.what.view) && c.prepares.size() + 1 < size.quorum())
      c.prepares.push_back({who, by.over(purpose::prepare, c.what)});
  return c;
}

/// The content with a forged certificate for its first slot.
view_change_content with_forgery(const pen& by, cluster_size size, view_change_content c) {
  auto n = c.stable.what.sequence.next();
  std::erase_if(c.prepared, [&](const auto& p) { return p.what.sequence == n; });
  c.prepared.insert(c.prepared.begin(), forged(by, size, c.view, n));
  return c;
}

/// The own VIEW-CHANGE, changed by `twist`; other messages stay.
template <class Twist>
std::vector<peer_message> twist_change(const pen& by, const peer_message& m, Twist twist) {
  auto* v = std::get_if<view_change>(&m);
  if (!v || v->by.replica != by.self)
    return {m};
  return {by.change(twist(*decode_view_change_content(v->body, {})))};
}

/// The own NEW-VIEW, changed by `twist`; other messages stay.
template <class Twist>
std::vector<peer_message> twist_begin(const pen& by, const peer_message& m, Twist twist) {
  auto* v = std::get_if<new_view>(&m);
  if (!v || v->by.replica != by.self)
    return {m};
  return {by.begin(twist(*decode_new_view_content(v->body, {})))};
}

std::vector<view_change_content> contents_of(const std::vector<view_change>& changes) {
  std::vector<view_change_content> out;
  for (const auto& c : changes)
    out.push_back(*decode_view_change_content(c.body, {}));
  return out;
}

std::vector<signature> sign_slots(const pen& by, const std::vector<statement>& slots) {
  std::vector<signature> out;
  for (const auto& what : slots)
    out.push_back(by.over(purpose::pre_prepare, what));
  return out;
}

// -- the lies -------------------------------------------------------------------------------------

std::vector<peer_message> silent(cluster&, std::uint16_t, std::uint16_t, const peer_message&) {
  return {};
}

std::vector<peer_message> equivocates(cluster& c, std::uint16_t from, std::uint16_t to,
                                      const peer_message& m) {
  pen by{c, from};
  auto* p = std::get_if<pre_prepare>(&m);
  if (!p || to % 2 == 0 || cluster_size{c.options().n}.primary_of(p->what.view) != by.self)
    return {m};
  auto other = "the other block " + std::to_string(p->what.sequence.value());
  auto what = p->what;
  what.digest = hash(other);
  return {pre_prepare{what, by.over(purpose::pre_prepare, what), share(other)}};
}

std::vector<peer_message> swaps_blocks(cluster&, std::uint16_t, std::uint16_t,
                                       const peer_message& m) {
  auto out = m;
  if (auto* p = std::get_if<pre_prepare>(&out))
    p->block = share("not what was signed");
  if (auto* b = std::get_if<committed_block>(&out))
    b->block = share("not what was decided");
  return {out};
}

std::vector<peer_message> shouts_huge_views(cluster& c, std::uint16_t from, std::uint16_t,
                                            const peer_message& m) {
  if (!std::holds_alternative<wish>(m) && !std::holds_alternative<progress>(m))
    return {m};
  pen by{c, from};
  view_change_content huge;
  huge.view = top;
  auto n = c.options().n;
  huge.prepared = {forged(by, {n}, top, sequence_number{1})};
  return {m, wish{top}, by.change(huge), by.begin({top, {by.change(huge)}, {}})};
}

std::vector<peer_message> forges_certificates(cluster& c, std::uint16_t from, std::uint16_t,
                                              const peer_message& m) {
  pen by{c, from};
  return twist_change(by, m, [&](const view_change_content& honest) {
    return with_forgery(by, {c.options().n}, honest);
  });
}

std::vector<peer_message> hides_certificates(cluster& c, std::uint16_t from, std::uint16_t,
                                             const peer_message& m) {
  return twist_change(pen{c, from}, m, [](view_change_content honest) {
    honest.prepared.clear();
    return honest;
  });
}

std::vector<peer_message> builds_on_forgery(cluster& c, std::uint16_t from, std::uint16_t,
                                            const peer_message& m) {
  pen by{c, from};
  return twist_begin(by, m, [&](new_view_content honest) {
    for (auto& change : honest.changes)
      if (change.by.replica == by.self)
        change = by.change(
            with_forgery(by, {c.options().n}, *decode_view_change_content(change.body, {})));
    auto plan = plan_log(honest.view, contents_of(honest.changes), cluster_id());
    honest.pre_prepares = sign_slots(by, plan.slots);
    return honest;
  });
}

std::vector<peer_message> invents_the_log(cluster& c, std::uint16_t from, std::uint16_t,
                                          const peer_message& m) {
  pen by{c, from};
  return twist_begin(by, m, [&](new_view_content honest) {
    auto plan = plan_log(honest.view, contents_of(honest.changes), cluster_id());
    for (auto& what : plan.slots)
      what.digest = hash("invented " + std::to_string(what.sequence.value()));
    honest.pre_prepares = sign_slots(by, plan.slots);
    return honest;
  });
}

} // namespace

const std::map<std::string, lie>& lies() {
  static const std::map<std::string, lie> all{
      {"silent", silent},
      {"equivocates", equivocates},
      {"swaps_blocks", swaps_blocks},
      {"shouts_huge_views", shouts_huge_views},
      {"forges_certificates", forges_certificates},
      {"hides_certificates", hides_certificates},
      {"builds_on_forgery", builds_on_forgery},
      {"invents_the_log", invents_the_log},
  };
  return all;
}

} // namespace bourse::test
