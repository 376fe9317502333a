#include "storage/layout.hpp"

namespace bourse::storage::layout {

std::uint64_t unpacker::little(std::size_t size) {
  std::uint64_t x = 0;
  auto taken = raw(size);
  for (auto i = taken.size(); i-- > 0;)
    x = x << 8 | static_cast<std::uint8_t>(taken[i]);
  return x;
}

std::uint64_t unpacker::big(std::size_t size) {
  std::uint64_t x = 0;
  for (char c : raw(size))
    x = x << 8 | static_cast<std::uint8_t>(c);
  return x;
}

statement unpacker::statement() {
  messages::statement s;
  s.view = view_number{u64()};
  s.sequence = sequence_number{u64()};
  s.digest = fixed<digest>();
  return s;
}

// -- keys ----------------------------------------------------------------------------------------

bytes record_key(record_kind kind) {
  return bytes(1, static_cast<char>(kind));
}

bytes record_key(record_kind kind, std::uint64_t first, std::uint64_t second) {
  return packer{17}.u8(static_cast<std::uint8_t>(kind)).big_u64(first).big_u64(second).take();
}

bytes vote_key(const consensus::vote_record& r) {
  return packer{18}
      .u8(static_cast<std::uint8_t>(record_kind::vote))
      .big_u64(r.what.sequence.value())
      .big_u64(r.what.view.value())
      .u8(static_cast<std::uint8_t>(r.kind))
      .take();
}

bytes record_bound(record_kind kind, std::uint64_t first) {
  return packer{9}.u8(static_cast<std::uint8_t>(kind)).big_u64(first).take();
}

bytes sequence_key(sequence_number n) {
  return packer{8}.big_u64(n.value()).take();
}

bytes bodies_key(sequence_number n, const digest& block) {
  return packer{40}.big_u64(n.value()).fixed(block).take();
}

bytes results_key(sequence_number n) {
  return packer{9}.u8('r').big_u64(n.value()).take();
}

bytes settlements_key(sequence_number n) {
  return packer{9}.u8('s').big_u64(n.value()).take();
}

bytes report_key(client_id client, report_number first) {
  return packer{12}.big_u32(client.value()).big_u64(first.value()).take();
}

bytes page_key(market::page_key k) {
  return packer{8}.big_u64(k.packed()).take();
}

bytes base_page_key(sequence_number of, market::page_key k) {
  return packer{16}.big_u64(of.value()).big_u64(k.packed()).take();
}

bytes chain_key(const chain_head& report) {
  return packer{43}.raw(chain_bound(report.replica, report.index)).fixed(report.report).take();
}

bytes chain_bound(replica_id of, report_index first) {
  return packer{11}.u8('r').big_u16(of.value()).big_u64(first.value()).take();
}

bytes pending_key(const submission_header& about, const digest& body) {
  return packer{46}.raw(pending_bound(about)).fixed(body).take();
}

bytes pending_bound(const submission_header& from) {
  return packer{14}
      .u8('p')
      .big_u32(from.client.value())
      .u8(from.stream.value())
      .big_u64(from.number.value())
      .take();
}

// -- values --------------------------------------------------------------------------------------

namespace {

using checksum = std::array<char, seal_size>;

checksum checksum_of(family where, byte_view key, byte_view payload) {
  auto full = hasher{}
                  .add_u64(static_cast<std::uint64_t>(where) << 32 | key.size())
                  .add(key)
                  .add(payload)
                  .finish();
  checksum out;
  std::memcpy(out.data(), full.data.data(), out.size());
  return out;
}

} // namespace

bytes seal(family where, byte_view key, bytes payload) {
  auto sum = checksum_of(where, key, payload);
  payload.append(sum.data(), sum.size());
  return payload;
}

expected<byte_view> unseal(family where, byte_view key, byte_view value) {
  if (value.size() < seal_size)
    return nonsense(where, key, "too short");
  auto payload = value.substr(0, value.size() - seal_size);
  auto sum = checksum_of(where, key, payload);
  if (value.substr(payload.size()) != byte_view{sum.data(), sum.size()})
    return nonsense(where, key, "wrong checksum");
  return payload;
}

expected<std::optional<bytes>> load(const reader& s, family where, byte_view key) {
  auto value = s.get(where, key);
  if (!value || !*value)
    return value;
  auto payload = unseal(where, key, **value);
  if (!payload)
    return tl::unexpected{payload.error()};
  (*value)->resize(payload->size());
  return value;
}

expected<void>
load_range(const reader& s, family where, byte_view from, byte_view to,
           const std::function<expected<bool>(byte_view key, byte_view payload)>& visit) {
  expected<void> problem;
  auto ok = s.scan(where, from, to, [&](byte_view key, byte_view value) {
    auto payload = unseal(where, key, value);
    auto more = payload ? visit(key, *payload) : tl::unexpected{payload.error()};
    if (!more)
      problem = tl::unexpected{more.error()};
    return more.value_or(false);
  });
  return ok ? problem : ok;
}

tl::unexpected<error> nonsense(family where, byte_view key, std::string_view what) {
  std::string text = "family ";
  text.append(to_string(where)).append(", key ").append(to_hex(key)).append(": ").append(what);
  return fail(errc::corrupt, std::move(text));
}

expected<std::optional<identity>> load_identity(const reader& s) {
  auto value = load(s, family::meta, identity_key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return std::nullopt;
  unpacker in{**value};
  identity found;
  found.format = in.u32();
  if (in.good() && found.format != identity::current_format)
    return fail(errc::unsupported_version, "the database has format " + std::to_string(found.format)
                                               + ", this program knows format "
                                               + std::to_string(identity::current_format));
  found.replica = replica_id{in.u16()};
  found.cluster = in.fixed<digest>();
  if (!in.done())
    return nonsense(family::meta, identity_key, "malformed");
  return found;
}

packer& pack(packer& to, const stored_checkpoint& c) {
  return to.u64(c.sequence.value()).fixed(c.chain).fixed(c.state).u64(c.time.value());
}

stored_checkpoint unpack_checkpoint(unpacker& in) {
  stored_checkpoint out;
  out.sequence = sequence_number{in.u64()};
  out.chain = in.fixed<digest>();
  out.state = in.fixed<digest>();
  out.time = block_time{in.u64()};
  return out;
}

expected<committed_block> unpack_block(byte_view key, byte_view payload) {
  unpacker in{payload};
  auto certificate = decode_commit_certificate(in.sized());
  auto block = in.rest();
  if (!certificate || !in.done())
    return nonsense(family::blocks, key, "malformed certificate");
  return committed_block{std::move(*certificate), std::make_shared<const bytes>(block)};
}

expected<void> unpack_bodies(byte_view key, byte_view payload, const body_visitor& executed,
                             const body_visitor& voided) {
  unpacker in{payload};
  for (const auto* visit : {&executed, &voided})
    for (auto n = in.count(4 + signature::size); n > 0 && in.good(); --n) {
      auto body = in.sized();
      auto sig = in.fixed<signature>();
      if (in.good())
        (*visit)(body, sig);
    }
  if (!in.done())
    return nonsense(family::bodies, key, "malformed");
  return {};
}

expected<chain_head> unpack_chain_key(byte_view key) {
  unpacker in{key};
  auto kind = in.u8();
  chain_head out{replica_id{in.big_u16()}, report_index{in.big_u64()}, in.fixed<digest>()};
  if (!in.done() || kind != 'r')
    return nonsense(family::stamps, key, "malformed key");
  return out;
}

expected<pending_name> unpack_pending_key(byte_view key) {
  unpacker in{key};
  auto kind = in.u8();
  pending_name out;
  out.about.client = client_id{in.big_u32()};
  out.about.stream = stream_id{in.u8()};
  out.about.number = submission_number{in.big_u64()};
  out.body = in.fixed<digest>();
  if (!in.done() || kind != 'p')
    return nonsense(family::stamps, key, "malformed key");
  return out;
}

namespace {

/// Signature, then what is signed, whose digest is `name`. Nothing: it is not that.
template <class Signed>
std::optional<Signed> unpack_signed(const digest& name, byte_view payload) {
  unpacker in{payload};
  auto sig = in.fixed<signature>();
  auto body = in.rest();
  if (!in.done() || hash(body) != name)
    return std::nullopt;
  return Signed{bytes{body}, sig};
}

} // namespace

expected<signed_report> unpack_report(const chain_head& name, byte_view payload) {
  if (auto out = unpack_signed<signed_report>(name.report, payload))
    return std::move(*out);
  return nonsense(family::stamps, chain_key(name), "not the report that the key names");
}

expected<signed_submission> unpack_pending(const pending_name& name, byte_view payload) {
  if (auto out = unpack_signed<signed_submission>(name.body, payload))
    return std::move(*out);
  return nonsense(family::stamps, pending_key(name.about, name.body),
                  "not the body that the key names");
}

expected<results_value> unpack_results(byte_view key, byte_view payload) {
  unpacker name{key};
  name.u8();
  unpacker in{payload};
  results_value out;
  out.what.sequence = sequence_number{name.big_u64()};
  out.what.block = in.fixed<digest>();
  out.what.results = in.fixed<digest>();
  out.time = block_time{in.u64()};
  out.by.replica = replica_id{in.u16()};
  out.by.signature = in.fixed<signature>();
  out.requests = in.u32();
  out.settlements = in.u32();
  auto clients = in.count(20);
  out.clients.reserve(clients);
  for (; clients > 0; --clients) {
    auto& part = out.clients.emplace_back();
    part.client = client_id{in.u32()};
    part.first = report_number{in.u64()};
    part.count = in.u32();
    part.encoded = in.sized();
  }
  if (!in.done() || !name.done())
    return nonsense(family::results, key, "malformed");
  return out;
}

bytes pack_settlements(block_time time, std::span<const settlement> settlements) {
  constexpr std::size_t trade_size = 45;
  constexpr std::size_t transfer_size = 18;
  std::size_t size = 12 + seal_size;
  for (const auto& s : settlements)
    size += trade_size + transfer_size * s.transfers.size();
  packer out{size};
  out.u64(time.value()).u32(static_cast<std::uint32_t>(settlements.size()));
  for (const auto& s : settlements) {
    out.u64(s.trade.value()).u16(s.instrument.value());
    out.i64(s.price.value()).i64(s.quantity.value());
    out.u8(static_cast<std::uint8_t>(s.taker_side));
    out.u64(s.maker_order.value()).u64(s.taker_order.value());
    out.u16(static_cast<std::uint16_t>(s.transfers.size()));
    for (const auto& t : s.transfers)
      out.u32(t.from.value()).u32(t.to.value()).u16(t.asset.value()).i64(t.amount.value());
  }
  return out.take();
}

namespace {

settlement unpack_settlement(unpacker& in) {
  settlement out;
  out.trade = trade_id{in.u64()};
  out.instrument = instrument_id{in.u16()};
  out.price = price{in.i64()};
  out.quantity = quantity{in.i64()};
  out.taker_side = static_cast<side>(in.u8());
  out.maker_order = order_id{in.u64()};
  out.taker_order = order_id{in.u64()};
  auto transfers = in.u16();
  for (; transfers > 0 && in.good(); --transfers) {
    auto& t = out.transfers.emplace_back();
    t.from = account_id{in.u32()};
    t.to = account_id{in.u32()};
    t.asset = asset_id{in.u16()};
    t.amount = amount{in.i64()};
  }
  return out;
}

} // namespace

expected<settlements_value> unpack_settlements(byte_view key, byte_view payload) {
  unpacker in{payload};
  settlements_value out;
  out.time = block_time{in.u64()};
  auto count = in.count(45);
  out.settlements.reserve(count);
  for (; count > 0 && in.good(); --count)
    out.settlements.push_back(unpack_settlement(in));
  if (!in.done())
    return nonsense(family::results, key, "malformed settlements");
  return out;
}

expected<sequence_number> unpack_report_place(byte_view key, byte_view payload) {
  unpacker in{payload};
  auto n = sequence_number{in.u64()};
  if (!in.done())
    return nonsense(family::reports, key, "malformed");
  return n;
}

} // namespace bourse::storage::layout
