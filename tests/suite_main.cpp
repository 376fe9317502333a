// The one unit of each test program that holds CAF's test engine and main.

#define CAF_SUITE main
#define CAF_TEST_NO_MAIN
#include <caf/test/unit_test_impl.hpp>

#include <iostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

namespace {

// CAF names a failing check only at the verbosity that lists every passing one too, which would
// bury it: this drops the lines of those that pass.
class failures_only : public std::streambuf {
public:
  explicit failures_only(std::ostream& out) : out_(out), target_(out.rdbuf(this)) {}

  ~failures_only() override {
    target_->sputn(line_.data(), static_cast<std::streamsize>(line_.size()));
    out_.rdbuf(target_);
  }

private:
  int_type overflow(int_type c) override {
    if (!traits_type::eq_int_type(c, traits_type::eof())) {
      line_.push_back(traits_type::to_char_type(c));
      if (line_.back() == '\n') {
        end_line();
      }
    }
    return traits_type::not_eof(c);
  }

  void end_line() {
    std::string_view text = line_;
    if (text.starts_with("\033[")) { // a colour
      text.remove_prefix(text.find('m') + 1);
    }
    if (!text.starts_with("** ")) {
      target_->sputn(line_.data(), static_cast<std::streamsize>(line_.size()));
      target_->pubsync();
    }
    line_.clear();
  }

  std::ostream& out_;
  std::streambuf* target_;
  std::string line_;
};

} // namespace

int main(int argc, char** argv) {
  char verbosity[] = "-v4"; // the least that names failing checks
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, verbosity);
  failures_only filter{std::cerr};
  return caf::test::main(static_cast<int>(arguments.size()), arguments.data());
}
