// Peer 3: NATS JetStream over WebSocket, one stream in files, each message synced before it is acknowledged where the server
// can do that (2.10 and later).

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { ask, PEERS_FOLDER } from './installed.ts';
import { natsRequest } from './nats-request.ts';
import type { Availability, Peer, RunningPeer } from './peer.ts';

const STREAM = 'coldchain';
const INSTALL =
  'apt-get install nats-server   (where that is older than 2.10: node bench/peers/install.mjs --nats)';
/** As install.mjs unpacks it. */
const UNPACKED = join(PEERS_FOLDER, '.cache', 'nats-server');

const PORTS_MS = 5_000;
const POLL_MS = 20;

interface Server {
  readonly command: string;
  readonly version: string;
  /** Knows `sync_interval: always`. */
  readonly synced: boolean;
}

/** The first server that can sync each message, else the first there is. */
function find(): Server | null {
  const servers: Server[] = [];
  for (const command of ['nats-server', UNPACKED]) {
    const said = command === UNPACKED && !existsSync(UNPACKED) ? null : ask(command, ['--version']);
    const [, version, major, minor] = /v((\d+)\.(\d+)\S*)/.exec(said ?? '') ?? [];
    if (version === undefined) continue;
    servers.push({ command, version, synced: Number(major) > 2 || Number(minor) >= 10 });
  }
  return servers.find((server) => server.synced) ?? servers[0] ?? null;
}

function available(): Availability {
  const server = find();
  if (server === null) return { ok: false, why: 'nats-server is not installed', install: INSTALL };
  return {
    ok: true,
    version: `nats-server ${server.version}${server.synced ? '' : ' (cannot sync each message)'}`,
  };
}

function configuration(folder: string, synced: boolean): string {
  return [
    'server_name: firn-bench',
    'host: 127.0.0.1',
    // -1: a free port, told in a file.
    'port: -1',
    `ports_file_dir: ${JSON.stringify(folder)}`,
    'websocket { host: 127.0.0.1, port: -1, no_tls: true, compression: false }',
    `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))}${synced ? ', sync_interval: always' : ''} }`,
    '',
  ].join('\n');
}

interface Ports {
  /** URLs. */
  readonly nats: readonly string[];
  readonly websocket: readonly string[];
}

/** The server writes its file of ports just after it says that it is ready. */
async function readPorts(file: string): Promise<Ports> {
  for (const until = Date.now() + PORTS_MS; ; await sleep(POLL_MS)) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Ports;
    } catch (error) {
      if (Date.now() > until) throw new Error(`peer jetstream: ${file} cannot be read`, { cause: error });
    }
  }
}

function portOf(urls: readonly string[]): number {
  return Number(new URL(urls[0] as string).port);
}

async function open(folder: string, child: Child): Promise<RunningPeer> {
  const ports = await readPorts(join(folder, `nats-server_${child.pid}.ports`));
  const api = portOf(ports.nats);
  // The same again on a stream that exists changes nothing.
  await natsRequest(api, `$JS.API.STREAM.CREATE.${STREAM}`, {
    name: STREAM,
    subjects: [STREAM],
    storage: 'file',
    retention: 'limits',
    num_replicas: 1,
  });
  return {
    port: portOf(ports.websocket),
    path: STREAM,
    pids: [child.pid],
    stop: () => child.stop(),
    check: async (expected) => {
      const { state } = await natsRequest(api, `$JS.API.STREAM.INFO.${STREAM}`, {});
      const stored = (state as { messages: number }).messages;
      return {
        stored,
        ok: stored >= expected.frames,
        how: 'messages in the stream, as the server tells (STREAM.INFO)',
      };
    },
  };
}

export const JETSTREAM_PEER: Peer = {
  name: 'jetstream',
  title: 'NATS JetStream, file store',
  protocol: 'nats',
  get acknowledges() {
    return (find()?.synced ?? true) ? 'after fsync' : 'before fsync (2.9 syncs every 2 minutes)';
  },
  get does() {
    const syncs = (find()?.synced ?? true) ? 'each message' : 'every 2 minutes';
    return { validates: false, hashes: false, seals: false, syncs };
  },
  notes: [
    'Stores each frame unread: no schema, no refusals, no hash that anybody else could check, no seal.',
    'One replica, WebSocket without TLS and compression. Before 2.10 it cannot sync each message: then its row is no durable one.',
  ],
  available,
  start: async (folder) => {
    const server = find();
    if (server === null) throw new Error(`peer jetstream: nats-server is not installed: ${INSTALL}`);
    const file = join(folder, 'nats.conf');
    writeFileSync(file, configuration(folder, server.synced));
    const child = await startChild({
      name: 'jetstream',
      command: server.command,
      args: ['--config', file],
      ready: /Server is ready/,
    });
    try {
      return await open(folder, child);
    } catch (error) {
      await child.stop();
      throw error;
    }
  },
};
