import { readdirSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { FirnClient } from '../../engine/client/client.ts';

vi.mock('ws', () => {
  throw new Error('package ws was loaded');
});

/** A WebSocket as a browser has it: no `terminate`, no status, events as properties. */
class BrowserSocket {
  static readonly opened: BrowserSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly sent: string[] = [];
  readonly url: string;
  readonly protocols: string[];

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
    BrowserSocket.opened.push(this);
  }

  send(data: Uint8Array): void {
    this.sent.push(new TextDecoder().decode(data));
  }

  close(code = 1005): void {
    queueMicrotask(() => this.onclose?.({ code, reason: '' }));
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

test('client: with a WebSocket of the platform it works without package ws', async () => {
  const client = new FirnClient({ url: 'https://firn.example', session: 's', webSocket: BrowserSocket });
  const connected = client.connect();
  await Promise.resolve();
  const [socket] = BrowserSocket.opened;
  expect(socket?.url).toBe('wss://firn.example/v1/streams/coldchain/ws?session=s');
  socket?.say({ type: 'hello', session: 's', next: 41, window: 4, maxFrameBytes: 1000 });
  await connected;
  const sent = client.sendFrame('{"a":1}');
  expect(socket?.sent).toEqual(['{"a":1}']);
  socket?.say({ type: 'ack', next: 42 });
  expect(await sent).toBe(41);
  await client.close();
});

test('client: a resume after the connection went sends from next, with injected time', async () => {
  const timers: { run: () => void; ms: number }[] = [];
  const client = new FirnClient({
    url: 'ws://firn.example/custom/path?x=1',
    session: 's',
    webSocket: BrowserSocket,
    random: () => 1,
    timers: {
      setTimeout: (run, ms) => timers.push({ run, ms }),
      clearTimeout: (handle) => {
        timers[(handle as number) - 1] = { run: () => {}, ms: -1 };
      },
      now: () => 0,
    },
  });
  const hello = (next: number): object => ({
    type: 'hello',
    session: 's',
    next,
    window: 4,
    maxFrameBytes: 1000,
  });
  const connected = client.connect();
  const socketOf = (): BrowserSocket =>
    BrowserSocket.opened[BrowserSocket.opened.length - 1] as BrowserSocket;
  const first = socketOf();
  expect(first.url).toBe('ws://firn.example/custom/path?x=1&session=s');
  first.say(hello(0));
  await connected;
  const sends = [client.sendFrame('{"i":0}'), client.sendFrame('{"i":1}')];
  first.onclose?.({ code: 1006, reason: '' });
  const retry = timers.find((timer) => timer.ms === 200);
  expect(retry).toBeDefined();
  retry?.run();
  await Promise.resolve();
  const second = socketOf();
  expect(second).not.toBe(first);
  second.say(hello(1));
  expect(await sends[0]).toBe(0);
  expect(second.sent).toEqual(['{"i":1}']);
  second.say({ type: 'ack', next: 2 });
  expect(await sends[1]).toBe(1);
});

test('client: no file of the client imports from Node or a package at its top', () => {
  const files = readdirSync('engine/client').map((name) => `engine/client/${name}`);
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const imports = [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^;]*? from '([^']+)'/gm)];
    for (const [, from] of imports) expect(from, file).toMatch(/^\.\//);
  }
});
