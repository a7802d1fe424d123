// The load generator against servers that misbehave: each is told in one sentence, with exit code 1, and none can make it
// wait longer than it was told to.

import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runLoad } from '../../bench/load.ts';
import { type Script, ScriptedServer } from '../client/scripted-server.ts';
import {
  afterUpgrade,
  type BareServer,
  bareServer,
  generatorMissing,
  type RecordsFile,
  recordsFile,
  runToFault,
  serverFrame,
  upgradeAnswer,
  workload,
} from '../support/load.ts';

const HELLO = '{"type":"hello","session":"s","next":0,"window":8,"maxFrameBytes":131072}';

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

  async function bare(server: Promise<BareServer>): Promise<number> {
    const { port, close } = await server;
    closing.push(close);
    return port;
  }

  async function scripted(script: Script): Promise<{ server: ScriptedServer; port: number }> {
    const server = await new ScriptedServer(script).start();
    closing.push(() => server.stop());
    return { server, port: Number(new URL(server.url).port) };
  }

  const run = (port: number) => ({ port, records: records.path, connections: 2, frames: 100 });
  /** For servers that are silent for good, so that a slow machine changes nothing. */
  const impatient = { connectSeconds: 0.5, stallSeconds: 0.5, drainSeconds: 0.5 };

  describe('a greeting that goes wrong', () => {
    const greetings: readonly (readonly [string, () => Promise<BareServer>, RegExp])[] = [
      [
        'a server that closes at once',
        () => bareServer((s) => s.destroy()),
        /closed the connection|broke the/,
      ],
      ['garbage', () => bareServer((s) => s.write('\u0000\u0001garbage\r\n')), /no HTTP: \.\.garbage/],
      [
        'another status',
        () => bareServer((s) => s.write('HTTP/1.1 503 No\r\n\r\n')),
        /the upgrade: HTTP\/1.1 503 No/,
      ],
      [
        'a head without an end',
        () => bareServer((s) => s.write(`HTTP/1.1 101 ${'x'.repeat(20_000)}`)),
        /16 KiB/,
      ],
      [
        'the answer to another key',
        () => bareServer((s) => s.write(upgradeAnswer('Sec-WebSocket-Key: x'))),
        /wrong Sec-WebSocket-Accept/,
      ],
      [
        'no subprotocol',
        () => bareServer((s) => s.on('data', (request) => s.write(upgradeAnswer(String(request), [])))),
        /did not grant the subprotocol firn\.v1/,
      ],
      [
        'a message that is no JSON',
        () => afterUpgrade((s) => s.write(serverFrame(1, 'hello'))),
        /is not firn\.v1: hello/,
      ],
      [
        'half a JSON',
        () => afterUpgrade((s) => s.write(serverFrame(1, HELLO.slice(0, -1)))),
        /is not firn\.v1/,
      ],
      [
        'a hello without a window',
        () => afterUpgrade((s) => s.write(serverFrame(1, '{"type":"hello","next":0}'))),
        /not firn\.v1/,
      ],
      [
        'an unknown message',
        () => afterUpgrade((s) => s.write(serverFrame(1, '{"type":"news"}'))),
        /not firn\.v1/,
      ],
      [
        'a masked frame',
        () => afterUpgrade((s) => s.write(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]))),
        /masked/,
      ],
      ['an unknown opcode', () => afterUpgrade((s) => s.write(Buffer.from([0x83, 0]))), /unknown kind/],
      ['a fragment', () => afterUpgrade((s) => s.write(Buffer.from([0x01, 1, 65]))), /in fragments/],
      [
        'a frame of 1 MiB',
        () => afterUpgrade((s) => s.write(Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 16, 0, 0]))),
        /64 KiB/,
      ],
    ];

    test.each(greetings)('%s', async (_name, server, message) => {
      const error = await runToFault(run(await bare(server())));
      expect(error.message).toMatch(message);
      expect(error).toMatchObject({ exitCode: 1, report: null });
    });
  });

  test.each([
    ['a server that says nothing', () => bareServer(() => undefined)],
    ['a server that never says hello', () => afterUpgrade(() => undefined)],
  ])('%s', async (_name, server) => {
    const error = await runToFault({ ...run(await bare(server())), ...impatient });
    expect(error.message).toMatch(
      /0 of 2 connections are open, and in 0\.5 s .* does not finish the greeting/,
    );
    expect(error).toMatchObject({ exitCode: 1, report: null });
  });

  test('a server that acknowledges nothing', async () => {
    const { port } = await scripted({ onFrame: () => 'keep' });
    const error = await runToFault({ ...run(port), ...impatient });
    expect(error.message).toMatch(/no frame was acknowledged for 0\.5 s, while 16 were sent and waited/);
  });

  test('a window of 0 that never opens', async () => {
    const { port } = await scripted({ window: 0 });
    expect((await runToFault({ ...run(port), ...impatient })).message).toMatch(/while 0 were sent/);
  });

  test('an acknowledgement of frames that were not sent', async () => {
    const { port } = await scripted({ onOpen: (c) => c.say({ type: 'ack', next: 7000 }) });
    expect((await runToFault(run(port))).message).toMatch(
      /acknowledged frames up to 7000, of which \d+ were sent/,
    );
  });

  test('an acknowledgement that goes back', async () => {
    const { port } = await scripted({
      next: () => 50,
      onFrame: (c) => {
        c.say({ type: 'ack', next: 3 });
        return 'keep';
      },
    });
    expect((await runToFault(run(port))).message).toMatch(/acknowledged frames up to 3/);
  });

  test('connections closed in the middle: the others go on, the codes are counted, the report is there', async () => {
    const { port } = await scripted({
      onFrame: ({ socket, index }, _frame, number) => {
        if (index !== 0 || number !== 10) return 'ack';
        socket.close(1013, 'later');
        return 'lose';
      },
    });
    const error = await runToFault({ ...run(port), connections: 3 });
    expect(error.message).toMatch(
      /1 of 3 connections were lost \(by close code 1013: 1\): .* with code 1013 later/,
    );
    expect(error.exitCode).toBe(1);
    expect(error.report?.errors.codes).toEqual({ 1013: 1 });
    expect(error.report?.connections_open).toBe(2);
    expect(error.report?.total.frames_acked).toBeGreaterThan(80);
  });

  test('a line that is cut counts as 1006', async () => {
    const { port } = await scripted({
      onFrame: ({ socket }) => {
        socket.terminate();
        return 'lose';
      },
    });
    const error = await runToFault(run(port));
    expect(error.report?.errors).toMatchObject({ connections_closed: 2, codes: { 1006: 2 } });
  });

  test('the last acknowledgements that never come are counted, and waited for no longer than told', async () => {
    const { port } = await scripted({ onFrame: (_c, _frame, number) => (number < 6 ? 'ack' : 'keep') });
    const { frames: _frames, ...timed } = run(port);
    const error = await runToFault({ ...timed, seconds: 0.3, warmup: 0, drainSeconds: 0.5 });
    expect(error.message).toMatch(/16 frames were not acknowledged within the drain of 0\.5 s/);
    expect(error.report?.errors.frames_unacked).toBe(16);
    // They count with the time that they had waited: nothing looks better for having been lost.
    expect(error.report?.latency.max_ms).toBeGreaterThan(500);
  });

  test('a server that discards and reads nothing is sent a window, however much its kernel would take', async () => {
    const deaf = bareServer((socket) => {
      socket.once('data', (request) => {
        socket.write(upgradeAnswer(String(request), []));
        socket.pause();
      });
    });
    const discard = {
      ...run(await bare(deaf)),
      ...impatient,
      protocol: 'discard',
      path: '/',
      burst: 4,
      window: 16,
      frames: 5000,
    } as const;
    expect((await runToFault(discard)).message).toMatch(/while 32 were sent and waited/);
    expect((await runToFault({ ...discard, window: 3 })).message).toMatch(/--window is at least --burst/);
  });

  test('a pong that nobody asked for', async () => {
    const eager = bareServer((socket) => {
      socket.once('data', (request) => {
        socket.write(upgradeAnswer(String(request), []));
        socket.write(serverFrame(10, ''));
      });
    });
    const error = await runToFault({ ...run(await bare(eager)), protocol: 'discard', path: '/' });
    expect(error.message).toMatch(/a pong that nobody asked for/);
  });

  test('the window of the server is kept, also when it shrinks', async () => {
    let acked = 0;
    let deepest = 0;
    let later = 0;
    const { port } = await scripted({
      window: 6,
      onFrame: (c, _frame, number) => {
        deepest = Math.max(deepest, number + 1 - acked);
        if (number === 20) c.say({ type: 'window', frames: 2 });
        if (number > 40) later = Math.max(later, number + 1 - acked);
        if (number % 2 === 0) return 'keep';
        acked = number + 1;
        return 'ack';
      },
    });
    const report = await runLoad({ ...run(port), connections: 1, burst: 4, window: 64 });
    expect(report.total).toMatchObject({ frames_sent: 100, frames_acked: 100 });
    // The server acknowledges every second frame, so it sees at most two at a time; a window kept is never passed.
    expect(deepest).toBeLessThanOrEqual(6);
    expect(later).toBe(2);
  });

  test('frames come as they were written, numbers go on from hello, pings are answered', async () => {
    let pongs = 0;
    const { server, port } = await scripted({
      next: () => 5000,
      onOpen: ({ socket }) => socket.on('pong', (data) => (pongs += Number(String(data) === 'there?'))),
      onFrame: ({ socket }, frame, number) => {
        frames.push(frame.toString());
        if (number % 10 === 0) socket.ping('there?');
        return 'ack';
      },
    });
    const frames: string[] = [];
    const report = await runLoad({ ...run(port), connections: 1, recordsPerFrame: 2, frames: 600 });
    expect(report.total.frames_acked).toBe(600);
    const wanted = Array.from({ length: 600 }, (_, i) =>
      [0, 1].map((n) => workload.records[(2 * i + n) % workload.records.length]).join('\n'),
    );
    expect(frames).toEqual(wanted);
    expect(pongs).toBe(60);
    expect(server.connections).toHaveLength(1);
  });

  test('answers that arrive byte by byte', async () => {
    const { port } = await scripted({ window: 4 });
    const slow = await bare(
      bareServer((client) => {
        const server = connect(port, '127.0.0.1').on('error', () => undefined);
        client.on('data', (data) => server.write(data)).on('close', () => server.destroy());
        const left: number[] = [];
        const dribble = (): void => {
          const byte = left.shift();
          if (byte === undefined) return;
          client.write(Buffer.from([byte]));
          setImmediate(dribble);
        };
        server.on('data', (data) => {
          const idle = left.length === 0;
          left.push(...data);
          if (idle) dribble();
        });
      }),
    );
    const report = await runLoad({ ...run(slow), frames: 60 });
    expect(report.total).toMatchObject({ frames_sent: 60, frames_acked: 60 });
  });
});
