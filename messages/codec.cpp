#include "messages/codec.hpp"

#include <google/protobuf/io/coded_stream.h>

#include <span>

#include "messages/assert.hpp"
#include "messages/consensus.pb.h"
#include "messages/request.pb.h"

namespace bourse::messages::codec {

namespace {

using format = pb::internal::WireFormatLite;

void count_in(byte_view encoded, std::span<const int> path, tally& sum) {
  pb::io::CodedInputStream in{reinterpret_cast<const std::uint8_t*>(encoded.data()),
                              static_cast<int>(encoded.size())};
  while (auto tag = in.ReadTag()) {
    auto wanted = format::GetTagFieldNumber(tag) == path.front();
    if (wanted && path.size() == 1)
      ++sum.count;
    if (format::GetTagWireType(tag) != format::WIRETYPE_LENGTH_DELIMITED) {
      if (!format::SkipField(&in, tag))
        return;
      continue;
    }
    std::uint32_t size = 0;
    if (!in.ReadVarint32(&size))
      return;
    auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (size > encoded.size() - begin)
      return;
    if (wanted && path.size() == 1)
      sum.bytes += size;
    else if (wanted)
      count_in(encoded.substr(begin, size), path.subspan(1), sum);
    in.Skip(static_cast<int>(size));
  }
}

} // namespace

tally count_field(byte_view encoded, std::initializer_list<int> path) {
  tally sum;
  if (encoded.size() <= std::numeric_limits<int>::max())
    count_in(encoded, {path.begin(), path.size()}, sum);
  return sum;
}

bytes join(const std::vector<digest>& digests) {
  bytes out;
  out.reserve(digests.size() * digest::size);
  for (const auto& d : digests)
    out.append(d.view());
  return out;
}

void split(std::vector<digest>& out, byte_view in) {
  BOURSE_ASSERT(in.size() % digest::size == 0);
  out.resize(in.size() / digest::size);
  for (auto& d : out) {
    d.assign(in.substr(0, digest::size));
    in.remove_prefix(digest::size);
  }
}

namespace {

template <class Fixed>
void set(std::string* field, const Fixed& value) {
  field->assign(value.view());
}

} // namespace

void write(const statement& from, wire::Statement& to) {
  to.set_view(from.view.value());
  to.set_sequence(from.sequence.value());
  set(to.mutable_digest(), from.digest);
}

void write(const checkpoint_statement& from, wire::CheckpointStatement& to) {
  to.set_sequence(from.sequence.value());
  set(to.mutable_state(), from.state);
}

void write(const results_statement& from, wire::ResultsStatement& to) {
  to.set_sequence(from.sequence.value());
  set(to.mutable_block(), from.block);
  set(to.mutable_results(), from.results);
}

void write(const replica_signature& from, wire::ReplicaSignature& to) {
  to.set_replica(from.replica.value());
  set(to.mutable_signature(), from.signature);
}

void write(const signed_submission& from, wire::SignedSubmission& to) {
  to.set_body(from.body);
  set(to.mutable_signature(), from.signature);
}

bool read(statement& to, const wire::Statement& from) {
  to.view = view_number{from.view()};
  to.sequence = sequence_number{from.sequence()};
  return to.digest.assign(from.digest());
}

bool read(checkpoint_statement& to, const wire::CheckpointStatement& from) {
  to.sequence = sequence_number{from.sequence()};
  return to.state.assign(from.state());
}

bool read(results_statement& to, const wire::ResultsStatement& from) {
  to.sequence = sequence_number{from.sequence()};
  return to.block.assign(from.block()) && to.results.assign(from.results());
}

bool read(replica_signature& to, const wire::ReplicaSignature& from, std::size_t max_replicas) {
  return from.replica() < max_replicas && read_unsigned(to.replica, from.replica())
         && to.signature.assign(from.signature());
}

void write(const commit_certificate& from, wire::CommitCertificate& to) {
  write(from.what, *to.mutable_what());
  write_all(from.commits, *to.mutable_commits());
}

void write(const stable_checkpoint& from, wire::StableCheckpoint& to) {
  write(from.what, *to.mutable_what());
  write_all(from.proof, *to.mutable_proof());
}

bool read(commit_certificate& to, const wire::CommitCertificate& from, std::size_t max_replicas) {
  return read(to.what, from.what()) && read_all(to.commits, from.commits(), max_replicas);
}

bool read(stable_checkpoint& to, const wire::StableCheckpoint& from, std::size_t max_replicas) {
  return read(to.what, from.what()) && read_all(to.proof, from.proof(), max_replicas);
}

bool take(signed_submission& to, wire::SignedSubmission& from) {
  to.body = std::move(*from.mutable_body());
  return to.signature.assign(from.signature());
}

} // namespace bourse::messages::codec
