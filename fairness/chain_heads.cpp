#include "fairness/chain_heads.hpp"

#include <algorithm>

#include "market/page_codec.hpp"
#include "messages/assert.hpp"

namespace bourse::fairness {

namespace {

constexpr std::uint8_t page_version = 1;

stamp_time reached_by_quorum(std::vector<stamp_time> boundaries, cluster_size size) {
  // As many from the top are the quorum: the lowest of those is reached by all of them.
  auto nth = boundaries.begin() + (size.quorum() - 1);
  std::nth_element(boundaries.begin(), nth, boundaries.end(), std::greater{});
  return *nth;
}

} // namespace

bool continues(const chain_position& last, const stamp_report& next) {
  return next.index == last.index.next() && next.previous == last.digest
         && next.boundary > last.boundary
         && (next.stamps.empty() || next.stamps.front().time > last.boundary);
}

chain_position position_of(const verified_report& r) {
  return {r.content.index, r.digest, r.content.boundary};
}

chain_heads::chain_heads(const digest& cluster, cluster_size size)
    : size_(size), heads_(size.n, chain_position{report_index{0}, cluster, stamp_time{0}}) {}

void chain_heads::advance(replica_id who, const chain_position& to) {
  auto& head = heads_[who.value()];
  BOURSE_ASSERT(to.index > head.index && to.boundary > head.boundary);
  head = to;
}

stamp_time chain_heads::time() const {
  std::vector<stamp_time> boundaries;
  for (const auto& head : heads_)
    boundaries.push_back(head.boundary);
  return reached_by_quorum(std::move(boundaries), size_);
}

stamp_time chain_heads::time(const std::vector<chain_position>& newer) const {
  std::vector<stamp_time> boundaries;
  for (std::size_t i = 0; i < heads_.size(); ++i)
    boundaries.push_back(newer[i].index.value() > 0 ? newer[i].boundary : heads_[i].boundary);
  return reached_by_quorum(std::move(boundaries), size_);
}

bytes chain_heads::encode() const {
  market::page_writer out;
  out.put(page_version);
  for (const auto& head : heads_) {
    out.put(head.index.value()).put(head.boundary.value());
    for (auto byte : head.digest.data)
      out.put(byte);
  }
  return out.take();
}

expected<std::vector<chain_position>> chain_heads::read(byte_view page_content) {
  market::page_reader in(page_content);
  in.require(in.get<std::uint8_t>() == page_version);
  std::vector<chain_position> out;
  while (in.ok() && !in.done()) {
    auto& head = out.emplace_back();
    head.index = report_index{in.get<std::uint64_t>()};
    head.boundary = stamp_time{in.get<std::uint64_t>()};
    for (auto& byte : head.digest.data)
      byte = in.get<std::uint8_t>();
    in.require(head.boundary <= max_stamp_time);
  }
  if (!in.done())
    return fail(errc::corrupt, "page of the chains' heads");
  return out;
}

expected<void> chain_heads::restore(byte_view page_content) {
  auto heads = read(page_content);
  if (!heads)
    return tl::unexpected{heads.error()};
  if (heads->size() != size_.n)
    return fail(errc::corrupt, "page of the chains' heads: not one for each replica");
  heads_ = std::move(*heads);
  return {};
}

} // namespace bourse::fairness
