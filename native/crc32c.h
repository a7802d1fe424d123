// CRC-32C by the processor's own instruction, where it has one; elsewhere engine/crc32c.ts does it, whose twin this is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace firn {

/** True when `crc32c` may be called. */
bool hasCrcInstruction();

/** CRC-32C (RFC 3720 §12.1) of the bytes, which may begin at any address. */
uint32_t crc32c(const uint8_t* at, size_t bytes);

}  // namespace firn
