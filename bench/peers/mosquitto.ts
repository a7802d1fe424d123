// Peer 4: Mosquitto over WebSocket, QoS 1, with a queue that it has to fill. It acknowledges from memory.

import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { ask } from './installed.ts';
import { countQueued, subscribeAway } from './mosquitto-queue.ts';
import type { Availability, Peer } from './peer.ts';

const TOPIC = 'coldchain';
const INSTALL = 'apt-get install mosquitto';
const SAVE_MS = 120_000;
const POLL_MS = 20;
/** Past this Mosquitto closes connections instead of taking the machine's memory. */
const MEMORY_BYTES = 3 * 1024 ** 3;

/** `-h` is the only way to its version, and exits 1 in some releases and 3 in others. */
function available(): Availability {
  const [, version] = /mosquitto version (\S+)/.exec(ask('mosquitto', ['-h'], [0, 1, 3]) ?? '') ?? [];
  if (version === undefined) return { ok: false, why: 'mosquitto is not installed', install: INSTALL };
  return { ok: true, version: `mosquitto ${version}` };
}

function configuration(folder: string, port: number, plainPort: number): string {
  return [
    // Else it would give up root, and with it this folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    // For the subscriber. Mosquitto 2.0.11 also refuses to start with a WebSocket listener alone.
    `listener ${plainPort} 127.0.0.1`,
    `listener ${port} 127.0.0.1`,
    'protocol websockets',
    'socket_domain ipv4',
    'allow_anonymous true',
    'set_tcp_nodelay true',
    'persistence true',
    `persistence_location ${folder}/`,
    // Its default: a save writes everything again, so a short interval would only slow it down.
    'autosave_interval 1800',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    `memory_limit ${MEMORY_BYTES}`,
    'connection_messages false',
    'log_dest stderr',
    '',
  ].join('\n');
}

/** Has it save its memory, and waits for the new file. */
async function save(child: Child, file: string): Promise<void> {
  const inode = (): number => statSync(file, { throwIfNoEntry: false })?.ino ?? 0;
  const before = inode();
  child.signal('SIGUSR1');
  for (const until = Date.now() + SAVE_MS; inode() === before; await sleep(POLL_MS)) {
    if (Date.now() > until)
      throw new Error(`peer mosquitto: ${file} is not written ${SAVE_MS} ms after SIGUSR1`);
  }
}

export const MOSQUITTO_PEER: Peer = {
  name: 'mosquitto',
  title: 'Mosquitto, QoS 1',
  protocol: 'mqtt',
  acknowledges: 'from memory, before anything is on disk',
  does: { validates: false, hashes: false, seals: false, syncs: 'every 30 minutes and at its end' },
  notes: [
    'Not durable: it acknowledges from memory and saves all of it every 30 minutes (its default) and when it ends; a kill or a power cut loses what was acknowledged since.',
    'A subscriber that is away makes it keep every message; with nobody subscribed it would acknowledge and drop.',
    'Stores each frame unread: no schema, no refusals, no hash, no seal. Its memory is limited to 3 GiB here; past that it closes connections.',
  ],
  available,
  start: async (folder) => {
    const port = await freePort();
    const plainPort = await freePort();
    const file = join(folder, 'mosquitto.conf');
    writeFileSync(file, configuration(folder, port, plainPort));
    const child = await startChild({
      name: 'mosquitto',
      command: 'mosquitto',
      args: ['-c', file],
      ready: /mosquitto version \S+ running/,
    });
    try {
      await subscribeAway(plainPort, TOPIC);
    } catch (error) {
      await child.stop();
      throw error;
    }
    return {
      port,
      path: TOPIC,
      pids: [child.pid],
      // With SIGTERM it would save gigabytes once more, for nobody.
      stop: () => child.stop('SIGKILL'),
      check: async (expected) => {
        const saved = join(folder, 'mosquitto.db');
        await save(child, saved);
        const stored = await countQueued(saved);
        const how = 'messages queued in mosquitto.db, which it was told to save (SIGUSR1) for this count';
        return { stored, ok: stored >= expected.frames, how };
      },
    };
  },
};
