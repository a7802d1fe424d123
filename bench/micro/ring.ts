// A frame's way into the ring and out of it, against the copy that no design can do without, and against the ways in which
// Node hands bytes from one thread to another otherwise.

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { KIB } from '../../engine/limits.ts';
import { frameBytes } from '../../engine/ring/frame.ts';
import { RingFeed } from './ring-feed.ts';
import { framesOf } from './slabs.ts';
import type { Comparison, Prepared, Subject } from './subject.ts';
import { makeTexts } from './texts.ts';

/** Of a masked frame of 126 bytes to 64 KiB (RFC 6455 §5.2). */
const WEBSOCKET_HEADER_BYTES = 8;

export const ring: Subject = {
  name: 'ring',
  prepare(records): Prepared {
    const { texts } = makeTexts(records);
    const channel = new MessageChannel();
    const comparisons = [1, 10].map((each) => compare(texts, each, channel));
    return {
      comparisons,
      close: () => {
        channel.port1.close();
        channel.port2.close();
      },
    };
  },
};

function compare(texts: readonly string[], records: number, { port1, port2 }: MessageChannel): Comparison {
  const frames = asReceived(framesOf(texts, { records, form: 'lines' }));
  const feed = new RingFeed();
  const through = (): void => {
    const before = feed.released;
    for (let i = 0; i < frames.length; i++) feed.append(i, frames[i] as Uint8Array);
    feed.empty();
    if (feed.released - before !== frames.length) throw new Error('the ring lost frames');
  };
  const copyInto = (memory: Uint8Array) => (): void => {
    let at = 0;
    for (const frame of frames) {
      if (at + frameBytes(frame.length) > memory.length) at = 0;
      memory.set(frame, at);
      at += frameBytes(frame.length);
    }
  };
  const queue = (): void => {
    const waiting: Buffer[] = [];
    for (const frame of frames) waiting.push(Buffer.from(frame));
    if (waiting.length !== frames.length) throw new Error('the queue lost frames');
  };
  const post = (): void => {
    // A copy first: a view is posted with all of the memory that it is a view of.
    for (const frame of frames) port1.postMessage(frame.slice());
    let received = 0;
    while (receiveMessageOnPort(port2) !== undefined) received += 1;
    if (received !== frames.length) throw new Error('the channel lost frames');
  };
  return {
    key: `ring-${records}`,
    title: `ring: a frame of ${records === 1 ? '1 record' : `${records} records`} in and out, on one thread`,
    unit: 'frame',
    units: frames.length,
    clock: 'cpu',
    arms: [
      { name: 'reserve, append, publish, claim, release', kind: 'ours', run: through },
      {
        name: 'the copy alone, into shared memory',
        kind: 'bound',
        run: copyInto(new Uint8Array(new SharedArrayBuffer(256 * KIB))),
      },
      {
        name: 'the copy alone, into memory of its own',
        kind: 'bound',
        run: copyInto(new Uint8Array(256 * KIB)),
      },
      { name: 'a new Buffer each, in an array (same thread)', kind: 'peer', run: queue },
      { name: 'MessagePort: post and receive', kind: 'peer', run: post },
    ],
    notes: [
      'V8 copies into shared memory byte by byte where source and target are aligned differently, as those of sockets are',
    ],
  };
}

/** Frames behind each other, a WebSocket header before each, as they lie in the buffer of a socket: at any address. */
function asReceived(frames: readonly Buffer[]): Uint8Array[] {
  const memory = new ArrayBuffer(
    frames.reduce((sum, { length }) => sum + length + WEBSOCKET_HEADER_BYTES, 0),
  );
  let at = 0;
  return frames.map((frame) => {
    const received = new Uint8Array(memory, at + WEBSOCKET_HEADER_BYTES, frame.length);
    received.set(frame);
    at += WEBSOCKET_HEADER_BYTES + frame.length;
    return received;
  });
}
