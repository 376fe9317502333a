// Nodes that can not start: what they say, their exit codes, and that the others do not care.
#define CAF_SUITE bad_start
#include "tests/suite.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "tests/config/files.hpp"
#include "tests/system/program_run.hpp"
#include "tests/system/trading.hpp"

using namespace bourse;
using namespace bourse::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// The line of `text` on which `what` stands.
std::size_t line_of(const std::string& text, const std::string& what) {
  auto at = text.find(what);
  CAF_REQUIRE(at != std::string::npos);
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + at, '\n'));
}

/// A network that trades, and a folder for nodes that shall not join it.
struct running {
  temporary_folder folder;
  fs::path other = folder.path() / "node";
  std::unique_ptr<app::temporary_network> network;

  running() {
    app::network_options o;
    o.net.node.write_buffer_mb = 1; // so that there are tables soon
    network = start_network(std::move(o));
    fs::create_directory(other);
    use(network->folder(), 3);
  }

  /// `other` has the files of that node, but no database.
  void use(const fs::path& net, int node) const {
    auto from = net / fmt::format("node-{}", node);
    fs::copy_file(from / "key", other / "key", fs::copy_options::overwrite_existing);
    write(other / "node.toml",
          replaced(read(from / "node.toml"), "../genesis.toml", (net / "genesis.toml").string()));
  }

  /// `other` has a copy of that node's database.
  void copy_data(int node) const {
    fs::remove_all(other / "data");
    fs::copy(network->data(node), other / "data");
  }

  program_result start_other() const {
    return run({"node", "--config", (other / "node.toml").string(), "--json"});
  }
};

/// A network's files in a folder of their own, to be spoilt.
struct files {
  temporary_folder folder;
  fs::path net = folder.path() / "net";
  fs::path node = net / "node-0" / "node.toml";
  fs::path genesis = net / "genesis.toml";

  files() {
    CAF_REQUIRE_EQUAL(run({"testnet", "--output", net.string(), "--base-port", "0"}).code, 0);
  }

  /// `node` and `config check` must refuse the node's file alike, as must `config check` the file
  /// that is wrong.
  void check_refused(const std::string& text, const fs::path& wrong) const {
    for (auto& words : std::vector<std::vector<std::string>>{{"node", "--config", node.string()},
                                                             {"config", "check", node.string()},
                                                             {"config", "check", wrong.string()}}) {
      auto result = run(words);
      CAF_CHECK_EQUAL(result.code, 1);
      CAF_CHECK_EQUAL(result.err, "bourse: " + text + "\n");
      CAF_CHECK_EQUAL(result.out, "");
    }
    CAF_CHECK(!fs::exists(net / "node-0" / "data"));
  }
};

} // namespace

CAF_TEST(config files that are wrong are refused with file and line) {
  files f;
  auto node = read(f.node);
  write(f.node, replaced(node, "threads = 0", "thread = 0"));
  f.check_refused(
      fmt::format("{}:{}: unknown key \"thread\" in [machine]; did you mean \"threads\"?",
                  f.node.string(), line_of(node, "threads = 0")),
      f.node);
  write(f.node, replaced(node, "threads = 0", "threads = 1000000"));
  f.check_refused(fmt::format("{}:{}: [machine] threads: must be a whole number from 0 to 1024",
                              f.node.string(), line_of(node, "threads = 0")),
                  f.node);
  write(f.node, node);

  auto genesis = read(f.genesis);
  auto key = [&](std::size_t from) {
    auto at = genesis.find("\nkey = \"", from);
    return genesis.substr(at + 1, genesis.find('\n', at + 1) - at);
  };
  auto first = key(0);
  auto second = key(genesis.find(first) + first.size());
  auto both = replaced(genesis, second, first);
  write(f.genesis, both);
  auto result = run({"config", "check", f.genesis.string()});
  CAF_MESSAGE(result.err);
  CAF_CHECK_EQUAL(result.code, 1);
  f.check_refused(result.err.substr(8, result.err.size() - 9), f.genesis);
  CAF_CHECK(result.says(f.genesis.string() + ":"));

  fs::remove(f.genesis);
  f.check_refused(f.genesis.string() + ": no such file", f.genesis);
}

CAF_TEST(files of a node that are missing or open to others are named) {
  files f;
  auto start = [&](std::string file) {
    return run({"node", "--config", std::move(file)});
  };
  auto nowhere = (f.net / "nowhere.toml").string();
  CAF_CHECK_EQUAL(start(nowhere).code, 1);
  CAF_CHECK_EQUAL(start(nowhere).err, "bourse: " + nowhere + ": no such file\n");
  auto key = f.node.parent_path() / "key";
  fs::permissions(key, fs::perms::group_read, fs::perm_options::add);
  auto result = start(f.node.string());
  CAF_CHECK_EQUAL(result.code, 1);
  CAF_CHECK(result.says(key.string() + ": "));
  CAF_CHECK(result.says("chmod 600"));
  fs::remove(key);
  CAF_CHECK(start(f.node.string()).says(key.string() + ": no such key file; `bourse keygen`"));
  CAF_CHECK_EQUAL(run({"node"}).code, 2);
  CAF_CHECK_EQUAL(run({"node", f.node.string()}).code, 2);
}

