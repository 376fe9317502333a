#include "storage/audit_base.hpp"

#include <algorithm>

#include "consensus/certificates.hpp"

namespace bourse::storage {

namespace {

tl::unexpected<error> wrong(std::string_view what) {
  return fail(errc::corrupt, std::string{what});
}

expected<void> check_proof(const base_record& b, cluster_size size,
                           const consensus::authenticator& keys, std::uint64_t& signatures) {
  signatures += b.proof.proof.size();
  if (!consensus::valid(b.proof, size, keys))
    return wrong("no quorum signed the base");
  return {};
}

expected<void> check_pages(const reader& s, const base_record& b, const digest& page_root) {
  if (market::state_digest(b.what.sequence, b.what.chain, page_root) != b.what.state)
    return wrong("the pages or the chain of the base are not what the quorum signed");
  auto time = load_base_time(s, b.what.sequence);
  if (!time)
    return tl::unexpected{time.error()};
  if (*time != b.what.time)
    return wrong("the time of the base is not that of its pages");
  return {};
}

} // namespace

expected<void> check_base(const reader& s, const base_record& b, cluster_size size,
                          const consensus::authenticator& keys, fairness::fair_exchange& to,
                          std::uint64_t& signatures) {
  if (auto ok = check_proof(b, size, keys, signatures); !ok)
    return ok;
  auto restored = load_base_pages(s, b.what.sequence,
                                  [&](market::page_key key, byte_view content) -> expected<bool> {
                                    auto ok = to.restore(key, content);
                                    if (!ok)
                                      return tl::unexpected{ok.error()};
                                    return true;
                                  });
  if (restored)
    restored = to.finish_restore();
  return restored ? check_pages(s, b, to.page_root()) : restored;
}

expected<void> check_next_base(const reader& s, cluster_size size,
                               const consensus::authenticator& keys, std::uint64_t& signatures,
                               const note_function& note) {
  auto base = load_base(s);
  auto next = load_next_base(s);
  auto all = list_base_pages(s);
  if (!base || !next || !all)
    return tl::unexpected{!base ? base.error() : !next ? next.error() : all.error()};
  auto check = [&](sequence_number n) -> expected<void> {
    bool complete = *next && (*next)->what.sequence == n;
    if (complete)
      if (auto ok = check_proof(**next, size, keys, signatures); !ok)
        return ok;
    market::page_tree pages;
    auto ok = load_base_pages(s, n, [&](market::page_key key, byte_view content) -> expected<bool> {
      pages.apply(key, content);
      return true;
    });
    return ok && complete ? check_pages(s, **next, pages.root()) : ok;
  };
  if (*base) // which was checked before
    std::erase(*all, (*base)->what.sequence);
  if (*next && std::find(all->begin(), all->end(), (*next)->what.sequence) == all->end())
    all->push_back((*next)->what.sequence);
  for (auto n : *all) {
    auto ok = check(n);
    if (!ok && ok.error().code != errc::corrupt)
      return ok;
    if (!ok)
      note(n, ok.error().detail);
  }
  return {};
}

} // namespace bourse::storage
