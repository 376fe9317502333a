// Runs a fuzz target without a fuzzer: over each file of a directory, then over seeded mutations
// of those files and of nothing; or over one file. fuzz_x <directory or file> [seed] [mutations]
// An input that ends the program is written to fuzz_x.crash in the working directory.

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "messages/splitmix64.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using bourse::messages::splitmix64;
using bytes = std::vector<std::uint8_t>;

std::string crash_file;
const bytes* under_way = nullptr;

/// The program is lost already, so what a handler may not do is done all the same.
void keep_input(int signal) {
  std::ofstream{crash_file, std::ios::binary}.write(
      reinterpret_cast<const char*>(under_way->data()),
      static_cast<std::streamsize>(under_way->size()));
  std::cerr << "\nthe input is in " << crash_file
            << ", which can be given in place of a directory\n";
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const bytes& input) {
  // An exact copy on the heap, so that AddressSanitizer sees a read past its end.
  bytes copy(input.begin(), input.end());
  copy.shrink_to_fit();
  under_way = &copy;
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

bytes read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void mutate(bytes& input, splitmix64& random) {
  for (auto edits = 1 + random.below(8); edits > 0; --edits) {
    auto at = random.below(input.size() + 1);
    auto where = input.begin() + static_cast<std::ptrdiff_t>(at);
    auto value = static_cast<std::uint8_t>(random.next());
    switch (random.below(4)) {
      case 0:
        input.insert(where, value);
        break;
      case 1:
        input.insert(where, 1 + random.below(64), value);
        break;
      case 2:
        input.erase(where, where
                               + static_cast<std::ptrdiff_t>(
                                   std::min<std::size_t>(random.below(64), input.size() - at)));
        break;
      default:
        if (at < input.size()) {
          input[at] = value;
        }
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: " << argv[0] << " <directory or file> [seed] [mutations]\n";
    return 2;
  }
  crash_file = std::filesystem::path{argv[0]}.filename().string() + ".crash";
  for (auto signal : {SIGABRT, SIGSEGV, SIGFPE})
    std::signal(signal, keep_input);
  if (std::filesystem::is_regular_file(argv[1])) {
    run(read(argv[1]));
    return 0;
  }
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(argv[1])) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());

  std::vector<bytes> inputs{{}};
  for (const auto& file : files) {
    inputs.push_back(read(file));
    run(inputs.back());
  }

  auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  auto mutations = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 20'000;
  std::cout << "seed " << seed << ", " << files.size() << " files, " << mutations << " mutations\n";
  splitmix64 random{seed};
  for (std::uint64_t i = 0; i < mutations; ++i) {
    auto input = inputs[random.below(inputs.size())];
    mutate(input, random);
    run(input);
  }
}
