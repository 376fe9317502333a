#include "tests/scenario/runner/words.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace bourse::test {

namespace {

std::vector<std::string> split(std::string_view line) {
  std::istringstream in{std::string{line.substr(0, line.find('#'))}};
  std::vector<std::string> out;
  for (std::string word; in >> word;)
    out.push_back(word);
  return out;
}

bool digits(std::string_view s) {
  return !s.empty() && s.find_first_not_of("0123456789") == s.npos;
}

} // namespace

words::words(std::string_view line) : words_(split(line)) {}

bool words::take(std::string_view one_or_more) {
  auto wanted = split(one_or_more);
  if (words_.size() - next_ < wanted.size())
    return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (words_[next_ + i] != wanted[i])
      return false;
  next_ += wanted.size();
  return true;
}

std::string words::name(const std::string& what) {
  if (empty()) {
    wrong("the line ends where " + what + " should be");
    return "";
  }
  return words_[next_++];
}

std::uint64_t words::number(const std::string& what) {
  auto word = name(what);
  std::uint64_t out = 0;
  auto [end, bad] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (bad != std::errc{} || end != word.data() + word.size())
    wrong("\"" + word + "\" is not " + what);
  return out;
}

std::uint64_t words::milliseconds() {
  auto word = name("a time such as 20ms or 3s");
  std::string_view unit = word;
  unit.remove_prefix(std::min(unit.find_first_not_of("0123456789"), unit.size()));
  std::string_view count{word.data(), word.size() - unit.size()};
  std::uint64_t out = 0;
  auto [end, bad] = std::from_chars(count.data(), count.data() + count.size(), out);
  if (bad != std::errc{} || (unit != "ms" && unit != "s"))
    wrong("\"" + word + "\" is not a time such as 20ms or 3s");
  return unit == "s" ? out * 1000 : out;
}

std::uint16_t words::replica(std::uint16_t n) {
  auto i = number("a replica");
  if (i >= n)
    wrong("there is no replica " + std::to_string(i) + " among " + std::to_string(n));
  return static_cast<std::uint16_t>(i);
}

bool words::number_next() const {
  return !empty() && digits(words_[next_]);
}

std::vector<std::uint16_t> words::replicas(std::uint16_t n) {
  std::vector<std::uint16_t> out{replica(n)};
  while (number_next())
    out.push_back(replica(n));
  return out;
}

std::vector<std::uint16_t> words::where(std::uint16_t n) {
  if (take("everywhere"))
    return {};
  if (!take("at"))
    wrong("\"at\" and replicas are missing, or \"everywhere\"");
  return replicas(n);
}

void words::end() {
  if (!empty())
    wrong("\"" + words_[next_] + "\" is not understood here");
}

void words::wrong(const std::string& why) {
  if (problem_.empty())
    problem_ = why;
  next_ = words_.size();
}

} // namespace bourse::test
