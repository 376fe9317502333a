#define CAF_SUITE program
#include "tests/suite.hpp"

#include "tests/app/command.hpp"
#include "tests/config/files.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace bourse::app;
using namespace bourse::tests;

namespace {

/// Calls `visit` with the words of every verb that does something.
template <class Visit>
void for_each_verb(const CLI::App& app, std::vector<std::string> words, Visit&& visit) {
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    auto all = words;
    all.push_back(verb->get_name());
    if (verb->get_subcommands([](const CLI::App*) { return true; }).empty())
      visit(all);
    else
      for_each_verb(*verb, all, visit);
  }
}

} // namespace

CAF_TEST(the help of every verb ends with an example of it) {
  std::ostringstream ignored;
  app_context context{output{ignored, ignored}, nullptr};
  CLI::App app;
  add_verbs(app, context);
  for_each_verb(app, {}, [](std::vector<std::string> words) {
    std::string command = "bourse";
    for (const auto& word : words)
      command += " " + word;
    words.emplace_back("--help");
    auto help = run(words);
    CAF_CHECK(help.code == exit_code::ok);
    CAF_CHECK_EQUAL(help.err, "");
    auto last_line = help.out.substr(help.out.rfind('\n', help.out.size() - 2) + 1);
    CAF_CHECK(last_line.find(command) != std::string::npos);
    CAF_CHECK(help.out.find("--help-all") == std::string::npos);
  });
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--help"}, {"order", "--help"}}) // they hold verbs
    CAF_CHECK(run(words).out.find("--help-all") != std::string::npos);
}

CAF_TEST(wrong usage is told from failure) {
  CAF_CHECK(run({}).code == exit_code::usage);
  CAF_CHECK(run({"--nonsense"}).code == exit_code::usage);
  CAF_CHECK(run({"testnet"}).code == exit_code::usage);
  CAF_CHECK(run({"version", "more"}).code == exit_code::usage);
  CAF_CHECK(run({"--help"}).code == exit_code::ok);
  auto failed = run({"config", "check", "/nowhere/genesis.toml"});
  CAF_CHECK(failed.code == exit_code::failed);
  CAF_CHECK_EQUAL(failed.err, "bourse: /nowhere/genesis.toml: no such file\n");
  CAF_CHECK_EQUAL(failed.out, "");
}

CAF_TEST(a command line without a verb is answered with help) {
  auto bare = run({});
  CAF_CHECK(bare.code == exit_code::usage);
  CAF_CHECK_EQUAL(bare.err, run({"--help"}).out);
  CAF_CHECK_EQUAL(bare.out, "");
  auto group = run({"order"});
  CAF_CHECK(group.code == exit_code::usage);
  CAF_CHECK_EQUAL(group.err, run({"order", "--help"}).out);
  CAF_CHECK(group.err.find("Example:\n  bourse order place buy") != std::string::npos);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--json"}, {"order", "--json"}, {"--json", "order"}}) {
    auto result = run(words);
    CAF_CHECK(result.code == exit_code::usage);
    CAF_CHECK_EQUAL(result.err, "bourse: say which verb\n");
    CAF_CHECK_EQUAL(nlohmann::json::parse(result.out)["detail"].get<std::string>(),
                    "say which verb");
  }
}

CAF_TEST(what a mode of the simulator has no use for is wrong usage) {
  for (const auto* mode : {"--twins", "--mutate-fields"})
    for (const auto* option : {"--describe", "--keep-going", "--genuine-signatures"}) {
      auto result = run({"sim", mode, option});
      CAF_CHECK(result.code == exit_code::usage);
      CAF_CHECK(result.err.find(option) != std::string::npos);
    }
  CAF_CHECK(run({"sim", "--twins", "--seeds", "4"}).code == exit_code::usage);
}

CAF_TEST(wrong usage is told in one way) {
  auto text = run({"testnet", "--output"});
  CAF_CHECK(text.code == exit_code::usage);
  CAF_CHECK_EQUAL(text.out, "");
  CAF_CHECK_EQUAL(text.err, "bourse: --output: 1 required TEXT missing\n"
                            "More with: bourse testnet --help\n");
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"testnet", "--json"}, {"--json", "--nonsense"}, {"versoin", "--json"}}) {
    auto result = run(words);
    CAF_CHECK(result.code == exit_code::usage);
    CAF_CHECK(result.err.starts_with("bourse: "));
    auto json = nlohmann::json::parse(result.out);
    CAF_CHECK_EQUAL(json["error"].get<std::string>(), "usage");
    CAF_CHECK(result.err.find(json["detail"].get<std::string>()) != std::string::npos);
  }
}

