#include "storage/audit_block.hpp"

#include "consensus/certificates.hpp"
#include "market/block_order.hpp"
#include "messages/assert.hpp"

namespace bourse::storage {

signature auditor_keys::sign(purpose, byte_view) const {
  BOURSE_ASSERT(false && "an auditor signs nothing");
}

bool auditor_keys::verify(replica_id by, purpose why, byte_view payload,
                          const signature& sig) const {
  return by.value() < genesis_.replicas.size()
         && messages::verify(genesis_.replicas[by.value()], why, genesis_.rules.cluster, payload,
                             sig);
}

namespace {

/// Nothing: it is good.
using finding = std::optional<std::string>;

finding check_certificate(audited_block& b, const audit_genesis& g) {
  auto& c = b.source.certificate;
  if (c.what.sequence != b.sequence)
    return "the certificate is for block " + std::to_string(c.what.sequence.value());
  if (hash(*b.source.block) != c.what.digest)
    return "the block does not have the certified digest";
  b.signatures += c.commits.size();
  if (!consensus::valid(c, g.size, auditor_keys{g}))
    return "the commit certificate is not valid";
  return {};
}

std::string nth(std::size_t i) {
  return "submission " + std::to_string(i + 1) + " of the block";
}

expected<submission_ptr> check_body(signed_submission&& source, const digest& named,
                                    const audit_genesis& g) {
  verified_submission s;
  s.digest = hash(source.body);
  if (s.digest != named)
    return fail(errc::corrupt, "is not the one that the block names");
  auto content = decode_submission(source.body, g.rules.submissions);
  if (!content)
    return fail(errc::malformed, "does not decode: " + content.error().detail);
  if (content->client.value() >= g.rules.clients.size())
    return fail(errc::unknown_client, "is of an unknown client");
  if (!verify(g.rules.clients[content->client.value()].key, purpose::submission, g.rules.cluster,
              source.body, source.signature))
    return fail(errc::bad_signature, "does not bear its client's signature");
  s.lane = market::lane_of(*content, g.rules);
  s.content = std::move(*content);
  s.source = std::move(source);
  return std::make_shared<const verified_submission>(std::move(s));
}

finding check_content(audited_block& b, const audit_genesis& g) {
  auto content = decode_block(*b.source.block, g.rules.blocks);
  if (!content)
    return "the block does not decode: " + content.error().detail;
  if (content->cluster != g.rules.cluster)
    return "the block is of another cluster";
  if (content->sequence != b.sequence)
    return "the block says that it is block " + std::to_string(content->sequence.value());
  b.input.sequence = content->sequence;
  b.input.block_digest = b.source.certificate.what.digest;
  b.input.time = content->time;
  if (!b.bodies && content->submissions.empty())
    b.bodies.emplace(); // nobody had to store them
  if (!b.bodies)
    return {};
  if (b.bodies->size() != content->submissions.size())
    return "there are " + std::to_string(b.bodies->size()) + " bodies for "
           + std::to_string(content->submissions.size()) + " submissions";
  for (std::size_t i = 0; i < b.bodies->size(); ++i) {
    ++b.signatures;
    auto body = check_body(std::move((*b.bodies)[i]), content->submissions[i], g);
    if (!body)
      return nth(i) + ' ' + body.error().detail;
    b.input.submissions.push_back(std::move(*body));
  }
  if (auto ok = market::check_block(b.input.submissions, g.rules.blocks); !ok)
    return "the submissions are not in canonical order: " + ok.error().detail;
  return {};
}

} // namespace

void check_alone(audited_block& b, const audit_genesis& g) {
  if (b.problem || b.source.block == nullptr)
    return;
  b.problem = check_certificate(b, g);
  if (!b.problem)
    b.problem = check_content(b, g);
}

} // namespace bourse::storage
