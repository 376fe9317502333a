# What we use of Debian, each under one name, so that no other file knows where it comes from.
# Shared libraries throughout: the static ones would drag in their own dependencies.

find_package(PkgConfig REQUIRED)
find_package(CAF 0.17.6 REQUIRED COMPONENTS core io)
find_package(Protobuf 3.21 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)

function(bourse_pkg name module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
  add_library(bourse::${name} ALIAS PkgConfig::${name})
endfunction()

add_library(bourse::fmt ALIAS fmt::fmt)
bourse_pkg(sodium libsodium>=1.0.18)

if(NOT BOURSE_PURE_ONLY)
  bourse_pkg(rocksdb rocksdb>=7.8)
  bourse_pkg(toml tomlplusplus)
  bourse_pkg(lzma liblzma)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(nlohmann_json REQUIRED)
  add_library(bourse::cli11 ALIAS CLI11::CLI11)
  add_library(bourse::spdlog ALIAS spdlog::spdlog)
  add_library(bourse::json ALIAS nlohmann_json::nlohmann_json)
endif()
if(BOURSE_TESTS)
  find_package(rapidcheck REQUIRED)
endif()
if(BOURSE_BENCH)
  find_package(benchmark REQUIRED)
endif()
