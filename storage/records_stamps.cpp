// Reading reports of stamps, and bodies that have not executed.
#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

expected<std::optional<signed_report>> load_report(const reader& s, const chain_head& name) {
  auto value = layout::load(s, family::stamps, layout::chain_key(name));
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return std::nullopt;
  auto r = layout::unpack_report(name, **value);
  if (!r)
    return tl::unexpected{r.error()};
  return std::move(*r);
}

expected<void>
load_reports(const reader& s, replica_id from, report_index first,
             const std::function<expected<bool>(const chain_head&, signed_report)>& visit) {
  return layout::load_range(s, family::stamps, layout::chain_bound(from, first), {},
                            [&](byte_view key, byte_view payload) -> expected<bool> {
                              auto name = layout::unpack_chain_key(key);
                              if (!name)
                                return tl::unexpected{name.error()};
                              auto r = layout::unpack_report(*name, payload);
                              if (!r)
                                return tl::unexpected{r.error()};
                              return visit(*name, std::move(*r));
                            });
}

expected<void> load_pending(
    const reader& s,
    const std::function<expected<void>(const submission_header&, signed_submission)>& visit) {
  return layout::load_range(s, family::stamps, {}, layout::pending_end,
                            [&](byte_view key, byte_view payload) -> expected<bool> {
                              auto name = layout::unpack_pending_key(key);
                              if (!name)
                                return tl::unexpected{name.error()};
                              auto body = layout::unpack_pending(*name, payload);
                              if (!body)
                                return tl::unexpected{body.error()};
                              if (auto ok = visit(name->about, std::move(*body)); !ok)
                                return tl::unexpected{ok.error()};
                              return true;
                            });
}

} // namespace bourse::storage
