#include "messages/client.hpp"

#include <utility>

#include "messages/assert.hpp"

namespace bourse::messages {

std::vector<results> in_parts(results whole, std::size_t max_bytes) {
  std::vector<results> parts;
  if (whole.reports.encoded.size() <= max_bytes) {
    parts.push_back(std::move(whole));
    return parts;
  }
  auto encoded = std::exchange(whole.reports.encoded, {});
  byte_view rest{encoded};
  while (!rest.empty()) {
    auto part = whole;
    part.reports.count = 0;
    std::size_t size = 0;
    while (size < rest.size()) {
      auto next = first_report_bytes(rest.substr(size));
      BOURSE_ASSERT(next > 0);
      if (size > 0 && size + next > max_bytes)
        break;
      size += next;
      ++part.reports.count;
    }
    part.reports.encoded = rest.substr(0, size);
    rest.remove_prefix(size);
    part.more = !rest.empty();
    whole.reports.first = report_number{whole.reports.first.value() + part.reports.count};
    parts.push_back(std::move(part));
  }
  return parts;
}

} // namespace bourse::messages
