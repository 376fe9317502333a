#include <algorithm>
#include <string>

#include "fairness/ranking_state.hpp"
#include "market/page_codec.hpp"
#include "messages/assert.hpp"
#include "messages/crypto.hpp"

namespace bourse::fairness {

using market::page_key;
using market::page_kind;
using market::page_reader;
using market::page_writer;

namespace {

constexpr std::uint8_t page_version = 1;

template <class Body>
void sort_by_digest(std::vector<Body*>& bodies) {
  std::sort(bodies.begin(), bodies.end(), [](auto* a, auto* b) { return a->digest < b->digest; });
}

template <class Fixed>
Fixed get_fixed(page_reader& in) {
  Fixed x;
  x.assign(in.get_bytes(Fixed::size)); // what is not there is not ok already
  return x;
}

tl::unexpected<error> corrupt(const page_key& key, const char* what) {
  auto kind = key.kind == page_kind::bodies ? "page of bodies " : "page of stamps ";
  return fail(errc::corrupt, kind + std::to_string(key.index) + ": " + what);
}

} // namespace

page_key ranking::state::stream_page(std::uint32_t stream) const {
  return {page_kind::fair_order, 0, std::uint64_t{stream} + 1};
}

page_key ranking::state::body_page(const submission_header& about) const {
  auto number = about.number.value() & ((1u << number_bits) - 1);
  return {page_kind::bodies, 0, std::uint64_t{stream_index(about)} << number_bits | number};
}

void ranking::state::touch(const page_key& page) {
  dirty.insert(page.packed());
}

// A page of stamps: version, then of each number, ascending: number, blocks that left it over,
// how many bodies; of each of these by digest: digest, whether it is eligible, how many stamps, and
// of each stamp, ascending, time and replica.
bytes ranking::state::encode_stream(std::uint32_t stream) const {
  auto open = streams.find(stream);
  if (open == streams.end())
    return {};
  page_writer out;
  out.put(page_version);
  for (auto& [number, n] : open->second.numbers) {
    auto sorted = n.bodies;
    sort_by_digest(sorted);
    out.put(number).put(n.left_over).put(static_cast<std::uint32_t>(sorted.size()));
    for (auto* b : sorted) {
      out.put_bytes(b->digest.view()).put(static_cast<std::uint8_t>(b->eligible));
      out.put(static_cast<std::uint16_t>(b->stamps.size()));
      for (auto& s : b->stamps)
        out.put(s.time.value()).put(s.by.value());
    }
  }
  return out.take();
}

// A page of bodies: version, then of each eligible body of the number, by digest: its length, the
// body, the signature.
bytes ranking::state::encode_bodies(std::uint64_t index) const {
  auto stream = static_cast<std::uint32_t>(index >> number_bits);
  auto open = streams.find(stream);
  if (open == streams.end())
    return {};
  // Of the numbers that may be open, one has these bits.
  auto first = next[stream].value();
  auto ahead = (index - first) & ((1u << number_bits) - 1);
  auto at = open->second.numbers.find(first + ahead);
  if (at == open->second.numbers.end())
    return {};
  auto sorted = at->second.bodies;
  std::erase_if(sorted, [](auto* b) { return !b->eligible; });
  if (sorted.empty())
    return {};
  sort_by_digest(sorted);
  page_writer out;
  out.put(page_version);
  for (auto* b : sorted) {
    auto& source = b->submission->source;
    out.put(static_cast<std::uint32_t>(source.body.size())).put_bytes(source.body);
    out.put_bytes(source.signature.view());
  }
  return out.take();
}

bytes ranking::state::encode(const page_key& page) const {
  return page.kind == page_kind::bodies ? encode_bodies(page.index)
                                        : encode_stream(static_cast<std::uint32_t>(page.index - 1));
}

expected<void> ranking::state::restore_stream(std::uint32_t stream, byte_view content) {
  auto key = stream_page(stream);
  auto client = client_id{stream / static_cast<std::uint32_t>(max_streams)};
  auto of_client = stream_id{static_cast<std::uint8_t>(stream % max_streams)};
  page_reader in{content};
  in.require(in.get<std::uint8_t>() == page_version);
  std::uint64_t last_number = 0;
  do {
    submission_header about{client, of_client, submission_number{in.get<std::uint64_t>()}};
    auto left_over = in.get<std::uint8_t>();
    auto count = in.get<std::uint32_t>();
    in.require(about.number.value() > last_number && left_over <= aged_after && count > 0);
    last_number = about.number.value();
    digest last_digest;
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
      stamp s{about, get_fixed<digest>(in), {}};
      auto eligible = in.get<std::uint8_t>();
      auto stamps = in.get<std::uint16_t>();
      in.require(i == 0 || s.body > last_digest);
      in.require(eligible <= 1 && stamps > eligible * size.f());
      last_digest = s.body;
      stamped_body* body = nullptr;
      for (std::uint16_t k = 0; k < stamps && in.ok(); ++k) {
        s.time = stamp_time{in.get<std::uint64_t>()};
        auto by = replica_id{in.get<std::uint16_t>()};
        in.require(by.value() < size.n && s.time <= max_stamp_time);
        in.require(!body || body->stamps.back() < held_stamp{s.time, by});
        if (!in.ok() || !takes(by, about, s.body))
          return corrupt(key, "a stamp that can't stand there");
        body = &put(by, s);
      }
      if (body && eligible)
        make_eligible(*body);
    }
    if (in.ok())
      streams[stream].numbers[about.number.value()].left_over = left_over;
  } while (in.ok() && !in.done());
  if (!in.done())
    return corrupt(key, "malformed");
  return {};
}

