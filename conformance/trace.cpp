#include "conformance/trace.hpp"

#include <limits>

#include "messages/crc32c.hpp"

namespace bourse::conformance {

namespace {

enum class kind : std::uint8_t { started = 1, received, said, executing, spoke, end };
constexpr std::uint16_t everybody = 0xffff;

// -- writing --------------------------------------------------------------------------------------

template <class Integer>
void put(bytes& out, Integer x) {
  for (std::size_t i = 0; i < sizeof x; ++i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(x) >> (8 * i) & 0xff));
}

void put_part(bytes& out, byte_view part) {
  put(out, static_cast<std::uint32_t>(part.size()));
  out.append(part);
}

template <class List, class Put>
void put_list(bytes& out, const List& list, Put&& one) {
  put(out, static_cast<std::uint32_t>(list.size()));
  for (const auto& x : list)
    one(x);
}

bytes without_block(const peer_message& m) {
  if (const auto* p = std::get_if<pre_prepare>(&m))
    return encode(peer_message{pre_prepare{p->what, p->signature, nullptr}});
  if (const auto* c = std::get_if<committed_block>(&m))
    return encode(peer_message{committed_block{c->certificate, nullptr}});
  return encode(m);
}

void put_event(bytes& out, const started& e) {
  put(out, e.view.value());
  put(out, e.executed.value());
  out.append(e.chain.view());
  put(out, static_cast<std::uint8_t>(e.silent));
  put_part(out, encode(e.stable));
  put_part(out, e.new_view ? encode(*e.new_view) : bytes{});
  put_list(out, e.votes, [&](const own_vote& v) {
    put(out, static_cast<std::uint8_t>(v.phase));
    out.append(signed_bytes(v.what));
  });
  put_list(out, e.proposals, [&](const statement& s) { out.append(signed_bytes(s)); });
  put_list(out, e.prepared, [&](const auto& c) { put_part(out, encode(c)); });
  put_list(out, e.committed, [&](const auto& c) { put_part(out, encode(c)); });
}
void put_event(bytes& out, const received& e) {
  put(out, e.from.value());
  out.append(without_block(e.what));
}
void put_event(bytes& out, const said& e) {
  put(out, e.to ? e.to->value() : everybody);
  out.append(without_block(e.what));
}
void put_event(bytes& out, const executing& e) {
  put(out, e.sequence.value());
  out.append(e.digest.view());
  out.append(e.chain.view());
}
void put_event(bytes&, const spoke&) {}

std::uint32_t checksum_of(byte_view what) {
  return crc32c{}.add(what).masked();
}

bytes record(kind k, std::uint64_t time_ns, byte_view content) {
  bytes out;
  put(out, static_cast<std::uint32_t>(1 + 8 + content.size()));
  put(out, checksum_of(out));
  put(out, static_cast<std::uint8_t>(k));
  put(out, time_ns);
  out.append(content);
  put(out, checksum_of(byte_view{out}.substr(record_front_bytes)));
  return out;
}

// -- reading --------------------------------------------------------------------------------------

/// Takes values off the front; once something is missing all that follows is empty.
class cursor {
public:
  explicit cursor(byte_view rest) : rest_(rest) {}

