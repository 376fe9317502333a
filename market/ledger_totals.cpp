#include "market/ledger_totals.hpp"

#include "market/page_codec.hpp"

namespace bourse::market {

namespace {

constexpr std::uint8_t page_version = 1;

} // namespace

// The page: version, sequence, time, requests, reports, trades, number of assets; of each asset its
// supply and what fees were charged in it.
bytes ledger_totals::encode(const accounts& of) const {
  page_writer out;
  out.put(page_version).put(sequence.value()).put(time.value());
  out.put(requests).put(reports).put(trades).put(static_cast<std::uint16_t>(fees.size()));
  for (std::uint16_t i = 0; i < fees.size(); ++i)
    out.put(of.supply(asset_id{i})).put(fees[i]);
  return out.take();
}

expected<block_time> ledger_totals::read_time(byte_view content) {
  page_reader in{content};
  in.require(in.get<std::uint8_t>() == page_version);
  in.get<std::uint64_t>(); // sequence
  block_time time{in.get<std::uint64_t>()};
  if (!in.ok())
    return fail(errc::corrupt, "page of totals");
  return time;
}

expected<void> ledger_totals::decode(byte_view content, accounts& of) {
  page_reader in{content};
  in.require(in.get<std::uint8_t>() == page_version);
  sequence = sequence_number{in.get<std::uint64_t>()};
  time = block_time{in.get<std::uint64_t>()};
  requests = in.get<std::uint64_t>();
  reports = in.get<std::uint64_t>();
  trades = in.get<std::uint64_t>();
  in.require(in.get<std::uint16_t>() == fees.size());
  for (std::uint16_t i = 0; i < fees.size() && in.ok(); ++i) {
    auto supply = in.get<std::int64_t>();
    fees[i] = in.get<std::int64_t>();
    in.require(supply >= 0 && fees[i] >= 0);
    of.restore_supply(asset_id{i}, supply);
  }
  if (!in.done())
    return fail(errc::corrupt, "page of totals");
  return {};
}

} // namespace bourse::market