expected<void> ranking::state::restore_bodies(std::uint64_t index, byte_view content) {
  page_key key{page_kind::bodies, 0, index};
  page_reader in{content};
  in.require(in.get<std::uint8_t>() == page_version);
  digest last;
  bool first = true;
  do {
    verified_submission s;
    s.source.body = in.get_bytes(in.get<std::uint32_t>());
    s.source.signature = get_fixed<signature>(in);
    if (!in.ok())
      break;
    auto content = decode_submission(s.source.body, rules.submissions);
    if (!content)
      return corrupt(key, "not a submission");
    s.content = std::move(*content);
    submission_header about{s.content.client, s.content.stream, s.content.number};
    if (!known(about) || body_page(about) != key)
      return corrupt(key, "a submission of another page");
    s.digest = hash(s.source.body);
    s.lane = market::lane_of(s.content, rules);
    in.require(first || s.digest > last);
    first = false;
    last = s.digest;
    restored[last] = std::make_shared<const verified_submission>(std::move(s));
  } while (in.ok() && !in.done());
  if (!in.done())
    return corrupt(key, "malformed");
  return {};
}

void ranking::take_dirty_pages(std::vector<market::page_update>& to) {
  auto& s = *state_;
  std::vector<std::uint64_t> keys(s.dirty.begin(), s.dirty.end());
  s.dirty.clear();
  std::sort(keys.begin(), keys.end());
  for (auto packed : keys) {
    auto key = page_key::unpack(packed);
    auto content = s.encode(key);
    // What came and went in between is nobody's business.
    if (content.empty() && s.told.erase(packed) == 0)
      continue;
    if (!content.empty())
      s.told.insert(packed);
    to.push_back({key, std::move(content)});
  }
}

expected<void> ranking::restore(const page_key& key, byte_view content) {
  auto& s = *state_;
  auto is_bodies = key.kind == page_kind::bodies;
  if ((!is_bodies && key.kind != page_kind::fair_order) || key.instrument != 0 || !key.packable()
      || (!is_bodies && key.index == 0))
    return corrupt(key, "not a page of this");
  auto stream = is_bodies ? key.index >> state::number_bits : key.index - 1;
  if (stream >= s.next.size())
    return corrupt(key, "no such stream");
  if (!s.told.insert(key.packed()).second)
    return corrupt(key, "twice");
  return is_bodies ? s.restore_bodies(key.index, content)
                   : s.restore_stream(static_cast<std::uint32_t>(stream), content);
}

expected<void> ranking::finish_restore() {
  auto& s = *state_;
  for (auto& [name, body] : s.bodies) {
    if (!body.eligible)
      continue;
    auto held = s.restored.find(name);
    if (held == s.restored.end())
      return corrupt(s.body_page(body.about), "a body is missing");
    auto& what = held->second->content;
    if (submission_header{what.client, what.stream, what.number} != body.about)
      return corrupt(s.body_page(body.about), "a body of another number");
    body.hold(std::move(held->second));
    s.restored.erase(held);
  }
  if (!s.restored.empty())
    return fail(errc::corrupt, "pages of bodies: one that nobody waits for");
  for (auto& [index, stream] : s.streams) {
    s.extend_ready(index);
    auto most = state::aged_after;
    std::uint64_t i = 0;
    for (auto& [number, n] : stream.numbers) {
      most = i++ < stream.ready ? std::min(most, n.left_over) : std::uint8_t{0};
      if (n.left_over > most)
        return corrupt(s.stream_page(index), "left over before its turn");
      stream.aged += n.left_over == state::aged_after;
    }
  }
  s.dirty.clear();
  return {};
}

void ranking::set_next(client_id client, stream_id stream, submission_number next) {
  auto& s = *state_;
  BOURSE_ASSERT(s.known({client, stream, {}}) && !s.streams.contains(stream_index(client, stream)));
  s.next[stream_index(client, stream)] = next;
}

} // namespace bourse::fairness
