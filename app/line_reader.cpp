#include "app/line_reader.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <lzma.h>

namespace bourse::app {

using namespace messages;

namespace {

constexpr std::size_t piece_size = 65536;
constexpr std::size_t longest_line = 4096;
constexpr std::uint64_t most_memory = 256ULL << 20; // what xz -9 needs is a quarter of it
constexpr std::string_view xz_magic{"\xfd"
                                    "7zXZ\0",
                                    6};

/// liblzma's decoder, freed with its owner.
class xz_decoder {
public:
  xz_decoder() = default;
  xz_decoder(const xz_decoder&) = delete;
  xz_decoder& operator=(const xz_decoder&) = delete;
  ~xz_decoder() {
    lzma_end(&stream_);
  }

  bool start() {
    return lzma_stream_decoder(&stream_, most_memory, LZMA_CONCATENATED) == LZMA_OK;
  }
  bool wants_input() const {
    return stream_.avail_in == 0;
  }
  void feed(std::string_view input) {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
  }
  /// Appends what can be decoded now. `last` says that no more input will come.
  lzma_ret decode(std::string& to, bool last) {
    std::array<std::uint8_t, piece_size> piece;
    stream_.next_out = piece.data();
    stream_.avail_out = piece.size();
    auto result = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    to.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream_.avail_out);
    return result;
  }

private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

} // namespace

struct line_reader::state {
  std::string name;
  std::ifstream in;
  std::string input = std::string(piece_size, '\0');
  bool compressed = false;
  bool input_ended = false;
  bool ended = false; ///< nothing will be added to `text`
  xz_decoder decoder;
  std::string text; ///< decoded, not yet given out from `at` on
  std::size_t at = 0;
  std::uint64_t line = 0;

  /// The next piece of the file; empty at its end.
  expected<std::string_view> read() {
    in.read(input.data(), static_cast<std::streamsize>(input.size()));
    if (in.bad())
      return fail(errc::io_failed,
                  fmt::format("{}: {}", name, std::generic_category().message(errno)));
    return std::string_view{input}.substr(0, static_cast<std::size_t>(in.gcount()));
  }

  /// Adds to `text`, or sets `ended`.
  expected<void> fill() {
    text.erase(0, at);
    at = 0;
    if (!compressed || decoder.wants_input()) {
      auto piece = read();
      if (!piece)
        return tl::unexpected(piece.error());
      input_ended = piece->empty();
      if (!compressed) {
        text += *piece;
        ended = input_ended;
        return {};
      }
      decoder.feed(*piece);
    }
    auto result = decoder.decode(text, input_ended);
    if (result == LZMA_STREAM_END)
      ended = true;
    else if (result != LZMA_OK)
      return fail(errc::corrupt, fmt::format("{}:{}: the compressed file is {}", name, line + 1,
                                             result == LZMA_BUF_ERROR ? "cut short" : "damaged"));
    return {};
  }
};

line_reader::line_reader(std::unique_ptr<state> s) : state_(std::move(s)) {}
line_reader::line_reader(line_reader&&) noexcept = default;
line_reader& line_reader::operator=(line_reader&&) noexcept = default;
line_reader::~line_reader() = default;

expected<line_reader> line_reader::open(const std::filesystem::path& file) {
  auto s = std::make_unique<state>();
  s->name = file.string();
  if (!std::filesystem::exists(file))
    return fail(errc::not_found, s->name + ": no such file");
  s->in.open(file, std::ios::binary);
  std::array<char, xz_magic.size()> head{};
  s->in.read(head.data(), head.size());
  if (s->in.bad() || !s->in.is_open())
    return fail(errc::io_failed, s->name + ": can't be read");
  s->compressed
      = std::string_view{head.data(), static_cast<std::size_t>(s->in.gcount())} == xz_magic;
  s->in.clear();
  s->in.seekg(0);
  if (s->compressed && !s->decoder.start())
    return fail(errc::io_failed, s->name + ": can't start to decompress");
  return line_reader{std::move(s)};
}

expected<std::optional<std::string_view>> line_reader::next() {
  auto& s = *state_;
  auto end = s.text.find('\n', s.at);
  while (end == std::string::npos && !s.ended && s.text.size() - s.at <= longest_line) {
    if (auto filled = s.fill(); !filled)
      return tl::unexpected(filled.error());
    end = s.text.find('\n', s.at);
  }
  auto last = end == std::string::npos;
  auto size = (last ? s.text.size() : end) - s.at;
  if (size > longest_line)
    return fail(errc::too_large,
                fmt::format("{}:{}: is longer than {} bytes", s.name, s.line + 1, longest_line));
  if (last && size == 0)
    return std::nullopt;
  auto line = std::string_view{s.text}.substr(s.at, size);
  s.at += size + (last ? 0 : 1);
  ++s.line;
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

std::string line_reader::where() const {
  return fmt::format("{}:{}", state_->name, state_->line);
}

std::uint64_t line_reader::line() const {
  return state_->line;
}

} // namespace bourse::app
