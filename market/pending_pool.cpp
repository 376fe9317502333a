#include "market/pending_pool.hpp"

#include <algorithm>
#include <utility>

namespace bourse::market {

pending_pool::pending_pool(const rules& r) : rules_(r), streams_(r.clients.size() * max_streams) {}

pending_pool::stream* pending_pool::find(client_id client, stream_id of) {
  return const_cast<stream*>(std::as_const(*this).find(client, of));
}

const pending_pool::stream* pending_pool::find(client_id client, stream_id of) const {
  if (client.value() >= streams_.size() / max_streams || of.value() >= max_streams)
    return nullptr;
  return &streams_[client.value() * max_streams + of.value()];
}

bool pending_pool::within_window(const stream& of, std::uint64_t number) const {
  return number >= of.next
         && number - of.next < admitted_credits * std::max(rules_.stream_window, 1u);
}

expected<void> pending_pool::admissible(const submission_header& header,
                                        std::size_t body_bytes) const {
  auto* of = find(header.client, header.stream);
  auto number = header.number.value();
  if (!of)
    return fail(errc::unknown_client);
  if (number < of->next)
    return fail(errc::duplicate);
  if (!within_window(*of, number))
    return fail(errc::outside_window);
  auto same = of->numbers.find(number);
  if (of->bytes + body_bytes <= rules_.stream_window_bytes && same == of->numbers.end())
    return {};
  if (same != of->numbers.end() && same->second.size() >= max_rivals)
    return fail(errc::busy, "too many bodies under one number");
  std::size_t before = 0;
  for (auto it = of->numbers.begin(); it != of->numbers.upper_bound(number); ++it)
    for (const auto& s : it->second)
      before += s->source.body.size();
  // What came out of order may exceed the credit for a while, but not without bound.
  if (before > 0
      && (before + body_bytes > rules_.stream_window_bytes
          || of->bytes + body_bytes > 2 * std::size_t{rules_.stream_window_bytes}))
    return fail(errc::busy, "over the credit in bytes");
  return {};
}

bool pending_pool::add(submission_ptr s) {
  auto* of = find(s->content.client, s->content.stream);
  auto number = s->content.number.value();
  if (!of || !within_window(*of, number) || !bodies_.try_emplace(s->digest, s).second)
    return false;
  auto size = s->source.body.size();
  of->bytes += size;
  pending_bytes_ += size;
  ++pending_;
  of->numbers[number].push_back(std::move(s));
  return true;
}

submission_ptr pending_pool::find(const digest& d) const {
  auto it = bodies_.find(d);
  return it == bodies_.end() ? nullptr : it->second;
}

/// Keeps a body that is no longer pending for a while.
void pending_pool::retire(submission_ptr s) {
  recent_bytes_ += s->source.body.size();
  recent_.push_back(std::move(s));
  auto most = recent_blocks * std::size_t{rules_.blocks.max_bytes};
  while (recent_bytes_ > most && recent_.size() > 1) {
    recent_bytes_ -= recent_.front()->source.body.size();
    bodies_.erase(recent_.front()->digest);
    recent_.pop_front();
  }
}

void pending_pool::advance(stream& of, std::uint64_t next) {
  of.next = next;
  while (!of.numbers.empty() && of.numbers.begin()->first < next) {
    for (auto& s : of.numbers.begin()->second) {
      auto size = s->source.body.size();
      of.bytes -= size;
      pending_bytes_ -= size;
      --pending_;
      retire(std::move(s));
    }
    of.numbers.erase(of.numbers.begin());
  }
}

void pending_pool::executed(const block_result& result, std::span<const submission_ptr> block) {
  for (const auto& s : block)
    if (bodies_.try_emplace(s->digest, s).second)
      retire(s); // it came another way
  for (const auto& p : result.positions)
    if (auto* of = find(p.client, p.stream))
      advance(*of, p.next.value());
}

void pending_pool::set_next(client_id client, stream_id stream, submission_number next) {
  if (auto* of = find(client, stream))
    advance(*of, next.value());
}

} // namespace bourse::market
