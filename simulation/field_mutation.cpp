#include "simulation/field_mutation.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "messages/assert.hpp"

namespace bourse::simulation {

namespace {

/// Bytes that hold an encoded message, by the message that has them and the field's name; what is
/// in a body depends on the kind of envelope or content around it.
std::string held_in(const std::string& message, const wire_field& f, const std::string& around) {
  if ((message == "PrePrepare" || message == "CommittedBlock") && f.name == "block")
    return "Block";
  if (message == "SignedSubmission" && f.name == "body")
    return "Submission";
  if (message == "SignedReport" && f.name == "body")
    return "StampReport";
  if (message == "Results" && f.name == "reports")
    return "Reports";
  if (message == "ReceiptShare" && f.name == "report")
    return "Report";
  if (message == "SignedContent" && f.name == "body")
    return around == "new_view" ? "NewViewContent" : "ViewChangeContent";
  return f.message;
}

void walk(const std::string& message, const field_path& so_far, const std::string& around,
          std::vector<field_path>& out) {
  for (const auto& f : wire_schema::built_in().of(message)) {
    auto path = so_far;
    path.steps.push_back({&f, {}});
    out.push_back(path);
    if (message == "Answer" && f.name == "body")
      for (const auto* view : {"BookView", "AccountView", "TradesView", "ReceiptShare"}) {
        path.steps.back().message = path.view = view;
        walk(view, path, around, out);
      }
    auto inner = held_in(message, f, around);
    if (inner.empty())
      continue;
    path.steps.back().message = inner;
    walk(inner, path, message == "NewViewContent" ? f.name : around, out);
  }
}

// -- the wire format -----------------------------------------------------------------------------

enum wire_type : std::uint32_t { as_varint = 0, as_fixed64 = 1, as_bytes = 2, as_fixed32 = 5 };

struct record {
  std::uint32_t number = 0;
  std::uint32_t type = as_varint;
  bytes value; ///< encoded, without number and length
};

bool read_varint(byte_view& in, std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto c = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    out |= std::uint64_t{c & 0x7fu} << shift;
    if (c < 0x80)
      return true;
  }
  return false;
}

bytes varint(std::uint64_t x) {
  bytes out;
  for (; x >= 0x80; x >>= 7)
    out += static_cast<char>(x | 0x80);
  return out += static_cast<char>(x);
}

/// Up to the first thing that cannot be read.
std::vector<record> records_of(byte_view in) {
  std::vector<record> out;
  while (!in.empty()) {
    std::uint64_t tag = 0;
    if (!read_varint(in, tag))
      break;
    record r{static_cast<std::uint32_t>(tag >> 3), static_cast<std::uint32_t>(tag & 7), {}};
    std::uint64_t size = r.type == as_fixed64 ? 8 : 4;
    if (r.type == as_varint) {
      std::uint64_t x = 0;
      if (!read_varint(in, x))
        break;
      r.value = varint(x);
      out.push_back(std::move(r));
      continue;
    }
    if (r.type == as_bytes && !read_varint(in, size))
      break;
    if ((r.type != as_bytes && r.type != as_fixed64 && r.type != as_fixed32) || size > in.size())
      break;
    r.value = bytes{in.substr(0, size)};
    in.remove_prefix(size);
    out.push_back(std::move(r));
  }
  return out;
}

bytes encoded(const std::vector<record>& all) {
  bytes out;
  for (const auto& r : all) {
    out += varint(std::uint64_t{r.number} << 3 | r.type);
    if (r.type == as_bytes)
      out += varint(r.value.size());
    out += r.value;
  }
  return out;
}

std::uint32_t type_of(const wire_field& f) {
  switch (f.kind) {
    case wire_field::form::fixed64:
      return as_fixed64;
    case wire_field::form::bytes:
      return as_bytes;
    default: // repeated numbers are packed
      return f.repeated ? as_bytes : as_varint;
  }
}

bytes zero_of(std::uint32_t type) {
  return type == as_varint ? bytes(1, '\0') : type == as_fixed64 ? bytes(8, '\0') : bytes{};
}

bool has_from(byte_view message, const field_path& where, std::size_t depth);

/// One of the records of that number; one with the rest of the way, if there is one.
std::optional<std::size_t> find(const std::vector<record>& all, const field_path& where,
                                std::size_t depth, splitmix64& random) {
  std::vector<std::size_t> places;
  for (bool whole : {true, false}) {
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].number == where.steps[depth].field->number
          && (!whole || has_from(all[i].value, where, depth + 1)))
        places.push_back(i);
    if (!places.empty())
      return places[random.below(places.size())];
  }
  return std::nullopt;
}

/// Where it would stand.
std::size_t insert(std::vector<record>& all, record r) {
  auto at
      = std::find_if(all.begin(), all.end(), [&](const record& x) { return x.number > r.number; });
  auto place = static_cast<std::size_t>(at - all.begin());
  all.insert(at, std::move(r));
  return place;
}

// -- what is done to a value ---------------------------------------------------------------------

bytes counted(bytes value, int by) {
  for (auto& c : value) {
    auto before = static_cast<std::uint8_t>(c);
    c = static_cast<char>(before + by);
    if (by > 0 ? before != 0xff : before != 0)
      break;
  }
  return value;
}

