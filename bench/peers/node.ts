// Peer 1: the idiomatic Node service (node/service.mjs).

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countBatches } from './batch-files.ts';
import { PEERS_FOLDER } from './installed.ts';
import { type LikeFirn, startLikeFirn } from './like-firn.ts';
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

const PROGRAM: LikeFirn = {
  name: 'node',
  command: process.execPath,
  script: SCRIPT,
  count: countBatches,
  how: (files) =>
    `lines decoded from the zstd frames of ${files} file(s), the hash of every batch computed again`,
};

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
  start: (folder) => startLikeFirn(PROGRAM, folder),
};
