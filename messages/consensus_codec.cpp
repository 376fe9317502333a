#include "messages/codec.hpp"
#include "messages/consensus.hpp"
#include "messages/consensus.pb.h"

namespace bourse::messages {

namespace {

using codec::read;
using codec::read_all;
using codec::write;
using codec::write_all;

/// Above what a stored certificate takes beside its signatures, and a signature with its framing.
constexpr std::size_t max_certificate_header = 512;
constexpr std::size_t max_signature_bytes = 96;
constexpr std::size_t max_stored_bytes
    = max_certificate_header + codec::max_signatures * max_signature_bytes;

// -- certificates ------------------------------------------------------------------------------

void write(const prepared_certificate& from, wire::PreparedCertificate& to) {
  write(from.what, *to.mutable_what());
  to.mutable_pre_prepare()->assign(from.pre_prepare.view());
  write_all(from.prepares, *to.mutable_prepares());
}

void write(const commit_certificate& from, wire::CommitCertificate& to) {
  write(from.what, *to.mutable_what());
  write_all(from.commits, *to.mutable_commits());
}

void write(const stable_checkpoint& from, wire::StableCheckpoint& to) {
  write(from.what, *to.mutable_what());
  write_all(from.proof, *to.mutable_proof());
}

void write(const equivocation& from, wire::Equivocation& to) {
  write(from.first, *to.mutable_first());
  to.mutable_first_signature()->assign(from.first_signature.view());
  write(from.second, *to.mutable_second());
  to.mutable_second_signature()->assign(from.second_signature.view());
}

bool read(prepared_certificate& to, const wire::PreparedCertificate& from,
          std::size_t max_replicas) {
  return read(to.what, from.what()) && to.pre_prepare.assign(from.pre_prepare())
         && read_all(to.prepares, from.prepares(), max_replicas);
}

bool read(commit_certificate& to, const wire::CommitCertificate& from, std::size_t max_replicas) {
  return read(to.what, from.what()) && read_all(to.commits, from.commits(), max_replicas);
}

bool read(stable_checkpoint& to, const wire::StableCheckpoint& from, std::size_t max_replicas) {
  return read(to.what, from.what()) && read_all(to.proof, from.proof(), max_replicas);
}

bool read(equivocation& to, const wire::Equivocation& from, std::size_t) {
  return read(to.first, from.first()) && to.first_signature.assign(from.first_signature())
         && read(to.second, from.second()) && to.second_signature.assign(from.second_signature());
}

template <class Wire, class Domain>
bytes encode_stored(const Domain& from) {
  Wire out;
  write(from, out);
  return codec::serialize(out);
}

/// What was stored was valid once, so anything else means that the storage broke it.
template <class Wire, class Domain>
expected<Domain> decode_stored(byte_view encoded, const char* what) {
  Wire parsed;
  Domain out;
  if (!codec::parse(parsed, encoded, max_stored_bytes, what)
      || !read(out, parsed, codec::max_signatures) || encode(out) != encoded)
    return fail(errc::corrupt, what);
  return out;
}

// -- peer messages: writing --------------------------------------------------------------------

byte_view view_of(const shared_bytes& b) {
  return b ? byte_view{*b} : byte_view{};
}

template <class Vote>
void write_vote(const Vote& from, wire::Vote& to) {
  write(from.what, *to.mutable_what());
  write(from.by, *to.mutable_by());
}

struct peer_writer {
  wire::PeerMessage& to;

