// From a name to its protocol.

#include "protocol-discard.h"
#include "protocol-firn.h"
#include "protocol-mqtt.h"
#include "protocol-nats.h"
#include "protocol-redis.h"
#include "protocol.h"

namespace firn {

std::unique_ptr<Protocol> makeProtocol(const Options& options) {
  if (options.protocol == "firn") return std::make_unique<FirnProtocol>(options);
  if (options.protocol == "discard") return std::make_unique<DiscardProtocol>(options);
  if (options.protocol == "nats") return std::make_unique<NatsProtocol>(options);
  if (options.protocol == "mqtt") return std::make_unique<MqttProtocol>(options);
  if (options.protocol == "redis") return std::make_unique<RedisProtocol>(options);
  throw UsageError("--protocol " + options.protocol + ": wanted firn, discard, nats, mqtt or redis");
}

}  // namespace firn
