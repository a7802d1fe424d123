// The kernels for whole batches, as JavaScript sees them: see kernels.cc.
#pragma once

#include <node_api.h>

namespace firn {

/** Adds the kernels to what the addon exports, with memory of their own for each thread that loads it. */
void exportKernels(napi_env env, napi_value exports);

}  // namespace firn
