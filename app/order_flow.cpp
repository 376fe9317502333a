#include "app/order_flow.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

constexpr std::string_view columns
    = "id,timestamp,exchange.timestamp,price,volume,action,direction";
constexpr std::size_t column_count = 7;
constexpr std::uint8_t volume_decimals = 8;

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t n = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (problem != std::errc{} || end != text.data() + text.size() || n < 0 || text.front() == '-')
    return std::nullopt;
  return n;
}

} // namespace

struct order_flow::row {
  enum class action : std::uint8_t { created, changed, deleted };

  client_order_id order;
  std::uint64_t time_ms = 0;
  std::string_view price;
  std::int64_t volume = 0;
  action what = action::created;
  messages::side side = messages::side::buy;
};

order_flow::order_flow(line_reader lines, market::instrument instrument)
    : lines_(std::move(lines)), instrument_(std::move(instrument)) {}

expected<order_flow> order_flow::open(const std::filesystem::path& file,
                                      const market::instrument& instrument) {
  auto lines = line_reader::open(file);
  if (!lines)
    return tl::unexpected(lines.error());
  auto head = lines->next();
  if (!head)
    return tl::unexpected(head.error());
  if (*head != columns)
    return fail(errc::malformed,
                fmt::format("{}:1: the columns must be {}", file.string(), columns));
  return order_flow{std::move(*lines), instrument};
}

tl::unexpected<error> order_flow::refuse(const std::string& why) const {
  return fail(errc::malformed, lines_.where() + ": " + why);
}

expected<order_flow::row> order_flow::parse(std::string_view line) const {
  std::array<std::string_view, column_count> fields;
  for (std::size_t i = 0; i < column_count; ++i) {
    auto comma = line.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == column_count))
      return refuse(fmt::format("has not {} columns", column_count));
    fields[i] = line.substr(0, comma);
    line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  }
  auto [id, timestamp, exchange_timestamp, price, volume, action, direction] = fields;
  row r;
  auto number = parse_number(id);
  if (!number || *number == 0)
    return refuse("id must be a whole number above 0");
  r.order = client_order_id{static_cast<std::uint64_t>(*number)};
  auto time = parse_number(timestamp);
  if (!time || !parse_number(exchange_timestamp))
    return refuse("timestamps must be whole numbers of ms");
  r.time_ms = static_cast<std::uint64_t>(*time);
  r.price = price;
  auto units = parse_number(volume);
  if (!units)
    return refuse("volume must be a whole number of 1e-8 of the base asset");
  r.volume = *units;
  if (action == "changed")
    r.what = row::action::changed;
  else if (action == "deleted")
    r.what = row::action::deleted;
  else if (action != "created")
    return refuse("action must be created, changed or deleted");
  if (direction == "ask")
    r.side = side::sell;
  else if (direction != "bid")
    return refuse("direction must be bid or ask");
  return r;
}

expected<quantity> order_flow::lots(std::int64_t volume) const {
  if (volume == 0)
    return quantity{0};
  auto lots = config::parse_quantity(config::format_units(volume, volume_decimals), instrument_);
  if (!lots)
    return refuse(lots.error().detail);
  return *lots;
}

expected<std::optional<flow_event>> order_flow::take(const row& r) {
  auto volume = lots(r.volume);
  if (!volume)
    return tl::unexpected(volume.error());
  if (r.time_ms < last_time_)
    return refuse("is older than the row before it");
  last_time_ = r.time_ms;
  auto& known = feed_[r.order];
  flow_event event{flow_event::kind::cancel, r.order, r.side, {}, {}, r.time_ms, lines_.line()};
  auto instruction = true;
  if (r.what == row::action::created) {
    if (known.created)
      return refuse(fmt::format("order {} was created before", r.order.value()));
    auto price = config::parse_price(r.price, instrument_);
    if (!price)
      return refuse(price.error().detail);
    if (volume->value() == 0)
      return refuse("a new order needs a volume");
    known.created = *volume;
    event.what = flow_event::kind::create;
    event.price = *price;
    event.quantity = *volume;
  } else {
    known.left = *volume;
    known.ended = known.ended || r.what == row::action::deleted;
    instruction = r.what == row::action::deleted && volume->value() > 0;
  }
  // The feed may tell of an order's end before it tells of its beginning.
  if (known.created && known.left && *known.left > *known.created)
    return refuse(
        fmt::format("more is left of order {} than it was created with", r.order.value()));
  if (!instruction) {
    ++counters_.outcomes;
    return std::nullopt;
  }
  ++(r.what == row::action::created ? counters_.creates : counters_.cancels);
  return event;
}

expected<std::optional<flow_event>> order_flow::next() {
  for (;;) {
    auto line = lines_.next();
    if (!line)
      return tl::unexpected(line.error());
    if (!*line)
      return std::nullopt;
    auto r = parse(**line);
    if (!r)
      return tl::unexpected(r.error());
    ++counters_.rows;
    auto event = take(*r);
    if (!event || *event)
      return event;
  }
}

} // namespace bourse::app
