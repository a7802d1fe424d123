// The peers, in the order in which they run: those that do the most of what firn does come first. Mosquitto comes last:
// counting what it holds writes all of it to the disk, which the next one's syncs would wait behind.

import { JETSTREAM_PEER } from './jetstream.ts';
import { MOSQUITTO_PEER } from './mosquitto.ts';
import { NODE_PEER } from './node.ts';
import type { Peer } from './peer.ts';
import { PYTHON_PEER } from './python.ts';
import { REDIS_PEER } from './redis.ts';

export const PEERS: readonly Peer[] = [NODE_PEER, PYTHON_PEER, JETSTREAM_PEER, REDIS_PEER, MOSQUITTO_PEER];
