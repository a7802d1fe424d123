// Records and payloads; see records.h.

#include "records.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace firn {

std::vector<std::string> readRecords(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw RunError("cannot read the records " + path + ": " + std::strerror(errno));
  std::vector<std::string> records;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) records.push_back(std::move(line));
  }
  if (records.empty()) throw RunError("no record in " + path + ": it holds one JSON record a line");
  return records;
}

std::vector<std::string> makePayloads(const std::vector<std::string>& records, const Options& options, size_t least,
                                      size_t most, size_t unit) {
  const size_t perFrame = options.recordsPerFrame;
  const auto roundUp = [&](size_t frames) { return (frames + unit - 1) / unit * unit; };
  const size_t filled = (records.size() + perFrame - 1) / perFrame;
  const size_t whole = most / unit * unit;
  const size_t frames = std::min(roundUp(std::max(filled, least)), whole);
  std::vector<std::string> payloads(frames);
  size_t record = 0;
  for (std::string& payload : payloads) {
    for (size_t i = 0; i < perFrame; i++) {
      if (i > 0) payload += '\n';
      payload += records[record];
      record = record + 1 == records.size() ? 0 : record + 1;
    }
  }
  return payloads;
}

}  // namespace firn
