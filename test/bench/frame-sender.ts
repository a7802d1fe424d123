// Sends frames to any peer in its own protocol and counts what it acknowledges: a few lines for each, enough for a test and
// no measure of speed.

import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Protocol, RunningPeer } from '../../bench/peers/peer.ts';

const WAIT_MS = 20_000;

export interface Reject {
  readonly frame: number;
  readonly record?: number;
  readonly code?: string;
  readonly more?: number;
}

/** One connection. Frames are numbered from 0 in the order in which they were sent. */
export class FrameSender {
  acked = 0;
  readonly rejects: Reject[] = [];
  /** What should not be, the first of it: an error reply, the end of the connection, nothing in time. */
  fault: string | null = null;
  close: () => void = () => {};
  /** How a frame travels in this protocol; `number` counts from 0. */
  transmit: (frame: string, number: number) => void = () => {};
  #sent = 0;
  #gone = false;
  #wake: () => void = () => {};

  send(frame: string): void {
    this.transmit(frame, this.#sent);
    this.#sent += 1;
  }

  /** Something was heard: whoever waits looks again. */
  heard(): void {
    this.#wake();
  }

  fail(why: string): void {
    this.fault ??= why;
    this.#wake();
  }

  closed(why: string): void {
    this.#gone = true;
    this.fail(why);
  }

  /** Waits for `done`. @throws Error with what went wrong, and after 20 s */
  async until(done: () => boolean, what: string): Promise<void> {
    const timer = setTimeout(() => this.fail(`${what} after ${WAIT_MS} ms`), WAIT_MS);
    while (!done() && this.fault === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
    if (!done()) throw new Error(this.fault ?? what);
  }

  async untilAcked(frames: number): Promise<void> {
    await this.until(() => this.acked >= frames, `${frames} frames not acknowledged`);
  }

  /** Waits until the peer has gone: by then every acknowledgement that it sent has been counted. */
  async untilGone(): Promise<void> {
    while (!this.#gone) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

type Opener = (running: RunningPeer, sender: FrameSender, ready: () => void) => void;

const openFirn: Opener = ({ port, path }, sender, ready) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, 'firn.v1', { perMessageDeflate: false });
  sender.transmit = (frame) => socket.send(frame);
  sender.close = () => socket.terminate();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string; next: number } & Reject;
    if (message.type === 'hello') ready();
    else if (message.type === 'ack') sender.acked = message.next;
    else if (message.type === 'reject') sender.rejects.push(message);
    sender.heard();
  });
  socket.on('error', (error) => sender.fail(error.message));
  socket.on('close', (code) => sender.closed(`closed ${code}`));
};

const openNats: Opener = ({ port, path }, sender, ready) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  const inbox = '_INBOX.test';
  sender.transmit = (frame, number) =>
    socket.send(Buffer.from(`PUB ${path} ${inbox}.${number} ${Buffer.byteLength(frame)}\r\n${frame}\r\n`));
  sender.close = () => socket.terminate();
  socket.on('open', () => {
    socket.send(Buffer.from(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${inbox}.* 1\r\nPING\r\n`));
  });
  let text = '';
  socket.on('message', (data) => {
    text += String(data);
    if (/^PONG\r\n/m.test(text)) ready();
    if (/-ERR|"error"/.test(text)) sender.fail(text);
    sender.acked = text.match(/"stream":"coldchain", ?"seq":\d+/g)?.length ?? 0;
    sender.heard();
  });
  socket.on('error', (error) => sender.fail(error.message));
  socket.on('close', (code) => sender.closed(`closed ${code}`));
};

function mqttPublish(topic: string, frame: string, id: number): Buffer {
  const head = Buffer.concat([
    Buffer.from([0, topic.length]),
    Buffer.from(topic),
    Buffer.from([id >> 8, id & 255]),
  ]);
  const body = Buffer.concat([head, Buffer.from(frame)]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0 || length.length === 0; rest >>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from([0x32, ...length]), body]);
}

const openMqtt: Opener = ({ port, path }, sender, ready) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'mqtt', { perMessageDeflate: false });
  sender.transmit = (frame, number) => socket.send(mqttPublish(path, frame, number + 1));
  sender.close = () => socket.terminate();
  socket.on('open', () => {
    const content = Buffer.concat([
      Buffer.from([0, 4]),
      Buffer.from('MQTT'),
      Buffer.from([4, 2, 0, 0, 0, 4]),
      Buffer.from('test'),
    ]);
    socket.send(Buffer.concat([Buffer.from([0x10, content.length]), content]));
  });
  let bytes = Buffer.alloc(0);
  socket.on('message', (data) => {
    bytes = Buffer.concat([bytes, data as Buffer]);
    // CONNACK and every PUBACK are four bytes.
    if (bytes.length >= 4) ready();
    sender.acked = Math.max(0, Math.floor(bytes.length / 4) - 1);
    sender.heard();
  });
  socket.on('error', (error) => sender.fail(error.message));
  socket.on('close', (code) => sender.closed(`closed ${code}`));
};

const openRedis: Opener = ({ port, path }, sender, ready) => {
  const socket = connect(port, '127.0.0.1', ready);
  const bulk = (value: string): string => `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  sender.transmit = (frame) => socket.write(`*5\r\n${['XADD', path, '*', 'data', frame].map(bulk).join('')}`);
  sender.close = () => socket.destroy();
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
    if (/^-/m.test(text)) sender.fail(text);
    sender.acked = text.match(/\d+-\d+\r\n/g)?.length ?? 0;
    sender.heard();
  });
  socket.on('error', (error) => sender.fail(error.message));
  socket.on('close', () => sender.closed('closed'));
};

const OPENERS: Readonly<Record<Protocol, Opener>> = {
  firn: openFirn,
  nats: openNats,
  mqtt: openMqtt,
  redis: openRedis,
};

/** Connects; resolves when frames may be sent. @throws Error with what the peer said, and after 20 s */
export async function openSender(protocol: Protocol, running: RunningPeer): Promise<FrameSender> {
  const sender = new FrameSender();
  let ready = false;
  OPENERS[protocol](running, sender, () => {
    ready = true;
    sender.heard();
  });
  await sender.until(() => ready, 'not open');
  return sender;
}
