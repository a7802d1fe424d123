// Peer 5: a Redis stream whose append-only file is synced before each answer.

import { connect } from 'node:net';
import { startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { ask } from './installed.ts';
import type { Availability, Peer } from './peer.ts';

const KEY = 'coldchain';
const INSTALL = 'apt-get install redis-server';
const ANSWER_MS = 10_000;

function available(): Availability {
  const [, version] = /v=(\S+)/.exec(ask('redis-server', ['--version']) ?? '') ?? [];
  if (version === undefined) return { ok: false, why: 'redis-server is not installed', install: INSTALL };
  return { ok: true, version: `redis-server ${version}` };
}

/** The integer that Redis answers to a command. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
async function askNumber(port: number, command: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(ANSWER_MS);
  socket.write(`${command}\r\n`);
  try {
    return await new Promise<number>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`Redis on port ${port}, ${command}: ${why}`));
      let heard = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard += text;
        if (!heard.endsWith('\r\n')) return;
        const found = /^:(\d+)\r\n$/.exec(heard);
        if (found === null) fail(heard.trim());
        else resolve(Number(found[1]));
      });
      socket.once('timeout', () => fail(`no answer within ${ANSWER_MS} ms`));
      socket.once('error', (error) => fail(error.message));
      socket.once('close', () => fail('the server closed the connection'));
    });
  } finally {
    socket.destroy();
  }
}

/** No snapshots and no rewriting of the file during a run: both cost a fork, and neither is asked for here. */
function settings(folder: string, port: number): string[] {
  const log = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'];
  return ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...log];
}

export const REDIS_PEER: Peer = {
  name: 'redis',
  title: 'Redis stream, appendfsync always',
  protocol: 'redis',
  acknowledges: 'after fdatasync',
  does: { validates: false, hashes: false, seals: false, syncs: 'each turn of its event loop' },
  notes: [
    'Stores each frame unread: no schema, no refusals, no hash, no seal. It speaks its own protocol over TCP, not WebSocket, which is cheaper.',
    'Everything stays in memory as well: it holds what memory holds. Rewriting of its file and snapshots are off.',
  ],
  available,
  start: async (folder) => {
    const port = await freePort();
    const child = await startChild({
      name: 'redis',
      command: 'redis-server',
      args: settings(folder, port),
      ready: /Ready to accept connections/,
    });
    return {
      port,
      path: KEY,
      pids: [child.pid],
      stop: () => child.stop(),
      check: async (expected) => {
        const stored = await askNumber(port, `XLEN ${KEY}`);
        return {
          stored,
          ok: stored >= expected.frames,
          how: 'entries of the stream, as the server tells (XLEN)',
        };
      },
    };
  },
};
