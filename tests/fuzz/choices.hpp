// A fuzzer's input read as a row of choices, so that what is drawn from a seed elsewhere is drawn
// from the input here, and a small change of the input is a small change of the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bourse::fuzz {

class choices {
public:
  choices(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}

  /// 0 to n-1, from as many bytes as that takes; 0 once the input is used up. 0 if n is 0.
  std::uint64_t below(std::uint64_t n) {
    if (n <= 1)
      return 0;
    std::uint64_t value = 0;
    for (auto span = n - 1; span > 0; span >>= 8)
      value = value << 8 | byte();
    return value % n;
  }
  std::uint8_t byte() {
    if (left_ == 0)
      return 0;
    --left_;
    return *at_++;
  }
  bool used_up() const {
    return left_ == 0;
  }
  /// What is left, as it is.
  std::string_view rest() {
    std::string_view out{reinterpret_cast<const char*>(at_), left_};
    left_ = 0;
    return out;
  }

private:
  const std::uint8_t* at_;
  std::size_t left_;
};

} // namespace bourse::fuzz
