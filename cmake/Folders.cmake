# Targets by folder: what lies in a folder is what is built.

# bourse_library(<folder> [PUBLIC <targets>] [PRIVATE <targets>])
# The static library bourse_<folder> of <folder>/*.cpp, main.cpp apart, which would be a program's;
# headers alone give an interface library.
function(bourse_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PUBLIC;PRIVATE")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
  list(REMOVE_ITEM sources "${PROJECT_SOURCE_DIR}/${folder}/main.cpp")
  if(sources)
    add_library(bourse_${folder} STATIC ${sources})
    target_link_libraries(bourse_${folder}
      PRIVATE bourse_options ${arg_PRIVATE} PUBLIC bourse_build ${arg_PUBLIC})
  else()
    add_library(bourse_${folder} INTERFACE)
    target_link_libraries(bourse_${folder} INTERFACE bourse_build ${arg_PUBLIC} ${arg_PRIVATE})
  endif()
endfunction()

# bourse_program(<name> <folder> PUBLIC <targets>)
# The program <name> from <folder>/main.cpp, and the library bourse_<folder> of the other units,
# which the tests link too.
function(bourse_program name folder)
  bourse_library(${folder} ${ARGN})
  file(GLOB main CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/main.cpp")
  if(main)
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE bourse_options bourse_${folder})
  endif()
endfunction()

# bourse_programs_per_file(<folder> <targets>...): one program for each unit.
function(bourse_programs_per_file folder)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    add_executable(example_${name} "${source}")
    set_target_properties(example_${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/${folder}")
    target_link_libraries(example_${name} PRIVATE bourse_options ${ARGN})
  endforeach()
endfunction()

# bourse_micro_benchmarks(<folder>): the program bench_micro, on Google Benchmark.
function(bourse_micro_benchmarks folder)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
  if(sources)
    add_executable(bench_micro ${sources})
    target_link_libraries(bench_micro
      PRIVATE bourse_options bourse_bench bourse_actors benchmark::benchmark
              benchmark::benchmark_main)
  endif()
endfunction()

# bourse_precompile(<target>): CAF costs over a second a unit, so its users share a compiled form
# of it, built with bourse_actors. For g++ alone: clang wants the very same definitions.
function(bourse_precompile target)
  get_target_property(type ${target} TYPE)
  get_target_property(owner_type bourse_actors TYPE)
  if(NOT BOURSE_PCH OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
      OR type STREQUAL "INTERFACE_LIBRARY" OR owner_type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  target_compile_options(${target} PRIVATE -fpch-preprocess) # what ccache needs
  if(target STREQUAL "bourse_actors")
    target_precompile_headers(${target} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp")
  else()
    target_precompile_headers(${target} REUSE_FROM bourse_actors)
  endif()
endfunction()

# bourse_commit(<source>): tells that unit which commit is built, in BOURSE_COMMIT. A new commit
# configures anew.
function(bourse_commit source)
  set(commit "unknown")
  find_package(Git QUIET)
  if(GIT_FOUND)
    execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --short=10 HEAD
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --git-path logs/HEAD
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
      OUTPUT_VARIABLE log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(found)
      set(commit "${found}")
    endif()
    get_filename_component(log "${log}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
    if(EXISTS "${log}")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${log}")
    endif()
  endif()
  set_source_files_properties(${source} PROPERTIES
    COMPILE_DEFINITIONS "BOURSE_COMMIT=\"${commit}\"")
endfunction()
