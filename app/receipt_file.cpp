#include "app/receipt_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "messages/crypto.hpp"

namespace bourse::app {

using namespace messages;

namespace {

constexpr std::string_view magic = "bourse receipt 1\n";
constexpr std::size_t largest = 1U << 20; // a thousand signatures take less than a tenth

} // namespace

expected<void> write_receipt(const std::filesystem::path& file, const receipt& r) {
  auto content = std::string{magic} + encode(r);
  content += hash(content).view();
  errno = 0;
  std::ofstream out{file, std::ios::binary};
  out << content;
  out.close();
  if (!out)
    return fail(errc::io_failed,
                fmt::format("{}: {}", file.string(), std::generic_category().message(errno)));
  return {};
}

expected<receipt> read_receipt(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    return fail(errc::not_found, file.string() + ": no such file");
  std::ifstream in{file, std::ios::binary};
  std::string content(largest + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad() || !in.is_open())
    return fail(errc::io_failed, file.string() + ": can't be read");
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (!content.starts_with(magic) || content.size() > largest)
    return fail(errc::malformed, file.string() + ": is no receipt");
  auto end = content.size() - std::min(content.size(), digest::size);
  auto checked = byte_view{content}.substr(0, end);
  if (end < magic.size() || hash(checked).view() != byte_view{content}.substr(end))
    return fail(errc::corrupt, file.string() + ": is damaged: its checksum is not good");
  auto r = decode_receipt(checked.substr(magic.size()));
  if (!r)
    return fail(r.error().code, fmt::format("{}: {}", file.string(), r.error().detail));
  return r;
}

} // namespace bourse::app
