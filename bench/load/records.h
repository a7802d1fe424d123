// The records of a workload file, and the payloads made of them: so many records, joined by a line feed, as a frame
// carries them. Going round when there are too few.
#pragma once

#include <string>
#include <vector>

#include "options.h"

namespace firn {

/** Reads one record a line; lines without a byte are skipped. Throws RunError. */
std::vector<std::string> readRecords(const std::string& path);

/**
 * Payloads of `recordsPerFrame` records each: as many as the records fill, at least `least` and at most `most`, rounded
 * to a multiple of `unit`.
 */
std::vector<std::string> makePayloads(const std::vector<std::string>& records, const Options& options, size_t least,
                                      size_t most, size_t unit);

}  // namespace firn
