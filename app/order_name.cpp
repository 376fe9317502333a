#include "app/order_name.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "app/market_text.hpp"
#include "config/load.hpp"

namespace bourse::app {

using namespace messages;

namespace {

constexpr unsigned position_bits = 16; ///< of an order id

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t least,
                                    std::uint64_t most = UINT64_MAX) {
  std::uint64_t x = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (problem != std::errc{} || end != text.data() + text.size() || x < least || x > most)
    return std::nullopt;
  return x;
}

/// An order's name, of which the owner is still a word.
struct parsed {
  std::string_view owner;
  std::uint64_t first = 0; ///< stream or block
  std::uint64_t last = 0;
  std::size_t words = 0;
};

std::optional<parsed> parse(std::string_view text) {
  auto parts = split(text, '/');
  parsed out{parts[0], 0, 0, parts.size()};
  std::optional<std::uint64_t> first = 0;
  std::uint64_t most = UINT64_MAX;
  if (out.words == 1) {
    parts = split(text, '.');
    if (parts.size() != 2)
      return std::nullopt;
    first = number(parts[0], 1, UINT64_MAX >> position_bits);
    most = (1U << position_bits) - 1;
  } else if (out.words == 3) {
    first = number(parts[1], 0, max_streams - 1);
  }
  auto last = number(parts.back(), 1, most);
  if (out.words > 3 || out.owner.empty() || !first || !last)
    return std::nullopt;
  out.first = *first;
  out.last = *last;
  return out;
}

} // namespace

std::string check_order_name(std::string_view text) {
  if (parse(text))
    return {};
  return fmt::format("must be CLIENT/STREAM/NUMBER as `ledger show --block` prints it, "
                     "ACCOUNT/ORDER as `order place` does, or an order's id BLOCK.POSITION, not {}",
                     text);
}

expected<storage::order_name> read_order_name(std::string_view text, const market::rules& rules) {
  auto name = parse(text);
  if (!name)
    return fail(errc::malformed, check_order_name(text));
  if (name->words == 1)
    return order_id{name->first << position_bits | name->last};
  if (name->words == 2) {
    auto account = config::find_account(rules, name->owner);
    if (!account)
      return tl::unexpected{account.error()};
    return storage::order_of_account{*account, client_order_id{name->last}};
  }
  auto client = config::find_client(rules, name->owner);
  if (!client)
    return tl::unexpected{client.error()};
  return submission_header{*client, stream_id{static_cast<std::uint8_t>(name->first)},
                           submission_number{name->last}};
}

std::string submission_name(const submission_header& about, const market::rules& rules) {
  return fmt::format("{}/{}/{}", market_text{rules}.client(about.client), about.stream.value(),
                     about.number.value());
}

} // namespace bourse::app
