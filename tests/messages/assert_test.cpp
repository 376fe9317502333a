#define CAF_SUITE assert
#include "tests/suite.hpp"

#include "messages/assert.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// The signal that ends a child process which asserts `holds`; 0 if it lives on.
int signal_of_assertion(bool holds) {
  auto child = fork();
  if (child == 0) {
    close(STDERR_FILENO); // the message is expected here, and would only alarm
    BOURSE_ASSERT(holds);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

} // namespace

CAF_TEST(an assertion that holds costs nothing) {
  int evaluated = 0;
  BOURSE_ASSERT(++evaluated == 1);
  CAF_CHECK_EQUAL(evaluated, 1);
  CAF_CHECK_EQUAL(signal_of_assertion(true), 0);
}

CAF_TEST(an assertion that fails aborts in every build) {
  CAF_CHECK_EQUAL(signal_of_assertion(false), SIGABRT);
}
