// One line of a script, taken word by word.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bourse::test {

/// The first problem is kept, and after it everything reads as empty.
class words {
public:
  /// Words are divided by blanks; what follows a # is a remark.
  explicit words(std::string_view line);

  /// Takes the words if they are next.
  bool take(std::string_view one_or_more);
  /// Takes the next word, whatever it is; `what` says what should be there.
  std::string name(const std::string& what);
  std::uint64_t number(const std::string& what);
  /// 20ms or 3s, in milliseconds.
  std::uint64_t milliseconds();
  /// One replica of `n`.
  std::uint16_t replica(std::uint16_t n);
  /// All numbers that are next.
  std::vector<std::uint16_t> replicas(std::uint16_t n);
  /// "at 1 2 3", or "everywhere": none named.
  std::vector<std::uint16_t> where(std::uint16_t n);
  /// Nothing may follow.
  void end();

  bool empty() const {
    return next_ == words_.size();
  }
  void wrong(const std::string& why);
  /// Empty: none.
  const std::string& problem() const {
    return problem_;
  }

private:
  bool number_next() const;

  std::vector<std::string> words_;
  std::size_t next_ = 0;
  std::string problem_;
};

} // namespace bourse::test
