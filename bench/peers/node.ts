// Peer 1: the idiomatic Node service (node/service.mjs).

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countBatches } from './batch-files.ts';
import { startChild } from './child.ts';
import { PEERS_FOLDER } from './installed.ts';
import type { Availability, Peer } from './peer.ts';

const SCRIPT = join(PEERS_FOLDER, 'node', 'service.mjs');
const INSTALL = 'node bench/peers/install.mjs';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function available(): Availability {
  const wanted = manifest(PEERS_FOLDER).dependencies;
  const found: string[] = [];
  for (const name of ['ws', 'zod', '@bokuweb/zstd-wasm']) {
    const folder = join(PEERS_FOLDER, 'node_modules', name);
    if (!existsSync(folder))
      return { ok: false, why: `${name} is not installed in bench/peers`, install: INSTALL };
    const { version } = manifest(folder);
    if (version !== wanted[name]) {
      return {
        ok: false,
        why: `${name} ${version} is installed in bench/peers, not ${wanted[name]}`,
        install: INSTALL,
      };
    }
    found.push(`${name} ${version}`);
  }
  return { ok: true, version: `Node ${process.versions.node}, ${found.join(', ')}` };
}

export const NODE_PEER: Peer = {
  name: 'node',
  title: 'Node: ws + zod + createHash',
  protocol: 'firn',
  acknowledges: 'after fdatasync',
  does: { validates: true, hashes: true, seals: false, syncs: 'each batch (2,000 records or 5 ms)' },
  notes: [
    'One thread: ws, JSON.parse, zod, sorted JSON.stringify, SHA-256 a record and a batch, zstd level 3, append, fdatasync.',
    'No sessions to resume, no deduplication, no dead letter, no log of batches: refused records are told and not kept.',
  ],
  available,
  start: async (folder) => {
    const child = await startChild({
      name: 'node',
      command: process.execPath,
      args: [SCRIPT, '--dir', folder],
      ready: /^ready (\{.*\})$/,
    });
    const { port } = JSON.parse(child.ready[1] as string) as { port: number };
    return {
      port,
      path: '/v1/streams/coldchain/ws',
      pids: [child.pid],
      stop: () => child.stop(),
      check: async (expected) => {
        const { files, records } = await countBatches(folder);
        return {
          stored: records,
          ok: records >= expected.records,
          how: `lines decoded from the zstd frames of ${files} file(s), the hash of every batch computed again`,
        };
      },
    };
  },
};
