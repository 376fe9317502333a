#include "storage/audit_block.hpp"

#include "consensus/certificates.hpp"
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

/// Checks `from` into `to`; `what` they are, for the finding.
finding check_bodies(audited_block& b, std::vector<signed_submission>& from,
                     std::vector<submission_ptr>& to, const char* what, const audit_genesis& g) {
  for (auto& source : from) {
    ++b.signatures;
    auto body = check_body(std::move(source), g);
    if (!body)
      return what + std::to_string(to.size() + 1) + ' ' + body.error().detail;
    to.push_back(std::move(*body));
  }
  return {};
}

finding check_content(audited_block& b, const audit_genesis& g) {
  auto content = decode_block(*b.source.block);
  if (!content)
    return "the block does not decode: " + content.error().detail;
  if (content->cluster != g.rules.cluster)
    return "the block is of another cluster";
  if (content->sequence != b.sequence)
    return "the block says that it is block " + std::to_string(content->sequence.value());
  if (!content->heads.empty() && content->heads.back().replica.value() >= g.size.n)
    return "the block names the chain of a replica that does not exist";
  if (!b.bodies)
    return {};
  if (auto bad = check_bodies(b, b.bodies->executed, b.executed, "submission ", g))
    return bad;
  return check_bodies(b, b.bodies->voided, b.voided, "void submission ", g);
}

finding check_reports(audited_block& b, const audit_genesis& g) {
  for (auto& r : b.reports) {
    ++b.signatures;
    auto good = check_report(r.name, std::move(r.source), g);
    if (!good)
      return "report " + std::to_string(r.name.index.value()) + " of replica "
             + std::to_string(r.name.replica.value()) + ": " + to_string(good.error());
    b.chains.push_back(std::move(*good));
  }
  return {};
}

} // namespace

expected<submission_ptr> decode_body(signed_submission source, const audit_genesis& g) {
  auto content = decode_submission(source.body, g.rules.submissions);
  if (!content)
    return fail(errc::malformed, "does not decode: " + content.error().detail);
  if (content->client.value() >= g.rules.clients.size())
    return fail(errc::unknown_client, "is of an unknown client");
  verified_submission s;
  s.digest = hash(source.body);
  s.lane = market::lane_of(*content, g.rules);
  s.content = std::move(*content);
  s.source = std::move(source);
  return std::make_shared<const verified_submission>(std::move(s));
}

expected<submission_ptr> check_body(signed_submission source, const audit_genesis& g) {
  auto s = decode_body(std::move(source), g);
  if (s
      && !verify(g.rules.clients[(*s)->content.client.value()].key, purpose::submission,
                 g.rules.cluster, (*s)->source.body, (*s)->source.signature))
    return fail(errc::bad_signature, "does not bear its client's signature");
  return s;
}

expected<report_ptr> check_report(const chain_head& name, signed_report source,
                                  const audit_genesis& g) {
  auto r = verify_report(std::move(source), g.replicas, g.rules.cluster, g.rules.order.max_stamps);
  if (r && chain_head{(*r)->content.replica, (*r)->content.index, (*r)->digest} != name)
    return fail(errc::corrupt, "not the one that its key names");
  return r;
}

void check_alone(audited_block& b, const audit_genesis& g) {
  if (b.problem || b.source.block == nullptr)
    return;
  b.problem = check_certificate(b, g);
  if (!b.problem)
    b.problem = check_content(b, g);
  if (!b.problem)
    b.problem = check_reports(b, g);
}

} // namespace bourse::storage
