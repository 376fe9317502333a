#include "messages/huge_pages.hpp"

#include <sys/mman.h>

namespace bourse::messages {

void prefer_huge_pages(void* memory, std::size_t size) {
  static_cast<void>(::madvise(memory, size, MADV_HUGEPAGE));
}

} // namespace bourse::messages
