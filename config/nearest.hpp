// "Did you mean": finds the word that a mistyped one stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bourse::config {

/// The candidate that `word` begins, or that the fewest insertions, deletions and changes turn into
/// it; empty if even that is too far off to be a mistyping (over a third of the letters, but two
/// are always allowed).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace bourse::config