  template <class Integer>
  Integer integer() {
    auto from = raw(sizeof(Integer));
    std::uint64_t x = 0;
    for (std::size_t i = from.size(); i-- > 0;)
      x = x << 8 | static_cast<std::uint8_t>(from[i]);
    return static_cast<Integer>(x);
  }
  byte_view raw(std::size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  byte_view part() {
    return raw(integer<std::uint32_t>());
  }
  digest digest_value() {
    digest d;
    good_ = d.assign(raw(digest::size)) && good_;
    return d;
  }
  statement statement_value() {
    statement s;
    s.view = view_number{integer<std::uint64_t>()};
    s.sequence = sequence_number{integer<std::uint64_t>()};
    s.digest = digest_value();
    return s;
  }
  /// Each element takes at least a byte, so no count can ask for more than there is.
  template <class One>
  void list(One&& one) {
    for (auto count = integer<std::uint32_t>(); count > 0 && good_; --count)
      one();
  }
  /// Keeps what decoded; what did not spoils the record.
  template <class T, class To>
  void keep(expected<T> value, To&& to) {
    good_ = good_ && value.has_value();
    if (good_)
      to(std::move(*value));
  }
  byte_view rest() {
    return raw(rest_.size());
  }
  bool done() const {
    return good_ && rest_.empty();
  }
  void spoil() {
    good_ = false;
  }

private:
  byte_view rest_;
  bool good_ = true;
};

started read_started(cursor& c) {
  started e;
  e.view = view_number{c.integer<std::uint64_t>()};
  e.executed = sequence_number{c.integer<std::uint64_t>()};
  e.chain = c.digest_value();
  auto silent = c.integer<std::uint8_t>();
  e.silent = silent != 0;
  c.keep(decode_stable_checkpoint(c.part()), [&](auto x) { e.stable = std::move(x); });
  if (auto stored = c.part(); !stored.empty())
    c.keep(decode_new_view(stored), [&](auto x) { e.new_view = std::move(x); });
  c.list([&] {
    auto p = c.integer<std::uint8_t>();
    if (p < 1 || p > 3)
      c.spoil();
    e.votes.push_back({static_cast<phase>(p), c.statement_value()});
  });
  c.list([&] { e.proposals.push_back(c.statement_value()); });
  c.list([&] {
    c.keep(decode_prepared_certificate(c.part()),
           [&](auto x) { e.prepared.push_back(std::move(x)); });
  });
  c.list([&] {
    c.keep(decode_commit_certificate(c.part()),
           [&](auto x) { e.committed.push_back(std::move(x)); });
  });
  return e;
}

peer_message read_message(cursor& c) {
  peer_message out;
  c.keep(decode_peer_message(c.rest(), {}), [&](peer_message m) {
    // An empty block stands for none.
    if (auto* p = std::get_if<pre_prepare>(&m))
      p->block = nullptr;
    else if (auto* b = std::get_if<committed_block>(&m))
      b->block = nullptr;
    out = std::move(m);
  });
  return out;
}

/// Nothing for a kind that is not known, or is the end.
std::optional<event> read_event(kind k, cursor& c) {
  switch (k) {
    case kind::started:
      return read_started(c);
    case kind::received: {
      auto from = replica_id{c.integer<std::uint16_t>()};
      return received{from, read_message(c)};
    }
    case kind::said: {
      auto to = c.integer<std::uint16_t>();
      std::optional<replica_id> whom;
      if (to != everybody)
        whom = replica_id{to};
      return said{whom, read_message(c)};
    }
    case kind::executing: {
      auto n = sequence_number{c.integer<std::uint64_t>()};
      auto d = c.digest_value();
      return executing{n, d, c.digest_value()};
    }
    case kind::spoke:
      return spoke{};
    case kind::end:
      break;
  }
  return std::nullopt;
}

} // namespace

bytes trace_header(const identity& who) {
  bytes out{trace_magic};
  out.append(who.cluster.view());
  put(out, who.size.n);
  put(out, who.self.value());
  put(out, who.window);
  put(out, who.checkpoint_interval);
  put(out, checksum_of(out));
  return out;
}

bytes trace_record(std::uint64_t time_ns, const event& e) {
  bytes content;
  std::visit([&](const auto& what) { put_event(content, what); }, e);
  return record(static_cast<kind>(e.index() + 1), time_ns, content);
}

bytes trace_end() {
  return record(kind::end, 0, {});
}

expected<trace_reader> trace_reader::open(byte_view all) {
  constexpr auto name = trace_magic.substr(0, trace_magic.size() - 2);
  if (!all.starts_with(name))
    return fail(errc::malformed, "is no trace");
  if (!all.starts_with(trace_magic))
    return fail(errc::unsupported_version, "is a trace of another version");
  cursor c{all.substr(trace_magic.size())};
  trace_reader out{all};
  auto& who = out.who_;
  who.cluster = c.digest_value();
  who.size.n = c.integer<std::uint16_t>();
  who.self = replica_id{c.integer<std::uint16_t>()};
  who.window = c.integer<std::uint32_t>();
  who.checkpoint_interval = c.integer<std::uint32_t>();
  if (all.size() < trace_header_bytes)
    return fail(errc::malformed, "its header is cut off");
  if (c.integer<std::uint32_t>() != checksum_of(all.substr(0, trace_header_bytes - 4)))
    return fail(errc::malformed, "its header is damaged");
  if (who.size.n < 4 || who.size.n % 3 != 1 || who.size.n > 1000 || who.self.value() >= who.size.n
      || who.window == 0 || who.window > 64 || who.checkpoint_interval == 0
      || who.window % who.checkpoint_interval != 0)
    return fail(errc::malformed, "its header names no possible replica");
  return out;
}

std::string trace_reader::where(std::size_t record, std::size_t at) const {
  return "record " + std::to_string(record) + " at byte " + std::to_string(at);
}

expected<std::optional<byte_view>> trace_reader::take_record() {
  if (full_ || at_ == all_.size())
    return std::nullopt;
  auto rest = all_.substr(at_);
  // A power cut may leave zeros where the file had been made longer.
  if (rest.size() < record_front_bytes || rest.find_first_not_of('\0') == byte_view::npos) {
    cut_off_ = true;
    return std::nullopt;
  }
  cursor c{rest};
  auto size = c.integer<std::uint32_t>();
  // Were its length believed, what follows could pass for a record that is cut off.
  if (c.integer<std::uint32_t>() != checksum_of(rest.substr(0, 4)))
    return fail(errc::malformed, where(records_ + 1, at_) + " is damaged");
  if (size > longest_record)
    return fail(errc::too_large, where(records_ + 1, at_) + " is too long");
  if (size < 9)
    return fail(errc::malformed, where(records_ + 1, at_) + " is too short");
  auto whole = record_front_bytes + size + record_back_bytes;
  if (rest.size() < whole) {
    cut_off_ = true;
    return std::nullopt;
  }
  ++records_;
  at_ += whole;
  return c.raw(size);
}

expected<std::optional<step>> trace_reader::next() {
  auto begin = at_;
  auto raw = take_record();
  if (!raw)
    return tl::unexpected(raw.error());
  if (!*raw)
    return std::nullopt;
  if (cursor{all_.substr(at_ - record_back_bytes)}.integer<std::uint32_t>() != checksum_of(**raw))
    return fail(errc::malformed, where(records_, begin) + " is damaged");
  cursor c{**raw};
  auto k = static_cast<kind>(c.integer<std::uint8_t>());
  step out;
  out.time_ns = c.integer<std::uint64_t>();
  auto e = read_event(k, c);
  full_ = k == kind::end;
  if (full_ && c.done() && at_ == all_.size())
    return std::nullopt;
  if (!e || !c.done())
    return fail(errc::malformed, where(records_, begin) + " does not decode");
  out.what = std::move(*e);
  return out;
}

expected<bool> trace_reader::skip() {
  auto raw = take_record();
  if (!raw)
    return tl::unexpected(raw.error());
  if (!*raw)
    return false;
  full_ = static_cast<kind>((**raw)[0]) == kind::end;
  return true;
}

} // namespace bourse::conformance
