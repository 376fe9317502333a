#include "storage/audit_results.hpp"

#include <algorithm>

#include "consensus/certificates.hpp"
#include "storage/layout.hpp"

namespace bourse::storage {

namespace {

tl::unexpected<error> differs(std::string_view what) {
  return fail(errc::corrupt, std::string{what});
}

bool same_parts(const layout::results_value& found, const market::block_result& truth) {
  return std::equal(found.clients.begin(), found.clients.end(), truth.reports.begin(),
                    truth.reports.end(), [](auto& a, auto& b) {
                      return a.client == b.client && a.first == b.first && a.count == b.count
                             && a.encoded == b.encoded;
                    });
}

expected<void> check_settlements(const reader& s, const market::block_result& truth) {
  auto value = layout::load(s, family::results, layout::settlements_key(truth.sequence));
  if (!value)
    return tl::unexpected{value.error()};
  if (value->has_value() == truth.settlements.empty())
    return differs(*value ? "there are settlements of no trade" : "the settlements are missing");
  if (*value && **value != layout::pack_settlements(truth.time, truth.settlements))
    return differs("the settlements are not those of the block");
  return {};
}

expected<void> check_places(const reader& s, const market::block_result& truth) {
  for (const auto& part : truth.reports) {
    auto key = layout::report_key(part.client, part.first);
    auto value = layout::load(s, family::reports, key);
    if (!value)
      return tl::unexpected{value.error()};
    if (!*value)
      return differs("reports are missing from the index");
    auto n = layout::unpack_report_place(key, **value);
    if (!n)
      return tl::unexpected{n.error()};
    if (*n != truth.sequence)
      return differs("the index looks for reports in another block");
  }
  return {};
}

} // namespace

expected<stored> check_results(const reader& s, const market::block_result& truth, replica_id self,
                               const consensus::authenticator& keys) {
  auto key = layout::results_key(truth.sequence);
  auto value = layout::load(s, family::results, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return stored::nothing;
  auto found = layout::unpack_results(key, **value);
  if (!found)
    return tl::unexpected{found.error()};
  if (found->what.block != truth.block_digest || found->time != truth.time)
    return differs("the results are of another block");
  if (!same_parts(*found, truth))
    return differs("the reports are not those that the block gives");
  if (found->what.results != truth.results_root || found->requests != truth.requests
      || found->settlements != truth.settlements.size())
    return differs("the results are not those that the block gives");
  if (found->by.replica != self
      || !keys.verify(self, purpose::results, signed_bytes(found->what), found->by.signature))
    return differs("the node's signature of the results is not valid");
  for (auto check : {check_settlements, check_places})
    if (auto ok = check(s, truth); !ok)
      return tl::unexpected{ok.error()};
  return stored::good;
}

namespace {

/// Calls `visit` with the client, its report number and the block of each entry.
expected<void>
scan_index(const reader& s,
           const std::function<expected<bool>(client_id, report_number, sequence_number)>& visit) {
  return layout::load_range(s, family::reports, {}, {},
                            [&](byte_view key, byte_view payload) -> expected<bool> {
                              auto n = layout::unpack_report_place(key, payload);
                              if (!n)
                                return tl::unexpected{n.error()};
                              layout::unpacker in{key};
                              auto client = client_id{in.big_u32()};
                              auto first = report_number{in.big_u64()};
                              if (!in.done())
                                return layout::nonsense(family::reports, key, "malformed key");
                              return visit(client, first, *n);
                            });
}

} // namespace

expected<void> check_index(const reader& s, std::uint64_t entries, const note_function& note) {
  std::uint64_t found = 0;
  auto counted = scan_index(s, [&](client_id, report_number, sequence_number) -> expected<bool> {
    ++found;
    return true;
  });
  if (!counted || found == entries)
    return counted;
  // All that should be there is there, as check_results saw: so something else is as well.
  return scan_index(
      s, [&](client_id client, report_number first, sequence_number n) -> expected<bool> {
        auto key = layout::results_key(n);
        auto value = layout::load(s, family::results, key);
        if (!value)
          return tl::unexpected{value.error()};
        auto results = *value ? layout::unpack_results(key, **value) : layout::results_value{};
        if (!results)
          return tl::unexpected{results.error()};
        auto here = [&](auto& part) {
          return part.client == client && part.first == first;
        };
        if (std::none_of(results->clients.begin(), results->clients.end(), here))
          note(n, "the index names reports that the block does not have");
        return true;
      });
}

namespace {

using finding = const char*; // null: good

/// Checks single records of consensus.
class record_checker {
public:
  record_checker(cluster_size size, const consensus::authenticator& keys, std::uint64_t& signatures)
      : size_(size), keys_(keys), signatures_(signatures) {}

  finding check(layout::record_kind kind, byte_view payload) {
    switch (kind) {
      case layout::record_kind::proposal:
        return check_proposal(payload);
      case layout::record_kind::vote:
        return payload.size() == 8 + 8 + digest::size ? nullptr : "malformed vote";
      case layout::record_kind::prepared:
        return check_prepared(payload);
      case layout::record_kind::equivocation:
        return check_equivocation(payload);
      case layout::record_kind::new_view:
        return check_new_view(payload);
      case layout::record_kind::view:
      case layout::record_kind::stable:
        return nullptr;
    }
    return "unknown kind of record";
  }

private:
  bool is_of_primary(const statement& what, const signature& sig) {
    ++signatures_;
    return keys_.verify(size_.primary_of(what.view), purpose::pre_prepare, signed_bytes(what), sig);
  }

  finding check_proposal(byte_view payload) {
    layout::unpacker in{payload};
    auto what = in.statement();
    auto sig = in.fixed<signature>();
    auto block = in.rest();
    if (!in.done() || hash(block) != what.digest)
      return "the proposed block does not have the proposed digest";
    return is_of_primary(what, sig) ? nullptr : "the proposal is not signed by its primary";
  }

  finding check_prepared(byte_view payload) {
    auto c = decode_prepared_certificate(payload);
    if (!c)
      return "malformed certificate";
    signatures_ += 1 + c->prepares.size();
    return consensus::valid(*c, size_, keys_) ? nullptr : "the certificate is not valid";
  }

  finding check_equivocation(byte_view payload) {
    auto e = decode_equivocation(payload);
    if (!e)
      return "malformed evidence";
    auto proves = e->first.view == e->second.view && e->first.sequence == e->second.sequence
                  && e->first.digest != e->second.digest
                  && is_of_primary(e->first, e->first_signature)
                  && is_of_primary(e->second, e->second_signature);
    return proves ? nullptr : "the evidence proves nothing";
  }

  finding check_new_view(byte_view payload) {
    auto v = decode_new_view(payload);
    if (!v)
      return "malformed new view";
    auto content = decode_new_view_content(v->body, {});
    if (!content)
      return "malformed content of the new view";
    if (v->by.replica != size_.primary_of(content->view) || !is_signed(purpose::new_view, *v))
      return "the new view is not signed by its primary";
    for (const auto& c : content->changes)
      if (!is_signed(purpose::view_change, c))
        return "the new view holds a view change that is not signed";
    return nullptr;
  }

  template <class Signed>
  bool is_signed(purpose why, const Signed& s) {
    ++signatures_;
    return keys_.verify(s.by.replica, why, hash(s.body).view(), s.by.signature);
  }

  cluster_size size_;
  const consensus::authenticator& keys_;
  std::uint64_t& signatures_;
};

/// The slot that a record is about; nothing if it is about none.
std::optional<sequence_number> slot_of(byte_view key) {
  layout::unpacker in{key};
  auto kind = static_cast<layout::record_kind>(in.u8());
  if (kind == layout::record_kind::equivocation)
    in.raw(8);
  auto n = sequence_number{in.big_u64()};
  return in.good() ? std::optional{n} : std::nullopt;
}

} // namespace

expected<void> check_consensus_records(const reader& s, cluster_size size,
                                       const consensus::authenticator& keys,
                                       std::uint64_t& signatures, const note_function& note) {
  record_checker checker{size, keys, signatures};
  expected<void> damaged;
  auto ok = s.scan(family::consensus, {}, {}, [&](byte_view key, byte_view value) {
    auto payload = layout::unseal(family::consensus, key, value);
    auto slot = slot_of(key);
    if (!payload && !slot) { // it is about no block, so the caller must hear of it
      damaged = tl::unexpected{payload.error()};
      return false;
    }
    if (!payload) {
      note(*slot, payload.error().detail);
    } else if (const auto* problem
               = checker.check(static_cast<layout::record_kind>(key.front()), *payload)) {
      note(slot.value_or(sequence_number{0}),
           layout::nonsense(family::consensus, key, problem).value().detail);
    }
    return true;
  });
  return ok ? damaged : ok;
}

} // namespace bourse::storage
