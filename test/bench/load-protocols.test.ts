// The load generator's other protocols against scripted servers that read every byte: what they are sent is well-formed,
// what they answer is counted, and what they answer with an error is no acknowledgement.

import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type LoadProtocol, runLoad } from '../../bench/load.ts';
import {
  bareServer,
  generatorMissing,
  type RecordsFile,
  recordsFile,
  runToFault,
  workload,
} from '../support/load.ts';

/** Payloads of `perFrame` records, as many as the whole workload gives: what a server must have got, in any order. */
function payloads(perFrame: number, count: number): string[] {
  const { records } = workload;
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: perFrame }, (_, n) => records[(i * perFrame + n) % records.length]).join('\n'),
  );
}

describe.skipIf(generatorMissing !== null)('load generator (skipped without a C++ compiler)', () => {
  let records: RecordsFile;
  beforeAll(() => {
    records = recordsFile();
  });
  afterAll(() => records.remove());

  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** A WebSocket server whose messages are one stream of bytes to each connection; answers go out in odd pieces. */
  async function streaming(
    onOpen: (say: (bytes: string | Buffer) => void, socket: WebSocket) => (bytes: Buffer) => number,
  ): Promise<number> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (socket) => {
      const say = (bytes: string | Buffer): void => {
        const all = Buffer.from(bytes);
        const middle = Math.ceil(all.length / 3);
        for (const part of [all.subarray(0, middle), all.subarray(middle)])
          socket.send(part, { binary: true });
      };
      const read = onOpen(say, socket);
      let held: Buffer = Buffer.alloc(0);
      socket.on('message', (data: Buffer, isBinary) => {
        expect(isBinary).toBe(true);
        held = Buffer.concat([held, data]);
        for (let used = read(held); used > 0; used = held.length > 0 ? read(held) : 0)
          held = held.subarray(used);
      });
    });
    await new Promise<void>((resolve) => server.once('listening', resolve));
    closing.push(async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  const run = (protocol: LoadProtocol, port: number) =>
    ({
      protocol,
      port,
      path: '/',
      records: records.path,
      frames: 1000,
      connections: 1,
      recordsPerFrame: 2,
      burst: 5,
      window: 20,
      stallSeconds: 2,
    }) as const;

  describe('nats', () => {
    /** Speaks NATS to one connection; `answer` makes the acknowledgement of a published payload. */
    function nats(answer: (payload: string) => string, inboxes: string[] = []) {
      return (say: (bytes: string) => void) => {
        let subscribed = '';
        say('INFO {"server_id":"x","max_payload":1048576}\r\n');
        return (bytes: Buffer): number => {
          const end = bytes.indexOf('\r\n');
          if (end < 0) return 0;
          const words = bytes.toString('latin1', 0, end).split(' ');
          if (words[0] === 'SUB') subscribed = (words[1] as string).replace('*', '');
          if (words[0] === 'PING') say('PONG\r\nPING\r\n');
          if (words[0] !== 'PUB') return end + 2;
          const [, subject, inbox = '', size] = words;
          const body = end + 2 + Number(size);
          if (bytes.length < body + 2) return 0;
          expect(subject).toBe('coldchain');
          expect(inbox.startsWith(subscribed)).toBe(true);
          expect(bytes.toString('latin1', body, body + 2)).toBe('\r\n');
          inboxes.push(subscribed);
          const text = answer(bytes.toString('utf8', end + 2, body));
          say(`MSG ${inbox} 1 ${text.length}\r\n${text}\r\n`);
          return body + 2;
        };
      };
    }

    test('each publish has an inbox of its connection, and its acknowledgement is counted', async () => {
      const got: string[] = [];
      const inboxes: string[] = [];
      const store = (payload: string): string => `{"stream":"s","seq":${got.push(payload)}}`;
      const port = await streaming(nats(store, inboxes));
      const report = await runLoad({ ...run('nats', port), connections: 3 });
      expect(report.total).toMatchObject({ frames_sent: 1000, frames_acked: 1000, records_acked: 2000 });
      expect(got).toHaveLength(1000);
      const known = new Set(payloads(2, 500));
      expect(got.every((payload) => known.has(payload))).toBe(true);
      expect(new Set(inboxes).size).toBe(3);
    });

    test('an error in an acknowledgement is told', async () => {
      const port = await streaming(nats(() => '{"error":{"code":503,"description":"no room"},"stream":"s"}'));
      expect((await runToFault(run('nats', port))).message).toMatch(/did not store a message: .*no room/);
    });

    test('no stream for the subject, and a line with an error, are told', async () => {
      const silent = (reply: string) => (say: (bytes: string) => void) => {
        say('INFO {}\r\n');
        return (bytes: Buffer): number => {
          if (bytes.includes('PING')) say('PONG\r\n');
          if (bytes.includes('PUB')) say(reply);
          return bytes.length;
        };
      };
      const none = await streaming(silent('HMSG _INBOX.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n'));
      expect((await runToFault(run('nats', none))).message).toMatch(
        /no JetStream stream that stores .* coldchain/,
      );
      const denied = await streaming(silent("-ERR 'Authorization Violation'\r\n"));
      expect((await runToFault(run('nats', denied))).message).toMatch(/sent -ERR 'Authorization Violation'/);
    });

    test('a burst that the window cannot hold is refused', async () => {
      const error = await runToFault({ ...run('nats', 1), window: 4 });
      expect(error).toMatchObject({ exitCode: 2 });
      expect(error.message).toMatch(/--window is at least --burst/);
    });
  });

  describe('mqtt', () => {
    /** Length of the packet's rest and of its header; null when it is not whole. */
    function packetSize(bytes: Buffer): { header: number; rest: number } | null {
      let rest = 0;
      for (let i = 1; i < bytes.length && i < 5; i++) {
        rest += ((bytes[i] as number) & 127) * 128 ** (i - 1);
        if ((bytes[i] as number) < 128) return bytes.length < i + 1 + rest ? null : { header: i + 1, rest };
      }
      return null;
    }

    interface Mqtt {
      readonly payloads: string[];
      readonly clients: Set<string>;
      twice: number;
      goodbyes: number;
    }

    function mqtt(heard: Mqtt, code = 0) {
      return (say: (bytes: Buffer) => void) => {
        const flying = new Set<number>();
        let later: number[] = [];
        return (bytes: Buffer): number => {
          const size = packetSize(bytes);
          if (size === null) return 0;
          const rest = bytes.subarray(size.header, size.header + size.rest);
          if (bytes[0] === 0x10) {
            expect(rest.subarray(0, 10)).toEqual(Buffer.from([0, 4, 77, 81, 84, 84, 4, 2, 0, 0]));
            heard.clients.add(rest.subarray(12).toString());
            say(Buffer.from([0x20, 2, 0, code]));
          } else if (bytes[0] === 0x32) {
            expect(rest.subarray(2, 11).toString()).toBe('coldchain');
            const id = rest.readUInt16BE(11);
            expect(id).toBeGreaterThan(0);
            if (flying.has(id)) heard.twice += 1;
            flying.add(id);
            later.push(id);
            heard.payloads.push(rest.subarray(13).toString());
            // As late as the window lets: every id of it is in flight.
            if (later.length === 10) {
              for (const each of later) flying.delete(each);
              say(Buffer.concat(later.map((each) => Buffer.from([0x40, 2, each >> 8, each & 255]))));
              later = [];
            }
          } else {
            expect([...bytes.subarray(0, 2)]).toEqual([0xe0, 0]);
            heard.goodbyes += 1;
          }
          return size.header + size.rest;
        };
      };
    }

    const fresh = (): Mqtt => ({ payloads: [], clients: new Set(), twice: 0, goodbyes: 0 });

    test('QoS 1 with packet ids that differ in flight, also where a window is longer than the records', async () => {
      const heard = fresh();
      const port = await streaming(mqtt(heard));
      const one = { ...run('mqtt', port), recordsPerFrame: 100, burst: 10, window: 40 };
      const report = await runLoad({ ...one, connections: 2 });
      expect(report.total).toMatchObject({ frames_sent: 1000, frames_acked: 1000 });
      expect(heard.payloads).toHaveLength(1000);
      const known = new Set(payloads(100, 10));
      expect(heard.payloads.every((payload) => known.has(payload))).toBe(true);
      expect(heard).toMatchObject({ twice: 0, goodbyes: 2 });
      expect(heard.clients.size).toBe(2);
    });

    test('a refused connection is told with its code', async () => {
      const port = await streaming(mqtt(fresh(), 5));
      expect((await runToFault(run('mqtt', port))).message).toMatch(
        /refused the MQTT connection with code 5/,
      );
    });
  });

  describe('redis', () => {
    /** One RESP array of bulk strings off the front; null when it is not whole. */
    function command(bytes: Buffer): { words: string[]; used: number } | null {
      let at = 0;
      const line = (): string | null => {
        const end = bytes.indexOf('\r\n', at);
        if (end < 0) return null;
        const text = bytes.toString('latin1', at, end);
        at = end + 2;
        return text;
      };
      const count = Number(line()?.slice(1) ?? -1);
      const words: string[] = [];
      for (let i = 0; i < count; i++) {
        const size = Number(line()?.slice(1) ?? Number.NaN);
        if (Number.isNaN(size) || bytes.length < at + size + 2) return null;
        words.push(bytes.toString('utf8', at, at + size));
        at += size + 2;
      }
      return count < 0 ? null : { words, used: at };
    }

    function redis(answer: (words: string[]) => string) {
      return (socket: Socket): void => {
        let held: Buffer = Buffer.alloc(0);
        socket.on('data', (data) => {
          held = Buffer.concat([held, data]);
          for (let found = command(held); found !== null; found = command(held)) {
            held = held.subarray(found.used);
            const name = found.words[0];
            const text = name === 'PING' ? '+PONG\r\n' : name === 'QUIT' ? '+OK\r\n' : answer(found.words);
            // The border lies inside an answer.
            socket.write(text.slice(0, 4));
            socket.write(text.slice(4));
            if (name === 'QUIT') socket.end();
          }
        });
      };
    }

    test('each XADD is answered and counted', async () => {
      const got: string[][] = [];
      const server = await bareServer(
        redis((words) => `$${`${got.push(words)}-0`.length}\r\n${got.length}-0\r\n`),
      );
      closing.push(server.close);
      const report = await runLoad({ ...run('redis', server.port), connections: 2, maxLength: 500 });
      expect(report.total).toMatchObject({ frames_sent: 1000, frames_acked: 1000 });
      expect(got).toHaveLength(1000);
      const known = new Set(payloads(2, 500));
      for (const words of got) {
        expect(words.slice(0, -1)).toEqual(['XADD', 'coldchain', 'MAXLEN', '~', '500', '*', 'd']);
        expect(known.has(words.at(-1) as string)).toBe(true);
      }
    });

    test('an error is told and is no acknowledgement', async () => {
      const server = await bareServer(redis(() => '-OOM command not allowed\r\n'));
      closing.push(server.close);
      const error = await runToFault(run('redis', server.port));
      expect(error.message).toMatch(/answered -OOM command not allowed/);
      expect(error.report?.total.frames_acked).toBe(0);
    });
  });
});
