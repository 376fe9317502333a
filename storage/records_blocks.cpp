// Reading committed blocks and the bodies of executed ones.
#include <algorithm>

#include "storage/base.hpp"
#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

namespace {

/// A search for bodies ends after so much.
constexpr std::size_t most_searched_bytes = std::size_t{4} * 1024 * 1024;

} // namespace

expected<std::optional<committed_block>> load_block(const reader& s, sequence_number n) {
  auto key = layout::sequence_key(n);
  auto value = layout::load(s, family::blocks, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return std::nullopt;
  auto b = layout::unpack_block(key, **value);
  if (!b)
    return tl::unexpected{b.error()};
  return std::move(*b);
}

expected<std::vector<committed_block>> load_blocks(const reader& s, sequence_number from,
                                                   std::size_t count, std::size_t max_bytes) {
  std::vector<committed_block> out;
  if (count == 0)
    return out;
  auto next = from;
  auto ok = layout::load_range(s, family::blocks, layout::sequence_key(from), {},
                               [&](byte_view key, byte_view payload) -> expected<bool> {
                                 if (key != layout::sequence_key(next)
                                     || (!out.empty() && payload.size() > max_bytes))
                                   return false;
                                 auto b = layout::unpack_block(key, payload);
                                 if (!b)
                                   return tl::unexpected{b.error()};
                                 out.push_back(std::move(*b));
                                 max_bytes -= std::min(max_bytes, payload.size());
                                 next = next.next();
                                 return out.size() < count && max_bytes > 0;
                               });
  if (!ok)
    return tl::unexpected{ok.error()};
  return out;
}

namespace {

expected<std::vector<signed_submission>> load_bodies(const reader& s, sequence_number n,
                                                     const digest& block, bool voided) {
  auto key = layout::bodies_key(n, block);
  auto value = layout::load(s, family::bodies, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return fail(errc::not_found, "bodies of block " + std::to_string(n.value()));
  std::vector<signed_submission> out;
  auto take = [&](byte_view body, const signature& sig) {
    out.push_back({bytes{body}, sig});
  };
  auto leave = [](byte_view, const signature&) {
  };
  auto ok = voided ? layout::unpack_bodies(key, **value, leave, take)
                   : layout::unpack_bodies(key, **value, take, leave);
  if (!ok)
    return tl::unexpected{ok.error()};
  return out;
}

} // namespace

expected<std::vector<signed_submission>> load_bodies(const reader& s, sequence_number n,
                                                     const digest& block) {
  return load_bodies(s, n, block, false);
}

expected<std::vector<signed_submission>> load_voided(const reader& s, sequence_number n,
                                                     const digest& block) {
  return load_bodies(s, n, block, true);
}

expected<std::vector<signed_submission>> load_bodies(const reader& s, sequence_number n,
                                                     const std::vector<digest>& wanted,
                                                     std::size_t& read) {
  auto missing = wanted;
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  std::vector<signed_submission> out;
  auto take = [&](byte_view body, const signature& sig) {
    auto d = hash(body);
    auto i = std::lower_bound(missing.begin(), missing.end(), d);
    if (i == missing.end() || *i != d)
      return;
    missing.erase(i);
    out.push_back({bytes{body}, sig});
  };
  if (missing.empty())
    return out;
  std::size_t here = 0;
  auto ok = layout::load_range(s, family::bodies, layout::sequence_key(n), {},
                               [&](byte_view key, byte_view payload) -> expected<bool> {
                                 here += payload.size();
                                 auto unpacked = layout::unpack_bodies(key, payload, take, take);
                                 if (!unpacked)
                                   return tl::unexpected{unpacked.error()};
                                 return !missing.empty() && here < most_searched_bytes;
                               });
  read += here;
  if (!ok)
    return tl::unexpected{ok.error()};
  return out;
}

expected<sequence_number> last_committed(const reader& s) {
  auto found = s.last(family::blocks, {}, {});
  if (!found)
    return tl::unexpected{found.error()};
  if (!*found) {
    auto first = first_kept(s);
    if (!first)
      return tl::unexpected{first.error()};
    return sequence_number{first->value() - 1};
  }
  auto& [key, value] = **found;
  layout::unpacker in{key};
  auto n = sequence_number{in.big_u64()};
  if (!in.done())
    return layout::nonsense(family::blocks, key, "malformed key");
  return n;
}

} // namespace bourse::storage
