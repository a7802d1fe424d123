// Reading /proc; see processes.h.

#include "processes.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

#include "options.h"

namespace firn {

namespace {

std::string readAll(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/** utime and stime are fields 14 and 15; the name before them is in parentheses and may hold anything. */
CpuTime cpuOf(const std::string& stat) {
  const size_t name = stat.rfind(')');
  if (name == std::string::npos) return {};
  std::istringstream fields(stat.substr(name + 1));
  std::string skipped;
  for (int field = 3; field < 14; field++) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return {user / ticks, system / ticks};
}

uint64_t kibOf(const std::string& status, const std::string& name) {
  const size_t at = status.find("\n" + name + ":");
  return at == std::string::npos ? 0 : std::stoull(status.substr(at + name.size() + 2));
}

}  // namespace

ProcessSample sampleProcess(int pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const std::string stat = readAll(folder + "/stat");
  if (stat.empty()) throw RunError("no process " + std::to_string(pid) + " to watch: --pid names the server's");
  ProcessSample sample;
  sample.cpu = cpuOf(stat);
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(folder + "/task", error)) {
    const std::string line = readAll(task.path() / "stat");
    const size_t open = line.find('(');
    const size_t close = line.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;  // It ended while we looked.
    sample.threads[std::stoi(task.path().filename())] = {line.substr(open + 1, close - open - 1), cpuOf(line)};
  }
  const std::string status = readAll(folder + "/status");
  sample.residentKiB = kibOf(status, "VmRSS");
  sample.peakKiB = kibOf(status, "VmHWM");
  return sample;
}

CpuTime ownCpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

}  // namespace firn
