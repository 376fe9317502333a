#include "config/receipts.hpp"

#include <set>

#include <fmt/format.h>

#include "messages/consensus.hpp"
#include "messages/crypto.hpp"
#include "messages/merkle.hpp"

namespace bourse::config {

namespace {

expected<void> verify_signatures(const receipt& r, const genesis& g) {
  auto statement = signed_bytes(r.what);
  std::set<replica_id> signers;
  for (const auto& s : r.signatures) {
    if (s.replica.value() >= g.replicas.size())
      return fail(errc::unknown_replica,
                  fmt::format("a signature is of replica {}, but there are {}", s.replica.value(),
                              g.replicas.size()));
    if (!signers.insert(s.replica).second)
      return fail(errc::invalid_certificate,
                  fmt::format("replica {} has signed twice", s.replica.value()));
    const auto& key = g.replicas[s.replica.value()].key;
    if (!verify(key, purpose::results, g.cluster(), statement, s.signature))
      return fail(errc::bad_signature,
                  fmt::format("the signature of replica {} is not good", s.replica.value()));
  }
  if (signers.size() < g.size.weak_quorum())
    return fail(
        errc::invalid_certificate,
        fmt::format("{} signatures of replicas, but it takes {} to have an honest one among "
                    "them",
                    signers.size(), g.size.weak_quorum()));
  return {};
}

} // namespace

expected<report> verify_receipt(const receipt& r, const genesis& g) {
  if (r.cluster != g.cluster())
    return fail(errc::wrong_cluster, "it is of another cluster than the genesis file");
  if (auto good = verify_signatures(r, g); !good)
    return tl::unexpected(good.error());
  if (!merkle_verify(r.what.results, r.report, r.index, r.count, r.path))
    return fail(errc::invalid_certificate,
                "the report is not among the results that the replicas signed");
  return decode_report(r.report);
}

} // namespace bourse::config
