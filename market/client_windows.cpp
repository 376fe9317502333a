#include "market/client_windows.hpp"

#include <algorithm>
#include <string>

#include "market/page_codec.hpp"

namespace bourse::market {

namespace {

constexpr std::uint8_t page_version = 1;
constexpr submission_number first_number{1};

static_assert(max_streams == 16, "a page marks its streams in 16 bits");

} // namespace

client_windows::client_windows(std::uint32_t clients)
    : clients_(clients), dirty_((clients + per_page - 1) / per_page, true) {
  for (auto& c : clients_)
    c.next.fill(first_number);
}

void client_windows::advance(client_id c, stream_id s) {
  auto& next = clients_[c.value()].next[s.value()];
  next = next.next();
  dirty_[c.value() / per_page] = true;
}

report_number client_windows::take_reports(client_id c, std::uint32_t count) {
  auto& next = clients_[c.value()].next_report;
  auto first = next;
  next = report_number{next.value() + count};
  dirty_[c.value() / per_page] = true;
  return first;
}

// A page: version, then of each of its clients: the number of its next report, a bit for each
// stream that has moved, and the next number of each of those.
bytes client_windows::encode_page(std::uint32_t page) const {
  page_writer out;
  out.put(page_version);
  auto end = std::min<std::size_t>(clients_.size(), (page + 1) * per_page);
  for (std::size_t c = page * per_page; c < end; ++c) {
    auto& w = clients_[c];
    std::uint16_t moved = 0;
    for (std::size_t s = 0; s < max_streams; ++s)
      if (w.next[s] != first_number)
        moved = static_cast<std::uint16_t>(moved | 1u << s);
    out.put(w.next_report.value()).put(moved);
    for (auto& next : w.next)
      if (next != first_number)
        out.put(next.value());
  }
  return out.take();
}

void client_windows::take_dirty_pages(std::vector<page_update>& to) {
  for (std::uint32_t page = 0; page < dirty_.size(); ++page) {
    if (!dirty_[page])
      continue;
    dirty_[page] = false;
    to.push_back({{page_kind::clients, 0, page}, encode_page(page)});
  }
}

void client_windows::read(page_reader& in, window& w) {
  w.next_report = report_number{in.get<std::uint64_t>()};
  in.require(w.next_report.value() != 0);
  auto moved = in.get<std::uint16_t>();
  for (std::size_t s = 0; s < max_streams; ++s) {
    bool has_moved = moved >> s & 1;
    w.next[s] = has_moved ? submission_number{in.get<std::uint64_t>()} : first_number;
    in.require(!has_moved || w.next[s] > first_number);
  }
}

expected<std::vector<client_windows::window>> client_windows::read_page(byte_view content) {
  page_reader in{content};
  in.require(in.get<std::uint8_t>() == page_version);
  std::vector<window> out;
  while (in.ok() && !in.done() && out.size() < per_page)
    read(in, out.emplace_back());
  if (!in.done())
    return fail(errc::corrupt, "page of clients");
  return out;
}

expected<std::vector<report_number>> client_windows::read_next_reports(byte_view content) {
  auto windows = read_page(content);
  if (!windows)
    return tl::unexpected{windows.error()};
  std::vector<report_number> out;
  for (const auto& w : *windows)
    out.push_back(w.next_report);
  return out;
}

expected<std::vector<client_windows::stream_numbers>>
client_windows::read_next_submissions(byte_view content) {
  auto windows = read_page(content);
  if (!windows)
    return tl::unexpected{windows.error()};
  std::vector<stream_numbers> out;
  for (const auto& w : *windows)
    out.push_back(w.next);
  return out;
}

expected<void> client_windows::restore(std::uint64_t page, byte_view content) {
  if (page >= dirty_.size())
    return fail(errc::corrupt, "page of clients: there are fewer");
  page_reader in{content};
  in.require(in.get<std::uint8_t>() == page_version);
  auto end = std::min<std::size_t>(clients_.size(), (page + 1) * per_page);
  for (std::size_t c = page * per_page; c < end && in.ok(); ++c)
    read(in, clients_[c]);
  if (!in.done())
    return fail(errc::corrupt, "page of clients " + std::to_string(page));
  dirty_[page] = false;
  return {};
}

} // namespace bourse::market
