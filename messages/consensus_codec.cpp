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
constexpr std::size_t max_certificate_bytes
    = max_certificate_header + codec::max_signatures * max_signature_bytes;
/// Its body came in a message, so it is smaller than one.
constexpr std::size_t max_new_view_bytes = peer_limits{}.max_message_bytes;

// -- certificates ------------------------------------------------------------------------------

void write(const prepared_certificate& from, wire::PreparedCertificate& to) {
  write(from.what, *to.mutable_what());
  to.mutable_pre_prepare()->assign(from.pre_prepare.view());
  write_all(from.prepares, *to.mutable_prepares());
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

bool read(equivocation& to, const wire::Equivocation& from, std::size_t) {
  return read(to.first, from.first()) && to.first_signature.assign(from.first_signature())
         && read(to.second, from.second()) && to.second_signature.assign(from.second_signature());
}

/// A view_change or a new_view.
template <class Signed>
void write_signed(const Signed& from, wire::SignedContent& to) {
  to.set_body(from.body);
  write(from.by, *to.mutable_by());
}

void write(const new_view& from, wire::SignedContent& to) {
  write_signed(from, to);
}

/// Takes the body out of `from`, so that it is not copied again.
template <class Signed>
bool take_signed(Signed& to, wire::SignedContent& from, std::size_t max_replicas) {
  to.body = std::move(*from.mutable_body());
  return read(to.by, from.by(), max_replicas);
}

bool read(new_view& to, wire::SignedContent& from, std::size_t max_replicas) {
  return take_signed(to, from, max_replicas);
}

template <class Wire, class Domain>
bytes encode_stored(const Domain& from) {
  Wire out;
  write(from, out);
  return codec::serialize(out);
}

/// What was stored was valid once, so anything else means that the storage broke it.
template <class Wire, class Domain>
expected<Domain> decode_stored(byte_view encoded, const char* what,
                               std::size_t max_bytes = max_certificate_bytes) {
  Wire parsed;
  Domain out;
  if (!codec::parse(parsed, encoded, max_bytes, what) || !read(out, parsed, codec::max_signatures)
      || encode(out) != encoded)
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
  void operator()(const wish& m) {
    to.mutable_wish()->set_view(m.view.value());
  }
  void operator()(const view_change& m) {
    write_signed(m, *to.mutable_view_change());
  }
  void operator()(const new_view& m) {
    write_signed(m, *to.mutable_new_view());
  }
  /// Those that fetch a state, and those about stamps.
  template <class Other>
  void operator()(const Other& m) {
    codec::write(m, to);
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

template <class Signed>
expected<peer_message> read_signed(wire::SignedContent& from, const peer_limits& limits) {
  Signed m;
  auto ok = take_signed(m, from, limits.max_replicas);
  return finish(ok, std::move(m));
}

/// The lists whose elements are messages: Protobuf would build these before we see them.
bool lists_are_bounded(byte_view encoded, const peer_limits& limits) {
  auto submissions = codec::count_field(
      encoded, {wire::PeerMessage::kBodiesFieldNumber, wire::Bodies::kSubmissionsFieldNumber});
  auto commits = codec::count_field(encoded, {wire::PeerMessage::kCommittedBlockFieldNumber,
                                              wire::CommittedBlock::kCertificateFieldNumber,
                                              wire::CommitCertificate::kCommitsFieldNumber});
  return submissions.count <= limits.max_digests && commits.count <= limits.max_replicas
         && codec::state_lists_are_bounded(encoded, limits)
         && codec::reports_are_bounded(encoded, limits);
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
    case wire::PeerMessage::kWish:
      return wish{view_number{parsed.wish().view()}};
    case wire::PeerMessage::kViewChange:
      return read_signed<view_change>(*parsed.mutable_view_change(), limits);
    case wire::PeerMessage::kNewView:
      return read_signed<new_view>(*parsed.mutable_new_view(), limits);
    case wire::PeerMessage::kStampReports:
      return codec::take_reports(*parsed.mutable_stamp_reports());
    case wire::PeerMessage::kFetchReports:
      return codec::take_question(parsed.fetch_reports());
    case wire::PeerMessage::KIND_NOT_SET:
      return fail(errc::malformed, "peer message: unknown kind");
    default:
      return codec::take_state_message(parsed, limits);
  }
}

// -- what view changes sign ----------------------------------------------------------------------

namespace {

/// Counted before Protobuf builds them, like those of lists_are_bounded.
bool lists_are_bounded(byte_view view_change, std::uint64_t max_prepared,
                       std::uint64_t max_replicas) {
  using content = wire::ViewChangeContent;
  auto prepared = codec::count_field(view_change, {content::kPreparedFieldNumber});
  auto prepares
      = codec::count_field(view_change, {content::kPreparedFieldNumber,
                                         wire::PreparedCertificate::kPreparesFieldNumber});
  auto proof = codec::count_field(
      view_change, {content::kStableFieldNumber, wire::StableCheckpoint::kProofFieldNumber});
  return prepared.count <= max_prepared && prepares.count <= max_prepared * max_replicas
         && proof.count <= max_replicas;
}

bool read(view_change_content& to, const wire::ViewChangeContent& from, std::size_t max_replicas) {
  to.view = view_number{from.view()};
  to.prepared.resize(static_cast<std::size_t>(from.prepared_size()));
  auto ok = read(to.stable, from.stable(), max_replicas);
  for (std::size_t i = 0; ok && i < to.prepared.size(); ++i)
    ok = read(to.prepared[i], from.prepared(static_cast<int>(i)), max_replicas);
  return ok;
}

bool read(new_view_content& to, wire::NewViewContent& from, std::size_t max_replicas) {
  to.view = view_number{from.view()};
  to.changes.resize(static_cast<std::size_t>(from.changes_size()));
  for (std::size_t i = 0; i < to.changes.size(); ++i)
    if (!take_signed(to.changes[i], *from.mutable_changes(static_cast<int>(i)), max_replicas))
      return false;
  byte_view left = from.pre_prepares();
  if (left.size() % signature::size != 0)
    return false;
  to.pre_prepares.resize(left.size() / signature::size);
  for (auto& s : to.pre_prepares) {
    s.assign(left.substr(0, signature::size));
    left.remove_prefix(signature::size);
  }
  return true;
}

} // namespace

bytes encode(const view_change_content& c) {
  wire::ViewChangeContent out;
  out.set_view(c.view.value());
  write(c.stable, *out.mutable_stable());
  out.mutable_prepared()->Reserve(static_cast<int>(c.prepared.size()));
  for (const auto& p : c.prepared)
    write(p, *out.add_prepared());
  return codec::serialize(out);
}

bytes encode(const new_view_content& c) {
  wire::NewViewContent out;
  out.set_view(c.view.value());
  out.mutable_changes()->Reserve(static_cast<int>(c.changes.size()));
  for (const auto& v : c.changes)
    write_signed(v, *out.add_changes());
  auto& signatures = *out.mutable_pre_prepares();
  signatures.reserve(c.pre_prepares.size() * signature::size);
  for (const auto& s : c.pre_prepares)
    signatures.append(s.view());
  return codec::serialize(out);
}

expected<view_change_content> decode_view_change_content(byte_view encoded,
                                                         const peer_limits& limits) {
  constexpr auto what = "view change";
  if (encoded.size() > limits.max_message_bytes
      || !lists_are_bounded(encoded, limits.max_prepared, limits.max_replicas))
    return fail(errc::too_large, what);
  wire::ViewChangeContent parsed;
  if (auto ok = codec::parse(parsed, encoded, limits.max_message_bytes, what); !ok)
    return tl::unexpected{ok.error()};
  view_change_content out;
  // One content, one encoding: see the same check of submissions.
  if (!read(out, parsed, limits.max_replicas) || encode(out) != encoded)
    return fail(errc::malformed, what);
  return out;
}

expected<new_view_content> decode_new_view_content(byte_view encoded, const peer_limits& limits) {
  constexpr auto what = "new view";
  using content = wire::NewViewContent;
  if (encoded.size() > limits.max_message_bytes
      || codec::count_field(encoded, {content::kChangesFieldNumber}).count > limits.max_replicas)
    return fail(errc::too_large, what);
  content parsed;
  if (auto ok = codec::parse(parsed, encoded, limits.max_message_bytes, what); !ok)
    return tl::unexpected{ok.error()};
  if (parsed.pre_prepares().size() / signature::size > limits.max_prepared)
    return fail(errc::too_large, "new view: number of proposals");
  new_view_content out;
  if (!read(out, parsed, limits.max_replicas) || encode(out) != encoded)
    return fail(errc::malformed, what);
  return out;
}

// -- stored forms --------------------------------------------------------------------------------

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

bytes encode(const new_view& v) {
  return encode_stored<wire::SignedContent>(v);
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

expected<new_view> decode_new_view(byte_view encoded) {
  return decode_stored<wire::SignedContent, new_view>(encoded, "new view", max_new_view_bytes);
}

} // namespace bourse::messages
