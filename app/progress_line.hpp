// How far an audit is, on a terminal.
#pragma once

#include <iostream>

#include <fmt/format.h>

#include "app/output.hpp"
#include "storage/audit.hpp"

namespace bourse::app {

/// Redraws one line of the terminal; where there is none it does nothing.
class progress_line {
public:
  explicit progress_line(const output& out) : out_(out) {}
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() {
    if (drawn_)
      out_.out() << "\r\033[K" << std::flush;
  }
  void draw(const storage::audit_progress& p) {
    if (!out_.terminal() || out_.json)
      return;
    drawn_ = true;
    out_.out() << fmt::format("\rblock {} of {}", p.checked.value(), p.last.value()) << std::flush;
  }

private:
  const output& out_;
  bool drawn_ = false;
};

} // namespace bourse::app
