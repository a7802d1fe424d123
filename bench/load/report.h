// What a run measured, as one JSON object or as lines to read.
#pragma once

#include <string>

#include "run.h"

namespace firn {

std::string jsonReport(const Options& options, const Outcome& outcome);
std::string plainReport(const Options& options, const Outcome& outcome);

/** The generator itself was the limit: its processor was full, or it came late to bursts that were due. */
bool generatorLimited(const Options& options, const Outcome& outcome);

/** Why the run counts as failed; empty when it does not. */
std::string faultOf(const Options& options, const Outcome& outcome);

}  // namespace firn
