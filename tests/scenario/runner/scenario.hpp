// Scripts that say in words what happens to a cluster and what must come of it: ../README.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace bourse::test {

struct world;

/// Empty: all went as the script says.
using problem = std::string;

class scenario {
public:
  /// The whole script is read before anything of it runs. The problem names `file` and the line.
  static tl::expected<scenario, problem> read(const std::string& file, std::string_view text);

  problem run() const;

private:
  struct step {
    std::size_t line;
    std::function<problem(world&)> act;
  };
  std::string file_;
  std::vector<step> steps_;

  friend class script_reader;
};

} // namespace bourse::test
