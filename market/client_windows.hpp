// Exactly-once: the next number of every stream, and of every client's reports.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "market/pages.hpp"
#include "market/rules.hpp"
#include "messages/error.hpp"
#include "messages/types.hpp"

namespace bourse::market {

class page_reader;

class client_windows {
public:
  static constexpr std::uint32_t per_page = 16;

  explicit client_windows(std::uint32_t clients);

  bool known(client_id c, stream_id s) const {
    return c.value() < clients_.size() && s.value() < max_streams;
  }
  submission_number next_submission(client_id c, stream_id s) const {
    return clients_[c.value()].next[s.value()];
  }
  /// The stream's next number is executed.
  void advance(client_id c, stream_id s);

  report_number next_report(client_id c) const {
    return clients_[c.value()].next_report;
  }
  /// Takes as many report numbers; returns the first.
  report_number take_reports(client_id c, std::uint32_t count);

  void take_dirty_pages(std::vector<page_update>& to);
  expected<void> restore(std::uint64_t page, byte_view content);
  /// The numbers of the next reports of a page's clients, of which the first is client page *
  /// per_page. Errors: corrupt.
  static expected<std::vector<report_number>> read_next_reports(byte_view content);
  /// Likewise the next numbers of their streams.
  using stream_numbers = std::array<submission_number, max_streams>;
  static expected<std::vector<stream_numbers>> read_next_submissions(byte_view content);

private:
  struct window {
    report_number next_report{1};
    stream_numbers next;
  };

  bytes encode_page(std::uint32_t page) const;
  static void read(page_reader& in, window& w);
  static expected<std::vector<window>> read_page(byte_view content);

  std::vector<window> clients_;
  std::vector<char> dirty_; ///< by page
};

} // namespace bourse::market
