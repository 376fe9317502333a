#include "simulation/commit.hpp"

namespace bourse::simulation {

std::string_view commit() {
  return BOURSE_COMMIT;
}

} // namespace bourse::simulation
