# How our own code is compiled: the standard, warnings, sanitizers, linker and compiler cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# Linked into everything of ours; generated code takes bourse_build, which has no warnings.
add_library(bourse_build INTERFACE)
target_include_directories(bourse_build INTERFACE "${PROJECT_SOURCE_DIR}")

add_library(bourse_options INTERFACE)
target_link_libraries(bourse_options INTERFACE bourse_build)
target_compile_options(bourse_options INTERFACE -Wall -Wextra -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 gets these wrong inside libstdc++ and fmt once it inlines (GCC PR 105651 and kin).
  target_compile_options(bourse_options INTERFACE
    -Wno-restrict -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow
    -Wno-error=array-bounds -Wno-error=free-nonheap-object)
endif()

if(BOURSE_SANITIZE)
  target_compile_options(bourse_build INTERFACE
    -fsanitize=${BOURSE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(bourse_build INTERFACE -fsanitize=${BOURSE_SANITIZE})
endif()
if(BOURSE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "BOURSE_FUZZ needs clang: cmake --preset fuzz")
  endif()
  target_compile_options(bourse_build INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(BOURSE_COVERAGE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "BOURSE_COVERAGE needs clang: cmake --preset coverage")
  endif()
  target_compile_options(bourse_build INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(bourse_build INTERFACE -fprofile-instr-generate)
endif()

find_program(BOURSE_MOLD mold)
if(BOURSE_MOLD)
  target_link_options(bourse_build INTERFACE -fuse-ld=mold)
endif()

find_program(BOURSE_CCACHE ccache)
if(BOURSE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for before it caches precompiled headers; the base
  # directory lets several checkouts share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
    "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${BOURSE_CCACHE}")
endif()
