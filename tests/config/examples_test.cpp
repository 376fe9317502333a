#define CAF_SUITE examples
#include "tests/suite.hpp"

#include "config/load.hpp"
#include "tests/config/files.hpp"

using namespace bourse::config;
using namespace bourse::tests;

namespace {

const std::filesystem::path folder = BOURSE_SOURCE_DIR "/config/examples";

} // namespace

CAF_TEST(the example genesis is what this program writes) {
  init_crypto();
  auto g = load_genesis(folder / "genesis.toml");
  if (!g)
    CAF_FAIL(g.error().detail);
  CAF_CHECK_EQUAL(to_toml(*g), read(folder / "genesis.toml"));
}

CAF_TEST(the example node file is what this program writes) {
  auto c = load_node_config(folder / "node-0" / "node.toml");
  if (!c)
    CAF_FAIL(c.error().detail);
  c->genesis = "../genesis.toml";
  c->key = "key";
  c->data = "data";
  CAF_CHECK_EQUAL(to_toml(*c), read(folder / "node-0" / "node.toml"));
}

CAF_TEST(no private key is among the examples) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder})
    CAF_CHECK(entry.is_directory() || entry.path().extension() == ".toml"
              || entry.path().filename() == "README.md");
}
