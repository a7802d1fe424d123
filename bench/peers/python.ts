// Peer 2: the Python service (python/service.py).

import { join } from 'node:path';
import { countHashedLines } from './batch-files.ts';
import { ask, PEERS_FOLDER } from './installed.ts';
import { startLikeFirn } from './like-firn.ts';
import type { Availability, Peer } from './peer.ts';

const SCRIPT = join(PEERS_FOLDER, 'python', 'service.py');
const INSTALL = 'apt-get install python3-pydantic python3-websockets';
/** Prints both versions; fails where one is not installed. */
const VERSIONS =
  'import pydantic, websockets.version as w; print("pydantic", pydantic.VERSION, "websockets", w.version)';

/** Debian's packages belong to Debian's Python, which need not be the first on the PATH. */
function pythons(): string[] {
  const chosen = process.env['FIRN_BENCH_PYTHON'];
  return chosen === undefined ? ['python3', '/usr/bin/python3'] : [chosen];
}

function find(): { readonly python: string; readonly version: string } | { readonly why: string } {
  let why = `${pythons().join(' and ')}: no Python with pydantic and websockets`;
  for (const python of pythons()) {
    const said = ask(python, ['-c', VERSIONS]);
    if (said === null) continue;
    const found = /^pydantic (\S+) websockets (\S+)$/.exec(said);
    const [, pydantic = '', websockets = ''] = found ?? [];
    if (pydantic.startsWith('1.') && /^1[0-3]\./.test(websockets)) {
      const version = ask(python, ['--version']) ?? 'Python';
      return { python, version: `${version}, pydantic ${pydantic}, websockets ${websockets}` };
    }
    why = `${python} has ${said}; the peer is written for pydantic 1 and websockets 10 to 13`;
  }
  return { why };
}

function available(): Availability {
  const found = find();
  if ('why' in found) return { ok: false, why: found.why, install: INSTALL };
  return { ok: true, version: found.version };
}

export const PYTHON_PEER: Peer = {
  name: 'python',
  title: 'Python: websockets + pydantic 1 + hashlib',
  protocol: 'firn',
  acknowledges: 'after fsync',
  does: { validates: true, hashes: true, seals: false, syncs: 'each batch (2,000 records or 5 ms)' },
  notes: [
    'One asyncio loop: websockets, pydantic 1.10 (not 2), json, SHA-256 a record, append, fsync in a thread; uvloop only where it is installed.',
    'It does not compress. Its canonical JSON is json.dumps with sorted keys: numbers are as Python writes them (-5 becomes -5.0).',
    'No sessions to resume, no deduplication, no dead letter, no log of batches: refused records are told and not kept.',
  ],
  available,
  start: async (folder) => {
    const found = find();
    if ('why' in found) throw new Error(`peer python: ${found.why}: ${INSTALL}`);
    const how = (files: number): string => `lines of ${files} file(s), the hash of every line computed again`;
    const command = found.python;
    return startLikeFirn({ name: 'python', command, script: SCRIPT, count: countHashedLines, how }, folder);
  },
};
