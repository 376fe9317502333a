// The bytes of state pages: little-endian numbers behind a version. Reading is total: whatever the
// bytes, it ends with a value or with `ok()` false, and never reads outside them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "messages/bytes.hpp"

namespace bourse::market {

using namespace messages;

static_assert(std::endian::native == std::endian::little, "pages are copied as they are in memory");

class page_writer {
public:
  template <class T>
  page_writer& put(T x) {
    static_assert(std::is_integral_v<T>);
    out_.append(reinterpret_cast<const char*>(&x), sizeof x);
    return *this;
  }
  /// Adds bytes as they are; the caller writes how many there are, if that is not known.
  page_writer& put_bytes(byte_view x) {
    out_.append(x);
    return *this;
  }
  /// Overwrites a number written before.
  template <class T>
  void put_at(std::size_t offset, T x) {
    std::memcpy(out_.data() + offset, &x, sizeof x);
  }
  std::size_t size() const {
    return out_.size();
  }
  bytes take() {
    return std::move(out_);
  }

private:
  bytes out_;
};

class page_reader {
public:
  explicit page_reader(byte_view in) : in_(in) {}

  /// The next number; 0 and not ok from the end on.
  template <class T>
  T get() {
    static_assert(std::is_integral_v<T>);
    T x = 0;
    if (in_.size() < sizeof x) {
      ok_ = false;
      return 0;
    }
    std::memcpy(&x, in_.data(), sizeof x);
    in_.remove_prefix(sizeof x);
    return x;
  }
  /// The next `n` bytes; none and not ok if there are fewer.
  byte_view get_bytes(std::size_t n) {
    if (in_.size() < n) {
      ok_ = false;
      return {};
    }
    auto x = in_.substr(0, n);
    in_.remove_prefix(n);
    return x;
  }
  /// For what the caller finds wrong.
  void require(bool condition) {
    ok_ = ok_ && condition;
  }
  bool ok() const {
    return ok_;
  }
  /// True if all was read and all was right.
  bool done() const {
    return ok_ && in_.empty();
  }

private:
  byte_view in_;
  bool ok_ = true;
};

} // namespace bourse::market
