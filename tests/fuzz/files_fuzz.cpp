// Files that people hand to the program: recordings of order flow, plain or compressed by xz, and
// receipts. A compressed recording must read as the plain one does, and a damaged one never as
// another; no receipt that was made up is good. The first byte says what the rest is.

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <lzma.h>

#include "app/order_flow.hpp"
#include "app/receipt_file.hpp"
#include "app/replay_record.hpp"
#include "config/decimal.hpp"
#include "config/receipts.hpp"
#include "messages/assert.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/memory_file.hpp"

using namespace bourse;
using fuzz::memory_file;

namespace {

struct lines_read {
  std::vector<std::string> lines;
  std::optional<messages::errc> problem;

  bool operator==(const lines_read&) const = default;
};

lines_read read_lines(std::string_view content) {
  memory_file file{content};
  lines_read out;
  auto reader = app::line_reader::open(file.path());
  BOURSE_ASSERT(reader);
  for (;;) {
    auto line = reader->next();
    if (!line) {
      out.problem = line.error().code;
      return out;
    }
    if (!*line)
      return out;
    BOURSE_ASSERT((*line)->find('\n') == std::string_view::npos);
    out.lines.emplace_back(**line);
    BOURSE_ASSERT(reader->line() == out.lines.size());
  }
}

std::string compressed(std::string_view content) {
  std::string out(lzma_stream_buffer_bound(content.size()), '\0');
  std::size_t size = 0;
  BOURSE_ASSERT(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, nullptr,
                                        reinterpret_cast<const std::uint8_t*>(content.data()),
                                        content.size(), reinterpret_cast<std::uint8_t*>(out.data()),
                                        &size, out.size())
                == LZMA_OK);
  out.resize(size);
  return out;
}

constexpr std::string_view xz_magic{"\xfd"
                                    "7zXZ\0",
                                    6};

void try_compressed(std::string_view content) {
  if (content.starts_with(xz_magic))
    return;
  auto plain = read_lines(content);
  auto packed = compressed(content);
  BOURSE_ASSERT(read_lines(packed) == plain);
}

/// One byte of the compressed file is another: what is read is the beginning of the truth.
void try_damaged(fuzz::choices& c) {
  auto at = c.below(65536);
  auto with = static_cast<char>(1 + c.below(255));
  auto content = c.rest();
  auto truth = read_lines(content);
  auto packed = compressed(content);
  packed[at % packed.size()] = static_cast<char>(packed[at % packed.size()] ^ with);
  if (!packed.starts_with(xz_magic))
    return;
  auto got = read_lines(packed);
  BOURSE_ASSERT(got.lines.size() <= truth.lines.size());
  for (std::size_t i = 0; i < got.lines.size(); ++i)
    BOURSE_ASSERT(got.lines[i] == truth.lines[i]);
}

market::instrument traded() {
  market::instrument i;
  i.name = "BTC-USD";
  i.tick = "0.01";
  i.lot = "0.00000001";
  BOURSE_ASSERT(config::derive_units(i, {"BTC", 8}, {"USD", 10}));
  return i;
}

void try_recording(std::string_view rows) {
  static const auto instrument = traded();
  auto content
      = "id,timestamp,exchange.timestamp,price,volume,action,direction\n" + std::string{rows};
  memory_file file{content};
  auto flow = app::order_flow::open(file.path(), instrument);
  BOURSE_ASSERT(flow);
  app::replay_record record;
  std::uint64_t creates = 0;
  std::uint64_t cancels = 0;
  for (;;) {
    auto event = flow->next();
    if (!event || !*event)
      break;
    auto& e = **event;
    ++(e.what == app::flow_event::kind::create ? creates : cancels);
    if (e.what == app::flow_event::kind::create)
      BOURSE_ASSERT(e.price.value() > 0 && e.quantity.value() > 0);
    record.add(e);
  }
  const auto& count = flow->counters();
  BOURSE_ASSERT(count.creates == creates && count.cancels == cancels);
  BOURSE_ASSERT(creates + cancels + count.outcomes <= count.rows);
  BOURSE_ASSERT(record.orders().size() == creates && record.instructions() == creates + cancels);
  std::ostringstream out;
  record.write_csv(out, instrument);
  app::compare_with_feed(record, *flow);
}

config::genesis some_genesis() {
  config::genesis g;
  for (std::uint8_t i = 0; i < 4; ++i) {
    auto key = messages::key_pair::from_seed({i});
    g.replicas.push_back({key.identity(), {}, {}});
  }
  return g;
}

/// As it is, and with its first line and its checksum made right.
void try_receipt(std::string_view content) {
  static const auto g = some_genesis();
  auto whole = "bourse receipt 1\n" + std::string{content};
  whole += messages::hash(whole).view();
  for (const auto& file : {std::string{content}, whole}) {
    auto r = app::read_receipt(memory_file{file}.path());
    if (r)
      BOURSE_ASSERT(!config::verify_receipt(*r, g));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  messages::init_crypto();
  fuzz::choices c{data, size};
  switch (c.below(5)) {
    case 0:
      try_recording(c.rest());
      break;
    case 1:
      try_compressed(c.rest());
      break;
    case 2:
      try_damaged(c);
      break;
    case 3:
      read_lines(c.rest());
      break;
    default:
      try_receipt(c.rest());
  }
  return 0;
}