CAF_TEST(an unknown verb is answered with the nearest) {
  auto result = run({"versoin"});
  CAF_CHECK(result.code == exit_code::usage);
  CAF_CHECK_EQUAL(result.err, "bourse: there is no verb \"versoin\"; did you mean \"version\"?\n");
  CAF_CHECK_EQUAL(run({"config", "chek"}).err,
                  "bourse: there is no verb \"chek\"; did you mean \"check\"?\n");
  CAF_CHECK_EQUAL(run({"config", "--json", "chek"}).err, run({"config", "chek"}).err);
}

CAF_TEST(errors are JSON too where JSON was asked for) {
  auto result = run({"config", "check", "/nowhere", "--json"});
  auto json = nlohmann::json::parse(result.out);
  CAF_CHECK_EQUAL(json["error"].get<std::string>(), "not_found");
  CAF_CHECK_EQUAL(json["detail"].get<std::string>(), "/nowhere: no such file");
}

CAF_TEST(version prints three numbers) {
  auto text = run({"version"}).out;
  CAF_CHECK_EQUAL(run({"--version"}).out, text);
  CAF_CHECK(run({"--version"}).code == exit_code::ok);
  CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '.'), 2);
  auto json = nlohmann::json::parse(run({"version", "--json"}).out);
  CAF_CHECK_EQUAL(json["version"].get<std::string>() + "\n", text);
}

CAF_TEST(keygen prints the public half only) {
  temporary_folder folder;
  auto file = (folder.path() / "key").string();
  auto made = run({"keygen", file});
  CAF_CHECK(made.code == exit_code::ok);
  CAF_CHECK_EQUAL(made.out.size(), 65u);
  CAF_CHECK(made.out != read(file));
  CAF_CHECK_EQUAL(run({"keygen", file, "--show"}).out, made.out);
  auto again = run({"keygen", file});
  CAF_CHECK(again.code == exit_code::failed);
  CAF_CHECK(again.err.find(read(file).substr(0, 64)) == std::string::npos);
}

CAF_TEST(testnet says what comes next and config check agrees) {
  temporary_folder folder;
  auto net = (folder.path() / "net").string();
  auto made = run({"testnet", "--output", net, "--replicas", "7", "--base-port", "0"});
  CAF_CHECK(made.code == exit_code::ok);
  CAF_CHECK(made.out.find("bourse node --config " + net + "/node-0/node.toml")
            != std::string::npos);
  CAF_CHECK(run({"config", "check", net + "/genesis.toml"}).code == exit_code::ok);
  auto node = run({"config", "check", net + "/node-6/node.toml", "--json"});
  auto json = nlohmann::json::parse(node.out);
  CAF_CHECK_EQUAL(json["replica"].get<int>(), 6);
  CAF_CHECK(run({"testnet", "--output", net}).code == exit_code::failed);
}

CAF_TEST(impossible networks are wrong usage) {
  temporary_folder folder;
  auto net = (folder.path() / "net").string();
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--replicas", "5"}, {"--base-port", "65534"}, {"--hosts", "a,b"}, {"--hosts", "a b"}}) {
    std::vector<std::string> all{"testnet", "--output", net};
    all.insert(all.end(), words.begin(), words.end());
    auto result = run(all);
    CAF_CHECK(result.code == exit_code::usage);
    CAF_CHECK(result.err.starts_with("bourse: "));
  }
  CAF_CHECK(!std::filesystem::exists(net));
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"bench"}, {"bench", "failover"}, {"replay", "file"}}) {
    auto all = words;
    all.insert(all.end(), {"--replicas", "6"});
    auto result = run(all);
    CAF_CHECK(result.code == exit_code::usage);
    CAF_CHECK(result.err.find("3f+1") != std::string::npos);
  }
}

CAF_TEST(long runs look at their files before they start) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"demo", "--replay", "/nowhere/file"},
                                             {"demo", "--page", "/nowhere/file"},
                                             {"bench", "--page", "/nowhere/file"},
                                             {"replay", "/nowhere/file"},
                                             {"replay", "/dev/null", "--csv", "/nowhere/file"}}) {
    auto result = run(words);
    CAF_CHECK(result.code == exit_code::failed);
    CAF_CHECK_EQUAL(result.out, "");
    CAF_CHECK(result.err.starts_with("bourse: /nowhere/file"));
  }
}

CAF_TEST(tables line up) {
  table t;
  t.column("NAME").column("N", align::right);
  t.row({"a", "1"}).row({"\xc3\xa4\xc3\xb6", "1234"});
  CAF_CHECK_EQUAL(t.to_string(), "NAME     N\na        1\n\xc3\xa4\xc3\xb6    1234\n");
}

CAF_TEST(numbers are grouped) {
  CAF_CHECK_EQUAL(grouped(0), "0");
  CAF_CHECK_EQUAL(grouped(999), "999");
  CAF_CHECK_EQUAL(grouped(1000), "1,000");
  CAF_CHECK_EQUAL(grouped(-123456789), "-123,456,789");
  CAF_CHECK_EQUAL(grouped(-100), "-100");
  CAF_CHECK_EQUAL(fixed(12.345, 1), "12.3");
}
