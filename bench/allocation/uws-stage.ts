// uWebSockets.js alone, on a real socket: each message comes as an ArrayBuffer that the handler throws away. What that
// costs the heap is not firn's, and firn cannot do without it. The sender is a thread with a heap of its own.

import type { us_listen_socket } from 'uWebSockets.js';
import { Worker } from 'node:worker_threads';
import { loadUws } from '../../engine/uws.ts';
import { makeWorkload } from '../workload.ts';
import { type Running, STEP_FRAMES, type Stage } from './stage.ts';

export const uwsStage: Stage = {
  name: 'uws-discard',
  owner: 'apart',
  about: 'uWebSockets.js on a socket, messages thrown away: its ArrayBuffer for each',
  prepare: run,
};

/** Sends the same bytes to a WebSocket server without end, as fast as it takes them. */
const SENDER = `
const { connect } = require('node:net');
const { workerData: { port, frames } } = require('node:worker_threads');
const socket = connect(port, '127.0.0.1', () => socket.write(
  'GET / HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n'));
const send = () => { while (socket.write(frames)); };
socket.once('data', () => { socket.on('drain', send); send(); });
socket.on('error', () => {});
`;

async function run(): Promise<Running> {
  const uws = loadUws();
  let wanted = Number.POSITIVE_INFINITY;
  let seen = 0;
  let finish: () => void = () => {};
  const app = uws.App();
  app.ws('/*', {
    maxPayloadLength: 1 << 20,
    idleTimeout: 0,
    message: (_, message) => {
      if (message.byteLength === 0) throw new Error('a message is empty');
      seen += 1;
      if (seen === wanted) finish();
    },
  });
  const listening = await new Promise<us_listen_socket>((resolve, reject) => {
    app.listen('127.0.0.1', 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (token) =>
      token === false ? reject(new Error('no port to listen on')) : resolve(token),
    );
  });
  const port = uws.us_socket_local_port(listening);
  const sender = new Worker(SENDER, { eval: true, workerData: { port, frames: maskedFrames() } });
  return {
    frames: STEP_FRAMES,
    step(done) {
      finish = done;
      wanted = seen + STEP_FRAMES;
    },
    close() {
      void sender.terminate();
      app.close();
    },
  };
}

/** Text frames of single records as a client sends them (RFC 6455 §5.2), with a mask of zeros. */
function maskedFrames(): Buffer {
  const records = makeWorkload({ count: STEP_FRAMES }).records;
  return Buffer.concat(
    records.flatMap((record) => {
      const header = Buffer.alloc(record.length < 126 ? 6 : 8);
      header[0] = 0x81;
      header[1] = 0x80 | Math.min(record.length, 126);
      if (record.length >= 126) header.writeUInt16BE(record.length, 2);
      return [header, Buffer.from(record)];
    }),
  );
}
