// A PostgreSQL server of its own for tests: Debian's binaries, all data in one folder, 127.0.0.1 only. As root it runs as
// the user postgres, since the server refuses root.

import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';
/** Below the ports that the system hands out: a client that waits for the server could meet itself there. */
const [FIRST_PORT, PORTS] = [25_000, 5_000];

/** Folder of the newest server's programs; null = none is installed. */
export function programs() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  const folder = newest === undefined ? null : join(VERSIONS, newest, 'bin');
  return folder !== null && existsSync(join(folder, 'initdb')) ? folder : null;
}

export const MISSING = 'a PostgreSQL server: apt-get install --no-install-recommends postgresql';

const isRoot = process.getuid?.() === 0;
const owner = () =>
  isRoot
    ? ['uid', 'gid'].map((_, i) =>
        Number(execFileSync('id', [i === 0 ? '-u' : '-g', 'postgres'], { encoding: 'utf8' })),
      )
    : null;

async function as(program, args) {
  const ids = owner();
  const options = ids === null ? {} : { uid: ids[0], gid: ids[1], env: { ...process.env, HOME: '/tmp' } };
  return run(join(programs(), program), args, { cwd: '/', maxBuffer: 1 << 24, ...options });
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function freePort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
}

/** Makes a server in `dir` and starts it. fsync is off: it is thrown away. */
export async function startPostgres(dir) {
  const data = join(dir, 'data');
  mkdirSync(dir, { recursive: true });
  chmodSync(dir, 0o755);
  const ids = owner();
  if (ids !== null) chownSync(dir, ids[0], ids[1]);
  await as('initdb', [
    '-D',
    data,
    '-U',
    'firn',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ]);
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${dir}`,
    'fsync=off',
    'shared_buffers=32MB',
  ];
  const up = async () => {
    const options = settings.map((setting) => `-c ${setting}`).join(' ');
    await as('pg_ctl', ['-D', data, '-w', '-t', '60', '-l', join(dir, 'server.log'), '-o', options, 'start']);
  };
  const down = async (mode = 'fast') => {
    await as('pg_ctl', ['-D', data, '-m', mode, '-w', 'stop']).catch(() => undefined);
  };
  await up();
  return {
    /** Url of a database, which is made when `name` is new. */
    async database(name) {
      await as('createdb', ['-h', '127.0.0.1', '-p', String(port), '-U', 'firn', name]);
      return `postgres://firn@127.0.0.1:${port}/${name}`;
    },
    up,
    down,
  };
}
