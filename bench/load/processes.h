// Processor time and memory of processes, from /proc, in whole and by thread. Time comes in ticks of the kernel, 10 ms on
// most machines: over seconds that is fine enough.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace firn {

struct CpuTime {
  double user = 0;
  double system = 0;
};

struct ProcessSample {
  CpuTime cpu;
  struct Thread {
    std::string name;
    CpuTime cpu;
  };
  std::map<int, Thread> threads;
  /** KiB resident now, and at most so far. */
  uint64_t residentKiB = 0;
  uint64_t peakKiB = 0;
};

/** Reads one process. Throws RunError when it does not run. */
ProcessSample sampleProcess(int pid);

/** Processor time of this process. */
CpuTime ownCpu();

}  // namespace firn
