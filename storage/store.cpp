#include "storage/store.hpp"

namespace bourse::storage {

std::string_view to_string(family f) {
  switch (f) {
    case family::meta:
      return "meta";
    case family::consensus:
      return "consensus";
    case family::blocks:
      return "blocks";
    case family::bodies:
      return "bodies";
    case family::results:
      return "results";
    case family::reports:
      return "reports";
    case family::pages:
      return "pages";
    case family::base:
      return "base";
    case family::stamps:
      return "stamps";
  }
  return "unknown";
}

} // namespace bourse::storage
