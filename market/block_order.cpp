#include "market/block_order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

namespace bourse::market {

namespace {

/// What has been seen of each stream so far: an open-addressing table, sized once for a block.
class stream_table {
public:
  struct entry {
    std::uint64_t key = 0; ///< 0: unused
    submission_number last;
    messages::lane lane = lane::liquidation;
  };

  explicit stream_table(std::size_t submissions)
      : slots_(std::bit_ceil(2 * submissions + 1)), mask_(slots_.size() - 1) {}

  /// The stream's entry; `last` is 0 if it is new.
  entry& operator[](const submission& s) {
    auto key = (std::uint64_t{s.client.value()} << 8 | s.stream.value()) + 1;
    // Fibonacci hashing: dense ids spread over the table.
    auto i = (key * 0x9e37'79b9'7f4a'7c15u >> 32) & mask_;
    while (slots_[i].key != 0 && slots_[i].key != key)
      i = (i + 1) & mask_;
    slots_[i].key = key;
    return slots_[i];
  }

private:
  std::vector<entry> slots_;
  std::size_t mask_;
};

/// The submission's effective lane, given those of its stream that came before.
lane advance(stream_table::entry& stream, const verified_submission& s) {
  stream.lane = std::max(stream.lane, s.lane);
  stream.last = s.content.number;
  return stream.lane;
}

tl::unexpected<error> bad(const verified_submission& s, const char* what) {
  return fail(errc::malformed, "block: submission " + std::to_string(s.content.number.value())
                                   + " of stream " + std::to_string(s.content.stream.value())
                                   + " of client " + std::to_string(s.content.client.value()) + ": "
                                   + what);
}

} // namespace

void sort_block(std::vector<submission_ptr>& batch) {
  // Effective lanes never fall along a stream, so a stable sort by them keeps streams in order.
  constexpr std::size_t lanes = 4;
  std::array<std::vector<submission_ptr>, lanes> by_lane;
  stream_table streams{batch.size()};
  for (auto& s : batch) {
    auto effective = advance(streams[s->content], *s);
    by_lane[static_cast<std::size_t>(effective) - 1].push_back(std::move(s));
  }
  auto to = batch.begin();
  for (auto& of_lane : by_lane)
    to = std::move(of_lane.begin(), of_lane.end(), to);
}

expected<void> check_block(std::span<const submission_ptr> batch, const block_limits& limits) {
  stream_table streams{batch.size()};
  batch_size size;
  auto lane_so_far = lane::liquidation;
  for (auto& s : batch) {
    if (!size.add(*s, limits))
      return fail(errc::malformed, "block: over its limits of requests or bytes");
    auto& stream = streams[s->content];
    if (stream.last != submission_number{} && s->content.number != stream.last.next())
      return bad(*s, "does not follow the one before it");
    auto effective = advance(stream, *s);
    if (effective < lane_so_far)
      return bad(*s, "stands behind a worse lane");
    lane_so_far = effective;
  }
  return {};
}

bool batch_size::add(const verified_submission& s, const block_limits& limits) {
  // One without requests would be no cheaper to carry, so it counts as one.
  auto more = std::max<std::uint64_t>(s.content.requests.size(), 1);
  if (requests_ > 0
      && (requests_ + more > limits.max_requests
          || bytes_ + s.source.body.size() > limits.max_bytes))
    return false;
  requests_ += more;
  bytes_ += s.source.body.size();
  return true;
}

} // namespace bourse::market