  void operator()(const pre_prepare& m) {
    auto& out = *to.mutable_pre_prepare();
    write(m.what, *out.mutable_what());
    out.mutable_signature()->assign(m.signature.view());
    out.mutable_block()->assign(view_of(m.block));
  }
  void operator()(const prepare& m) {
    write_vote(m, *to.mutable_prepare());
  }
  void operator()(const commit& m) {
    write_vote(m, *to.mutable_commit());
  }
  void operator()(const checkpoint& m) {
    write(m.what, *to.mutable_checkpoint()->mutable_what());
    write(m.by, *to.mutable_checkpoint()->mutable_by());
  }
  void operator()(const progress& m) {
    auto& out = *to.mutable_progress();
    out.set_view(m.view.value());
    out.set_stable(m.stable.value());
    out.set_executed(m.executed.value());
  }
  void operator()(const fetch_blocks& m) {
    to.mutable_fetch_blocks()->set_from(m.from.value());
    to.mutable_fetch_blocks()->set_to(m.to.value());
  }
  void operator()(const committed_block& m) {
    write(m.certificate, *to.mutable_committed_block()->mutable_certificate());
    to.mutable_committed_block()->mutable_block()->assign(view_of(m.block));
  }
  void operator()(const fetch_proposal& m) {
    write(m.what, *to.mutable_fetch_proposal()->mutable_what());
  }
  void operator()(const fetch_bodies& m) {
    to.mutable_fetch_bodies()->set_sequence(m.sequence.value());
    *to.mutable_fetch_bodies()->mutable_digests() = codec::join(m.digests);
  }
  void operator()(const bodies& m) {
    auto& list = *to.mutable_bodies()->mutable_submissions();
    list.Reserve(static_cast<int>(m.submissions.size()));
    for (const auto& s : m.submissions)
      write(s, *list.Add());
  }
};

// -- peer messages: reading --------------------------------------------------------------------

/// Large fields are taken out of the parsed message rather than copied.
shared_bytes take_shared(std::string* field) {
  return std::make_shared<const bytes>(std::move(*field));
}

expected<peer_message> finish(bool ok, peer_message&& m) {
  if (!ok)
    return fail(errc::malformed, "peer message: field out of range");
  return std::move(m);
}

template <class Vote>
expected<peer_message> read_vote(const wire::Vote& from, const peer_limits& limits) {
  Vote m;
  auto ok = read(m.what, from.what()) && read(m.by, from.by(), limits.max_replicas);
  return finish(ok, m);
}

expected<peer_message> read_pre_prepare(wire::PrePrepare& from) {
  pre_prepare m;
  auto ok = read(m.what, from.what()) && m.signature.assign(from.signature());
  m.block = take_shared(from.mutable_block());
  return finish(ok, std::move(m));
}

expected<peer_message> read_checkpoint(const wire::Checkpoint& from, const peer_limits& limits) {
  checkpoint m;
  auto ok = read(m.what, from.what()) && read(m.by, from.by(), limits.max_replicas);
  return finish(ok, m);
}

expected<peer_message> read_committed_block(wire::CommittedBlock& from, const peer_limits& limits) {
  committed_block m;
  auto ok = read(m.certificate, from.certificate(), limits.max_replicas);
  m.block = take_shared(from.mutable_block());
  return finish(ok, std::move(m));
}

expected<peer_message> read_fetch_bodies(const wire::FetchBodies& from, const peer_limits& limits) {
  if (from.digests().size() / digest::size > limits.max_digests)
    return fail(errc::too_large, "fetch bodies: number of digests");
  if (from.digests().size() % digest::size != 0)
    return fail(errc::malformed, "fetch bodies: size of a digest");
  fetch_bodies m;
  m.sequence = sequence_number{from.sequence()};
  codec::split(m.digests, from.digests());
  return m;
}

expected<peer_message> read_bodies(wire::Bodies& from) {
  bodies m;
  m.submissions.resize(static_cast<std::size_t>(from.submissions_size()));
  auto ok = true;
  for (std::size_t i = 0; ok && i < m.submissions.size(); ++i)
    ok = codec::take(m.submissions[i], *from.mutable_submissions(static_cast<int>(i)));
  return finish(ok, std::move(m));
}

/// The lists whose elements are messages: Protobuf would build these before we see them.
bool lists_are_bounded(byte_view encoded, const peer_limits& limits) {
  auto submissions = codec::count_field(
      encoded, {wire::PeerMessage::kBodiesFieldNumber, wire::Bodies::kSubmissionsFieldNumber});
  auto commits = codec::count_field(encoded, {wire::PeerMessage::kCommittedBlockFieldNumber,
                                              wire::CommittedBlock::kCertificateFieldNumber,
                                              wire::CommitCertificate::kCommitsFieldNumber});
  return submissions.count <= limits.max_digests && commits.count <= limits.max_replicas;
}

} // namespace

bytes encode(const peer_message& m) {
  wire::PeerMessage out;
  std::visit(peer_writer{out}, m);
  return codec::serialize(out);
}

expected<peer_message> decode_peer_message(byte_view encoded, const peer_limits& limits) {
  if (encoded.size() > limits.max_message_bytes || !lists_are_bounded(encoded, limits))
    return fail(errc::too_large, "peer message");
  wire::PeerMessage parsed;
  if (auto ok = codec::parse(parsed, encoded, limits.max_message_bytes, "peer message"); !ok)
    return tl::unexpected{ok.error()};
  switch (parsed.kind_case()) {
    case wire::PeerMessage::kPrePrepare:
      return read_pre_prepare(*parsed.mutable_pre_prepare());
    case wire::PeerMessage::kPrepare:
      return read_vote<prepare>(parsed.prepare(), limits);
    case wire::PeerMessage::kCommit:
      return read_vote<commit>(parsed.commit(), limits);
    case wire::PeerMessage::kCheckpoint:
      return read_checkpoint(parsed.checkpoint(), limits);
    case wire::PeerMessage::kProgress:
      return progress{view_number{parsed.progress().view()},
                      sequence_number{parsed.progress().stable()},
                      sequence_number{parsed.progress().executed()}};
    case wire::PeerMessage::kFetchBlocks:
      return fetch_blocks{sequence_number{parsed.fetch_blocks().from()},
                          sequence_number{parsed.fetch_blocks().to()}};
    case wire::PeerMessage::kCommittedBlock:
      return read_committed_block(*parsed.mutable_committed_block(), limits);
    case wire::PeerMessage::kFetchProposal: {
      fetch_proposal m;
      auto ok = read(m.what, parsed.fetch_proposal().what());
      return finish(ok, m);
    }
    case wire::PeerMessage::kFetchBodies:
      return read_fetch_bodies(parsed.fetch_bodies(), limits);
    case wire::PeerMessage::kBodies:
      return read_bodies(*parsed.mutable_bodies());
    case wire::PeerMessage::KIND_NOT_SET:
      break;
  }
  return fail(errc::malformed, "peer message: unknown kind");
}

bytes encode(const prepared_certificate& c) {
  return encode_stored<wire::PreparedCertificate>(c);
}

bytes encode(const commit_certificate& c) {
  return encode_stored<wire::CommitCertificate>(c);
}

bytes encode(const stable_checkpoint& c) {
  return encode_stored<wire::StableCheckpoint>(c);
}

bytes encode(const equivocation& e) {
  return encode_stored<wire::Equivocation>(e);
}

expected<prepared_certificate> decode_prepared_certificate(byte_view encoded) {
  return decode_stored<wire::PreparedCertificate, prepared_certificate>(encoded,
                                                                        "prepared certificate");
}

expected<commit_certificate> decode_commit_certificate(byte_view encoded) {
  return decode_stored<wire::CommitCertificate, commit_certificate>(encoded, "commit certificate");
}

expected<stable_checkpoint> decode_stable_checkpoint(byte_view encoded) {
  return decode_stored<wire::StableCheckpoint, stable_checkpoint>(encoded, "stable checkpoint");
}

expected<equivocation> decode_equivocation(byte_view encoded) {
  return decode_stored<wire::Equivocation, equivocation>(encoded, "equivocation");
}

} // namespace bourse::messages
