// firn-load: the command. Exit code 0 = every frame was acknowledged, 1 = not, or the server failed, 2 = bad options.
// Whatever went wrong is one sentence on standard error; a report that exists is printed all the same.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sched.h>

#include "report.h"
#include "run.h"

namespace {

void pin(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) {
    throw firn::UsageError("--cpu " + std::to_string(cpu) + ": " + std::strerror(errno));
  }
}

int run(int count, char** arguments) {
  const firn::Options options = firn::parseOptions(count, arguments);
  if (options.help) {
    std::fputs(firn::helpPage().c_str(), stdout);
    return 0;
  }
  pin(options.cpu);
  const firn::Outcome outcome = firn::Run(options).go();
  std::fputs((options.json ? firn::jsonReport(options, outcome) : firn::plainReport(options, outcome)).c_str(), stdout);
  const std::string fault = firn::faultOf(options, outcome);
  if (fault.empty()) return 0;
  std::fprintf(stderr, "firn-load: %s\n", fault.c_str());
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(count, arguments);
  } catch (const firn::UsageError& error) {
    std::fprintf(stderr, "firn-load: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "firn-load: %s\n", error.what());
    return 1;
  }
}
