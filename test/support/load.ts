// What the tests of the load generator share: the program, built once when there is a compiler; a file of records; and
// servers of bare TCP, which can say what no library would.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LoadError, type LoadOptions, runLoad } from '../../bench/load.ts';
import { makeWorkload, writeWorkload } from '../../bench/workload.ts';

const BUILD = fileURLToPath(new URL('../../bench/load/build.mjs', import.meta.url));

function build(): string | null {
  const { status, stderr } = spawnSync(process.execPath, [BUILD], { encoding: 'utf8' });
  if (status === 0) return null;
  // With a compiler, a generator that cannot be built is a fault and no reason to skip.
  if (!/no C\+\+ compiler|it needs Linux/.test(stderr)) throw new Error(stderr);
  return stderr.trim();
}

/** Why there is no generator to test, null when there is one. */
export const generatorMissing: string | null = build();
if (generatorMissing !== null) console.log(`skipped: tests of the load generator (${generatorMissing})`);

export const workload = makeWorkload({ count: 1000, seed: 7, invalidPer10k: 300 });

export interface RecordsFile {
  readonly path: string;
  remove(): void;
}

/** The workload as a file. */
export function recordsFile(): RecordsFile {
  const folder = mkdtempSync(join(tmpdir(), 'firn-load-'));
  const path = join(folder, 'records.ndjson');
  writeWorkload(path, workload);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs the generator where it must fail. */
export async function runToFault(options: LoadOptions): Promise<LoadError> {
  try {
    await runLoad(options);
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
  throw new Error('the load generator found no fault');
}

export interface BareServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A TCP server on a free port. */
export async function bareServer(onSocket: (socket: Socket) => void): Promise<BareServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    onSocket(socket.setNoDelay(true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The answer that grants an upgrade. */
export function upgradeAnswer(
  request: string,
  headers: readonly string[] = ['Sec-WebSocket-Protocol: firn.v1'],
) {
  const key = /sec-websocket-key: (\S+)/i.exec(request)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  return [...lines, `Sec-WebSocket-Accept: ${accept}`, ...headers, '', ''].join('\r\n');
}

/** A frame as a server sends it: final, not masked. */
export function serverFrame(opcode: number, payload: string | Buffer): Buffer {
  const body = Buffer.from(payload);
  const length = body.length < 126 ? [body.length] : [126, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), body]);
}

/** A server that answers the upgrade, and what it is told to say after it. */
export function afterUpgrade(say: (socket: Socket) => void): Promise<BareServer> {
  return bareServer((socket) => {
    socket.once('data', (request) => {
      socket.write(upgradeAnswer(request.toString('latin1')));
      say(socket);
    });
  });
}
