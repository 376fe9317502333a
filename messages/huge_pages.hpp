// Large pages of memory, for what is large and read at random.
#pragma once

#include <cstddef>

namespace bourse::messages {

/// What a page table entry covers at its largest here, and the alignment that memory needs for it.
inline constexpr std::size_t huge_page_size = std::size_t{2} << 20;

/// Asks the system to back untouched memory with huge pages, so that a random access seldom waits
/// for the page tables too. A wish: without such pages everything works as before.
void prefer_huge_pages(void* memory, std::size_t size);

} // namespace bourse::messages
