#include "messages/stamps.hpp"

#include <utility>

namespace bourse::messages {

namespace {

report_ptr verified(signed_report source, const digest& name, stamp_report content) {
  return std::make_shared<const verified_report>(
      verified_report{std::move(source), name, std::move(content)});
}

} // namespace

report_ptr sign_report(stamp_report content, const key_pair& key, const digest& cluster) {
  auto body = encode(content);
  auto name = hash(body);
  auto by = key.sign(purpose::stamp_report, cluster, name.view());
  return verified({std::move(body), by}, name, std::move(content));
}

expected<report_ptr> verify_report(signed_report source, const std::vector<public_key>& keys,
                                   const digest& cluster, std::uint32_t max_stamps) {
  auto content = decode_stamp_report(source.body, max_stamps);
  if (!content)
    return tl::unexpected{content.error()};
  std::size_t by = content->replica.value();
  if (by >= keys.size())
    return fail(errc::malformed, "stamp report: no such replica");
  auto name = hash(source.body);
  if (!verify(keys[by], purpose::stamp_report, cluster, name.view(), source.signature))
    return fail(errc::bad_signature, "stamp report " + std::to_string(content->index.value())
                                         + " of replica " + std::to_string(by));
  return verified(std::move(source), name, std::move(*content));
}

} // namespace bourse::messages
