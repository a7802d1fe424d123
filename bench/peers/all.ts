// The peers, in the order of the table: those that do the most of what firn does come first.

import { JETSTREAM_PEER } from './jetstream.ts';
import { MOSQUITTO_PEER } from './mosquitto.ts';
import { NODE_PEER } from './node.ts';
import type { Peer } from './peer.ts';
import { PYTHON_PEER } from './python.ts';
import { REDIS_PEER } from './redis.ts';

export const PEERS: readonly Peer[] = [NODE_PEER, PYTHON_PEER, JETSTREAM_PEER, MOSQUITTO_PEER, REDIS_PEER];
