// Runs a fuzz target without a fuzzer: over each file of a directory, then over seeded mutations
// of those files and of nothing. fuzz_x <directory> [seed] [mutations]

#include <algorithm>
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

void run(const bytes& input) {
  // An exact copy on the heap, so that AddressSanitizer sees a read past its end.
  bytes copy(input.begin(), input.end());
  copy.shrink_to_fit();
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
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
    std::cerr << "usage: " << argv[0] << " <directory> [seed] [mutations]\n";
    return 2;
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
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
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
