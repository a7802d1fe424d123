// The queue that Mosquitto fills: a subscriber that has gone away and whose session stays, so that messages have to be
// kept; and the file that they are saved to, counted chunk by chunk. Without a subscriber Mosquitto would drop each message
// after acknowledging it.

import { createReadStream } from 'node:fs';
import { connect } from 'node:net';

const ANSWER_MS = 10_000;
/** MQTT 3.1.1 (OASIS), 2.2.1: first bytes of packets. */
const PACKET = { connect: 0x10, connack: 0x20, subscribe: 0x82, suback: 0x90, disconnect: 0xe0 } as const;
const PROTOCOL_LEVEL = 4;
const CLIENT = 'firn-bench-away';

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** All packets here are shorter than 128 bytes, so that their length takes one byte. */
function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first, body.length]), body]);
}

/** Subscribes a session that stays (clean session off) to `topic` with QoS 1, and leaves. */
export async function subscribeAway(port: number, topic: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(ANSWER_MS);
  const settings = Buffer.from([PROTOCOL_LEVEL, 0, 0, 0]);
  socket.write(packet(PACKET.connect, text('MQTT'), settings, text(CLIENT)));
  socket.write(packet(PACKET.subscribe, Buffer.from([0, 1]), text(topic), Buffer.from([1])));
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`Mosquitto on port ${port}: ${why}`));
      let heard = Buffer.alloc(0);
      socket.on('data', (bytes: Buffer) => {
        heard = Buffer.concat([heard, bytes]);
        // CONNACK is 20 02 00 00, SUBACK 90 03 00 01 and the QoS that it grants.
        if (heard.length < 9) return;
        const granted =
          heard[0] === PACKET.connack && heard[3] === 0 && heard[4] === PACKET.suback && heard[8] === 1;
        if (granted) resolve();
        else fail(`it does not grant the subscription (${heard.toString('hex')})`);
      });
      socket.once('timeout', () => fail(`no answer within ${ANSWER_MS} ms`));
      socket.once('error', (error) => fail(error.message));
      socket.once('close', () => fail('it closed the connection'));
    });
    socket.end(packet(PACKET.disconnect));
  } finally {
    socket.destroySoon();
  }
}

/** mosquitto.db, versions 5 and 6: magic, a checksum that is 0, the version; then chunks of type, length and content. */
const MAGIC = Buffer.from('\0\u00b5\0mosquitto db', 'latin1');
const HEADER_BYTES = MAGIC.length + 8;
const CHUNK_HEADER_BYTES = 8;
/** A message in a client's queue. */
const QUEUED = 3;

/** Messages in the queues that a saved file holds. @throws Error when it is no such file, or is cut */
export async function countQueued(file: string): Promise<number> {
  let queued = 0;
  let header = false;
  let rest: Buffer = Buffer.alloc(0);
  let skip = 0;
  for await (const read of createReadStream(file, { highWaterMark: 1 << 20 })) {
    let bytes = read as Buffer;
    if (skip >= bytes.length) {
      skip -= bytes.length;
      continue;
    }
    bytes = Buffer.concat([rest, bytes.subarray(skip)]);
    skip = 0;
    let at = 0;
    if (!header) {
      if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
        throw new Error(`${file} is not a database of Mosquitto`);
      }
      const version = bytes.readUInt32BE(MAGIC.length + 4);
      if (version < 5) throw new Error(`${file} has version ${version}; only 5 and later are known here`);
      header = true;
      at = HEADER_BYTES;
    }
    while (at + CHUNK_HEADER_BYTES <= bytes.length) {
      if (bytes.readUInt32BE(at) === QUEUED) queued += 1;
      at += CHUNK_HEADER_BYTES + bytes.readUInt32BE(at + 4);
    }
    skip = Math.max(0, at - bytes.length);
    rest = bytes.subarray(Math.min(at, bytes.length));
  }
  if (rest.length > 0 || skip > 0 || !header) throw new Error(`${file} is cut short`);
  return queued;
}