CAF_TEST(a second node with the files of one that runs ends and disturbs nobody) {
  running r;
  trading busy{*r.network};
  CAF_CHECK(busy.goes_on());
  auto port = r.start_other();
  CAF_CHECK_EQUAL(port.code, 1);
  CAF_CHECK(port.says("can't listen on " + to_string(r.network->genesis().replicas[3].peers)));
  CAF_CHECK_EQUAL(part(port.json(), "/error"), "io_failed");
  auto database = run({"node", "--config", (r.network->folder() / "node-3/node.toml").string()});
  CAF_CHECK_EQUAL(database.code, 1);
  CAF_CHECK(database.says(r.network->data(3).string() + " is in use by another process"));
  CAF_CHECK(busy.goes_on());
  busy.stop();
  CAF_CHECK(all_agree(*r.network));
}

CAF_TEST(a database of another cluster or replica is refused and left as it is) {
  running r;
  trading busy{*r.network};
  CAF_CHECK(busy.goes_on());
  r.network->node(2).signal(SIGTERM); // replica 3 is still needed
  CAF_CHECK(r.network->node(2).wait(10s));
  r.copy_data(2);
  auto data = (r.other / "data").string();
  auto replica = r.start_other(); // as replica 3
  CAF_CHECK_EQUAL(replica.code, 1);
  CAF_CHECK(replica.says(data + ": the database is of replica 2, not 3"));
  CAF_CHECK(replica.says("; `data` names the wrong folder"));
  CAF_CHECK_EQUAL(part(replica.json(), "/error"), "wrong_cluster");

  files elsewhere;
  auto genesis = config::load_genesis(elsewhere.genesis);
  CAF_REQUIRE(genesis);
  r.use(elsewhere.net, 2);
  auto cluster = r.start_other();
  CAF_CHECK_EQUAL(cluster.code, 1);
  CAF_CHECK(cluster.says(fmt::format("{}: the database is of cluster {}, not {}", data,
                                     messages::to_hex(r.network->genesis().cluster().view()),
                                     messages::to_hex(genesis->cluster().view()))));
  // Nothing was written to it: it is still good for whom it belongs to.
  r.use(r.network->folder(), 2);
  auto verified = run({"ledger", "verify", r.other.string()});
  CAF_CHECK_EQUAL(verified.code, 0);
  CAF_CHECK(busy.goes_on());
}

namespace {

/// The newest file of a database whose name has that beginning and end.
fs::path newest(const fs::path& data, const std::string& begin, const std::string& end) {
  std::set<std::string> names;
  for (auto& entry : fs::directory_iterator{data})
    if (auto name = entry.path().filename().string();
        name.starts_with(begin) && name.ends_with(end) && entry.file_size() > 0)
      names.insert(name);
  CAF_REQUIRE(!names.empty());
  return data / *names.rbegin();
}

} // namespace

CAF_TEST(a database that was cut short is refused and the file named) {
  running r;
  trading busy{*r.network, 64};
  // Several tables.
  CAF_REQUIRE(busy.until([&] {
    auto tables = 0;
    for (auto& entry : fs::directory_iterator{r.network->data(3)})
      tables += entry.path().extension() == ".blob";
    return tables >= 4;
  }));
  r.network->node(3).signal(SIGTERM);
  CAF_REQUIRE(r.network->node(3).wait(10s));
  CAF_CHECK(busy.goes_on());

  auto cut = [&](const std::string& begin, const std::string& end, std::uint64_t percent) {
    r.copy_data(3);
    auto file = newest(r.other / "data", begin, end);
    auto size = fs::file_size(file);
    fs::resize_file(file, size * percent / 100);
    auto result = r.start_other();
    CAF_MESSAGE(file.filename().string()
                << " of " << size << " bytes cut to " << percent << " %: " << result.err);
    CAF_CHECK_EQUAL(result.code, 1);
    CAF_CHECK_EQUAL(part(result.json(), "/error"), "corrupt");
    CAF_CHECK(result.says(file.filename().string()));
    CAF_CHECK(result.says("; delete nothing there: `bourse ledger verify`"));
  };
  for (auto percent : {0, 50, 99}) {
    cut("", ".sst", percent);
    cut("", ".blob", percent);
  }
  cut("CURRENT", "", 50);
  cut("MANIFEST", "", 0);
  cut("MANIFEST", "", 25); // before it speaks of any table
  CAF_CHECK(busy.goes_on());
}

CAF_TEST(a log that a power cut shortened costs nothing) {
  running r;
  trading busy{*r.network};
  CAF_CHECK(busy.goes_on());
  r.network->node(3).kill();
  auto log = newest(r.network->data(3), "", ".log");
  fs::resize_file(log, fs::file_size(log) - 100); // amid a record
  CAF_REQUIRE(r.network->start_nodes());
  CAF_CHECK(busy.goes_on());
  busy.stop();
  CAF_CHECK(all_agree(*r.network));
  r.network->stop_nodes();
  CAF_CHECK_EQUAL(run({"ledger", "verify", r.network->folder().string()}).code, 0);
}
