// What is said about a run that broke a rule, whichever mode made it.
#define CAF_SUITE sim_report
#include "tests/suite.hpp"

#include <ostream>
#include <sstream>

#include "app/sim_report.hpp"
#include "simulation/simulation.hpp"
#include "tests/config/files.hpp"

using namespace bourse;
using namespace bourse::app;
using nlohmann::json;

namespace {

/// A cluster that has no time to recover.
simulation::plan hopeless() {
  auto p = simulation::draw_plan(1);
  p.faults = {{simulation::fault_kind::lights_out, 5000, 1000, 0, 0, 0}};
  p.recovery_ms = 0;
  p.faulty_ms = 5500;
  p.least_ms = 6000;
  return p;
}

failed_run failure(std::uint64_t seed) {
  return {"case " + std::to_string(seed),
          "case-" + std::to_string(seed),
          "bourse sim --case " + std::to_string(seed),
          {seed, to_json(simulation::run(hopeless())), {}}};
}

} // namespace

CAF_TEST(the first failures are explained and told) {
  tests::temporary_folder folder;
  std::ostringstream text, err;
  output out{text, err};
  std::vector<failed_run> all;
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    all.push_back(failure(seed));
  all[1].result = {2, nullptr, "took too long"};
  auto again = [](const failed_run& f, std::ostream& head, simulation::story& story) {
    if (f.result.seed == 3)
      std::abort(); // what it wrote until then is kept
    head << "the plan" << std::endl;
    return to_json(simulation::run(hopeless(), &story));
  };
  explain(all, again, folder.path(), 60, out);

  auto said = text.str();
  auto says = [&](const std::string& what) {
    if (said.find(what) == std::string::npos)
      CAF_ERROR("not said: " << what << "\n" << said);
  };
  says("case 1 FAILED at commit ");
  says(" s, liveness: ");
  says("  repeat: bourse sim --case 1\n");
  says("case 2 FAILED at commit ");
  says("  the process took too long\n");
  says("case 3 FAILED at commit ");
  says("and 1 more\n");
  CAF_CHECK(said.find("case 4") == std::string::npos);
  auto file = [&](const char* name) {
    return tests::read(folder.path() / name);
  };
  CAF_CHECK(file("case-1.trace.txt").find(", case 1\nthe plan\n") != std::string::npos);
  CAF_CHECK(file("case-1.trace.txt").find("VIOLATION of liveness") != std::string::npos);
  CAF_CHECK(file("case-1.mmd").starts_with("sequenceDiagram\n"));
  CAF_CHECK(file("case-1.mmd").find("VIOLATION of liveness") != std::string::npos);
  CAF_CHECK(file("case-3.trace.txt").find(", case 3\n") != std::string::npos);
  CAF_CHECK(!std::filesystem::exists(folder.path() / "case-4.trace.txt"));
}

CAF_TEST(failures as JSON have what broke and how to repeat it) {
  auto j = to_json(std::vector{failure(7)});
  CAF_REQUIRE_EQUAL(j.size(), 1u);
  CAF_CHECK_EQUAL(j[0]["what"], "case 7");
  CAF_CHECK_EQUAL(j[0]["seed"], 7);
  CAF_CHECK_EQUAL(j[0]["died"], "");
  CAF_CHECK_EQUAL(j[0]["repeat"], "bourse sim --case 7");
  CAF_CHECK_EQUAL(j[0]["violations"][0]["rule"], "liveness");
  // scripts/mutants takes the first line of this form.
  CAF_CHECK(j.dump(2).find("\"rule\": \"liveness\"") != std::string::npos);
  seed_range patient;
  CAF_CHECK_EQUAL(timeout_of(patient), "");
  patient.timeout_s = 3;
  CAF_CHECK_EQUAL(timeout_of(patient), " --timeout 3");
}
