// From a name to its protocol.

#include "protocol-discard.h"
#include "protocol-firn.h"
#include "protocol.h"

namespace firn {

std::unique_ptr<Protocol> makeProtocol(const Options& options) {
  if (options.protocol == "firn") return std::make_unique<FirnProtocol>(options);
  if (options.protocol == "discard") return std::make_unique<DiscardProtocol>(options);
  throw UsageError("--protocol " + options.protocol + ": wanted firn or discard");
}

}  // namespace firn
