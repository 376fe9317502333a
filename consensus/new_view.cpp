#include "consensus/new_view.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "consensus/certificates.hpp"
#include "messages/assert.hpp"

namespace bourse::consensus {

namespace {

bool signed_by(const replica_signature& by, purpose why, byte_view body,
               const authenticator& auth) {
  return auth.verify(by.replica, why, hash(body).view(), by.signature);
}

/// What is wrong without looking at a signature; null if nothing.
const char* nonsense(const view_change_content& c, const options& o) {
  if (c.view.value() == 0)
    return "no view change leads to view 0";
  if (c.stable.what.sequence.value() % o.checkpoint_interval != 0)
    return "no checkpoint is taken there";
  auto low = c.stable.what.sequence;
  auto last = low;
  for (const auto& p : c.prepared) {
    auto n = p.what.sequence;
    if (n <= last)
      return "certificates out of order";
    if (n.value() - low.value() > o.window)
      return "a certificate outside the window";
    if (p.what.view >= c.view)
      return "a certificate of the new view or a later one";
    last = n;
  }
  return nullptr;
}

} // namespace

log_plan plan_log(view_number view, const std::vector<view_change_content>& changes,
                  const digest& cluster) {
  BOURSE_ASSERT(!changes.empty());
  log_plan plan;
  plan.stable = changes.front().stable;
  for (const auto& c : changes)
    if (c.stable.what.sequence > plan.stable.what.sequence)
      plan.stable = c.stable;
  auto low = plan.stable.what.sequence;
  std::map<sequence_number, statement> best;
  for (const auto& c : changes)
    for (const auto& p : c.prepared) {
      if (p.what.sequence <= low)
        continue;
      auto [at, added] = best.emplace(p.what.sequence, p.what);
      if (!added && p.what.view > at->second.view)
        at->second = p.what;
    }
  auto high = best.empty() ? low : best.rbegin()->first;
  for (auto n = low.next(); n <= high; n = n.next()) {
    auto at = best.find(n);
    auto digest = at != best.end() ? at->second.digest : hash(encode(null_block(cluster, n)));
    plan.slots.push_back({view, n, digest});
  }
  return plan;
}

std::vector<std::size_t> coherent_quorum(const std::vector<sequence_number>& stable,
                                         cluster_size size, std::uint32_t window) {
  std::vector<std::size_t> newest(stable.size());
  std::iota(newest.begin(), newest.end(), std::size_t{0});
  std::ranges::stable_sort(newest, [&](auto a, auto b) { return stable[a] > stable[b]; });
  auto quorum = size.quorum();
  for (std::size_t i = 0; i + quorum <= newest.size(); ++i) {
    auto high = stable[newest[i]].value();
    auto low = stable[newest[i + quorum - 1]].value();
    if (high - low > window)
      continue;
    auto begin = newest.begin() + static_cast<std::ptrdiff_t>(i);
    std::vector<std::size_t> out(begin, begin + static_cast<std::ptrdiff_t>(quorum));
    std::ranges::sort(out);
    return out;
  }
  return {};
}

expected<view_change_content> check_view_change(const view_change& m, const options& o,
                                                const authenticator& auth) {
  if (m.by.replica.value() >= o.size.n)
    return fail(errc::malformed, "of no replica");
  auto c = decode_view_change_content(m.body, {});
  if (!c)
    return c;
  if (const auto* why = nonsense(*c, o))
    return fail(errc::malformed, why);
  if (!signed_by(m.by, purpose::view_change, m.body, auth))
    return fail(errc::bad_signature, "not its sender's");
  if (!valid(c->stable, o.size, auth))
    return fail(errc::bad_signature, "the stable checkpoint is not proved");
  for (const auto& p : c->prepared)
    if (!valid(p, o.size, auth))
      return fail(errc::bad_signature,
                  "no certificate for " + std::to_string(p.what.sequence.value()));
  return c;
}

expected<installation> read_new_view(const new_view& m, const digest& cluster) {
  auto content = decode_new_view_content(m.body, {});
  if (!content)
    return tl::unexpected(content.error());
  std::vector<view_change_content> contents;
  for (const auto& change : content->changes) {
    auto c = decode_view_change_content(change.body, {});
    if (!c)
      return tl::unexpected(c.error());
    contents.push_back(std::move(*c));
  }
  if (contents.empty())
    return fail(errc::malformed, "rests on nothing");
  installation out{content->view, m, plan_log(content->view, contents, cluster),
                   std::move(content->pre_prepares)};
  if (out.pre_prepares.size() != out.plan.slots.size())
    return fail(errc::malformed, "another number of pre-prepares than follows from it");
  return out;
}

expected<installation> check_new_view(const new_view& m, const options& o,
                                      const authenticator& auth) {
  auto content = decode_new_view_content(m.body, {});
  if (!content)
    return tl::unexpected(content.error());
  if (content->view.value() == 0 || m.by.replica != o.size.primary_of(content->view))
    return fail(errc::malformed, "not of the view's primary");
  if (content->changes.size() != o.size.quorum())
    return fail(errc::malformed, "does not rest on a quorum");
  for (std::size_t i = 1; i < content->changes.size(); ++i)
    if (content->changes[i].by.replica <= content->changes[i - 1].by.replica)
      return fail(errc::malformed, "replicas out of order");
  if (!signed_by(m.by, purpose::new_view, m.body, auth))
    return fail(errc::bad_signature, "not its primary's");
  std::vector<sequence_number> stable;
  for (const auto& change : content->changes) {
    auto c = check_view_change(change, o, auth);
    if (!c)
      return tl::unexpected(c.error());
    if (c->view != content->view)
      return fail(errc::malformed, "rests on a change to another view");
    stable.push_back(c->stable.what.sequence);
  }
  if (coherent_quorum(stable, o.size, o.window).empty())
    return fail(errc::malformed, "rests on changes more than a window apart");
  auto out = read_new_view(m, o.cluster);
  if (!out)
    return out;
  for (std::size_t i = 0; i < out->plan.slots.size(); ++i)
    if (!auth.verify(m.by.replica, purpose::pre_prepare, signed_bytes(out->plan.slots[i]),
                     out->pre_prepares[i]))
      return fail(errc::bad_signature, "a pre-prepare is not what follows");
  return out;
}

installation make_new_view(view_number view, std::vector<view_change> changes,
                           const std::vector<view_change_content>& contents, const options& o,
                           const authenticator& auth) {
  BOURSE_ASSERT(o.size.primary_of(view) == o.self && changes.size() == o.size.quorum());
  installation out{view, {}, plan_log(view, contents, o.cluster), {}};
  for (const auto& what : out.plan.slots)
    out.pre_prepares.push_back(auth.sign(purpose::pre_prepare, signed_bytes(what)));
  out.message.body = encode(new_view_content{view, std::move(changes), out.pre_prepares});
  out.message.by = {o.self, auth.sign(purpose::new_view, hash(out.message.body).view())};
  return out;
}

} // namespace bourse::consensus
