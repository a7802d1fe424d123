// What a run is told on its command line.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace firn {

/** What the caller did wrong, as a sentence: exit 2. */
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** What went wrong in a run, as a sentence: exit 1. */
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string protocol = "firn";
  std::string host = "127.0.0.1";
  std::vector<uint16_t> ports;
  std::string path = "/v1/streams/coldchain/ws";
  std::string topic = "coldchain";
  std::string records;
  std::string sessionPrefix;
  uint32_t connections = 1;
  uint32_t recordsPerFrame = 1;
  uint32_t burst = 1;
  /** Frames unacknowledged; 0 = what suits the protocol. */
  uint32_t window = 0;
  uint32_t sources = 1;
  /** Connections a second; 0 = as fast as they are accepted. */
  double connectRate = 0;
  double seconds = 5;
  double warmup = 1;
  /** Frames a second that are offered whatever comes back (open loop); 0 = as fast as the window allows (closed loop). */
  double rate = 0;
  /** Stop after so many frames; 0 = by time. */
  uint64_t frames = 0;
  /** Hold the connections for so many seconds and send nothing; 0 = send. */
  double idle = 0;
  double connectSeconds = 30;
  double stallSeconds = 30;
  double drainSeconds = 10;
  /** Entries that a Redis stream keeps, about; 0 = all. */
  uint64_t maxLength = 0;
  int cpu = -1;
  std::vector<int> pids;
  bool text = false;
  bool json = false;
  bool help = false;

  bool openLoop() const { return rate > 0; }
};

/** Reads the command line. Throws UsageError. */
Options parseOptions(int count, char** arguments);

/** The page that `--help` prints. */
std::string helpPage();

}  // namespace firn
