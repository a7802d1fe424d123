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
 * Payloads of `perFrame` records each: as many as the records fill, rounded up to whole bursts, at least `least`
 * of them and at most `most`.
 */
std::vector<std::string> makePayloads(const std::vector<std::string>& records, const Options& options, size_t least,
                                      size_t most);

}  // namespace firn