bytes number_after(std::uint64_t x, mutation how, splitmix64& random) {
  switch (how) {
    case mutation::zero:
      return varint(0);
    case mutation::plus_one:
      return varint(x + 1);
    case mutation::minus_one:
      return varint(x - 1);
    case mutation::max:
      return varint(~std::uint64_t{0});
    case mutation::random:
      return varint(random.next());
    case mutation::bit_flip:
      return varint(x ^ std::uint64_t{1} << random.below(64));
    case mutation::truncate:
      return varint(x == 0 ? 0 : x & ~std::bit_floor(x));
    default: { // longer than it need be
      auto out = varint(x);
      out.back() = static_cast<char>(out.back() | 0x80);
      return out += '\0';
    }
  }
}

bytes bytes_after(bytes value, mutation how, splitmix64& random) {
  switch (how) {
    case mutation::zero:
      return bytes(value.size(), '\0');
    case mutation::plus_one:
      return counted(std::move(value), 1);
    case mutation::minus_one:
      return counted(std::move(value), -1);
    case mutation::max:
      return bytes(value.size(), '\xff');
    case mutation::random:
      for (auto& c : value)
        c = static_cast<char>(random.next());
      return value;
    case mutation::bit_flip:
      if (!value.empty()) {
        auto& c = value[random.below(value.size())];
        c = static_cast<char>(c ^ 1 << random.below(8));
      }
      return value;
    case mutation::truncate:
      value.resize(random.below(value.size() + 1));
      return value;
    default:
      return value.append(1 + random.below(40), static_cast<char>(random.next()));
  }
}

void change(std::vector<record>& all, std::size_t at, mutation how, splitmix64& random,
            byte_view earlier) {
  auto& r = all[at];
  switch (how) {
    case mutation::drop:
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    case mutation::repeat: {
      auto again = r;
      all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), std::move(again));
      return;
    }
    case mutation::retype:
      r.type = r.type == as_bytes ? as_varint : as_bytes;
      if (r.type == as_varint)
        r.value = varint(r.value.size());
      return;
    case mutation::swap:
      r.value = r.value == earlier ? bytes{} : bytes{earlier};
      return;
    default:
      break;
  }
  if (r.type == as_varint) {
    byte_view in{r.value};
    std::uint64_t x = 0;
    read_varint(in, x);
    r.value = number_after(x, how, random);
  } else if (r.type == as_fixed64 && (how == mutation::truncate || how == mutation::grow)) {
    // Half of it is lost, or the highest byte that says something.
    auto top = r.value.find_last_not_of('\0');
    if (how == mutation::grow)
      r.value.replace(4, 4, 4, '\x7f');
    else if (top != bytes::npos)
      std::fill(r.value.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(top, 4)),
                r.value.end(), '\0');
  } else {
    r.value = bytes_after(std::move(r.value), how, random);
  }
}

bytes mutate_at(byte_view message, const field_path& where, std::size_t depth, mutation how,
                splitmix64& random, byte_view earlier) {
  const auto& step = where.steps[depth];
  auto all = records_of(message);
  auto at = find(all, where, depth, random);
  if (!at) {
    auto type = type_of(*step.field);
    at = insert(all, {step.field->number, type, zero_of(type)});
  }
  if (depth + 1 == where.steps.size())
    change(all, *at, how, random, earlier);
  else
    all[*at].value = mutate_at(all[*at].value, where, depth + 1, how, random, earlier);
  return encoded(all);
}

bool has_from(byte_view message, const field_path& where, std::size_t depth) {
  if (depth == where.steps.size())
    return true;
  return std::ranges::any_of(records_of(message), [&](const record& r) {
    return r.number == where.steps[depth].field->number && has_from(r.value, where, depth + 1);
  });
}

constexpr auto mutation_names
    = std::to_array<std::string_view>({"drop", "repeat", "zero", "plus_one", "minus_one", "max",
                                       "random", "bit_flip", "truncate", "grow", "retype", "swap"});
static_assert(mutation_names.size() == mutations);

} // namespace

std::string field_path::name() const {
  std::string out;
  for (const auto& s : steps) {
    out += (out.empty() ? "" : ".") + s.field->name;
    if (!view.empty() && s.message == view)
      out += "(" + view + ")";
  }
  return out;
}

const std::vector<field_path>& all_fields() {
  static const auto all = [] {
    std::vector<field_path> out;
    for (auto [whose, envelope] : {std::pair{speech::peer, "PeerMessage"},
                                   {speech::gateway, "GatewayMessage"},
                                   {speech::client, "ClientMessage"}})
      for (const auto& kind : wire_schema::built_in().of(envelope)) {
        field_path path{{{&kind, {}}}, whose, {}};
        out.push_back(path);
        path.steps.back().message = kind.message;
        walk(kind.message, path, kind.name, out);
      }
    return out;
  }();
  return all;
}

std::string_view to_string(mutation m) {
  return mutation_names.at(static_cast<std::size_t>(m));
}

bytes mutate(byte_view message, const field_path& where, mutation how, splitmix64& random,
             byte_view earlier) {
  return mutate_at(message, where, 0, how, random, earlier);
}

std::optional<bytes> value_of(byte_view message, const field_path& where, splitmix64& random) {
  bytes inner{message};
  for (std::size_t depth = 0; depth < where.steps.size(); ++depth) {
    auto all = records_of(inner);
    auto at = find(all, where, depth, random);
    if (!at)
      return std::nullopt;
    inner = std::move(all[*at].value);
  }
  return inner;
}

bool has_field(byte_view message, const field_path& where) {
  return has_from(message, where, 0);
}

std::uint32_t kind_of(byte_view message) {
  auto all = records_of(message);
  return all.empty() ? 0 : all.front().number;
}

} // namespace bourse::simulation
