// The front end without sockets: connections whose socket takes everything and says nothing, frames through the handler of
// messages (or past it, with the view on the message made beforehand), slabs made durable by the bench, acknowledgements.

import type { WebSocket } from 'uWebSockets.js';
import { systemClock } from '../../engine/clock.ts';
import { parseConfig } from '../../engine/config.ts';
import { type Connection, newConnection, type UserData } from '../../engine/frontend/connection.ts';
import { createParts, type Parts } from '../../engine/frontend/parts.ts';
import { WebSockets } from '../../engine/frontend/websocket.ts';
import { Fold } from '../../engine/journal/fold.ts';
import { createLog } from '../../engine/log.ts';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import { FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, createRing, type Ring } from '../../engine/ring/layout.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { makeWorkload } from '../workload.ts';
import { type Running, STEP_FRAMES, type Stage } from './stage.ts';

const CONNECTIONS = 10;
/** Frames of one turn of the event loop: below the window of the connections together. */
const TURN_FRAMES = 250;

type Take = (c: Connection, message: ArrayBuffer, view: Uint8Array) => void;

export const handlerStage: Stage = {
  name: 'front-handler',
  owner: 'firn',
  about: `message handler to acknowledgement; ${CONNECTIONS} connections, ${TURN_FRAMES} frames a turn`,
  prepare: () =>
    run((parts) => {
      const { message } = socketsOf(parts).behavior();
      return (c, bytes) => message?.(c.ws as WebSocket<UserData>, bytes, true);
    }),
};

export const intakeStage: Stage = {
  name: 'front-intake',
  owner: 'firn',
  about: 'the same without the view on the message: room, data, acknowledgement',
  prepare: () =>
    run(({ intake }) => (c, _, view) => {
      if (!intake.room(frameBytes(view.length))) throw new Error('the ring is full');
      intake.data(FRAME_MODE.auto, c.stream.number, 1, c.received, c.slot, view);
      c.received += 1;
    }),
};

/** What a handler must make of each message before it can copy it: there is no way to copy an ArrayBuffer without a view. */
export const viewStage: Stage = {
  name: 'view',
  owner: 'apart',
  about: 'new Uint8Array(message) alone, which the copy out of a message needs',
  prepare() {
    const messages = makeMessages();
    let bytes = 0;
    return {
      frames: STEP_FRAMES,
      step(done) {
        for (let i = 0; i < STEP_FRAMES; i++) {
          last = new Uint8Array(messages[i] as ArrayBuffer);
          bytes += last.length;
        }
        if (bytes === 0) throw new Error('the messages are empty');
        done();
      },
    };
  },
};

/** Keeps the compiler from leaving the view out. */
let last: Uint8Array = new Uint8Array(0);

function makeMessages(): ArrayBuffer[] {
  return makeWorkload({ count: STEP_FRAMES }).records.map((text) => {
    const message = new ArrayBuffer(text.length);
    Buffer.from(message).write(text, 'latin1');
    return message;
  });
}

function socketsOf(parts: Parts): WebSockets {
  return new WebSockets({
    ...parts,
    idleSeconds: 60,
    onGone: () => {},
    onError: (error) => {
      throw error;
    },
  });
}

function run(takeOf: (parts: Parts) => Take): Running {
  const config = parseConfig({ listen: { port: 0 }, workers: 1 });
  const ring = createRing(config.ring);
  const stream = {
    number: 1,
    stream: 'coldchain',
    schema: 'telemetry/1',
    schemaSha256: '',
    table: TELEMETRY_1,
  };
  const parts = createParts(
    {
      config,
      ring,
      registry: { byNumber: () => stream, current: () => stream },
      fold: new Fold(() => TELEMETRY_1),
      clock: systemClock(ring.positions),
      runningMs: () => 0,
      journal: { full: () => false, occupancy: () => 0 },
      log: createLog('silent'),
    },
    () => {},
  );
  const connections = Array.from({ length: CONNECTIONS }, (_, i) => connect(parts, `session-${i}`));
  const messages = makeMessages();
  const views = messages.map((message) => new Uint8Array(message));
  const worker = new RingWorker(ring, 0);
  const take = takeOf(parts);
  let at = 0;
  let finish: () => void = () => {};
  // One turn of the event loop: frames of all connections, then what has become durable since the turn before.
  const turn = (): void => {
    for (let i = 0; i < TURN_FRAMES; i++, at++) {
      take(connections[i % CONNECTIONS] as Connection, messages[at] as ArrayBuffer, views[at] as Uint8Array);
    }
    parts.producer.publish();
    makeDurable(ring, worker);
    parts.acks.walk();
    if (at < STEP_FRAMES) setImmediate(turn);
    else finish();
  };
  return {
    frames: STEP_FRAMES,
    step(done) {
      at = 0;
      finish = () => {
        for (const c of connections)
          if (c.acked !== c.received) throw new Error('a frame was not acknowledged');
        done();
      };
      setImmediate(turn);
    },
  };
}

function connect(parts: Parts, session: string): Connection {
  const stream = { name: 'coldchain', number: 1, table: TELEMETRY_1 };
  const c = newConnection({
    principal: 'bench',
    stream,
    session,
    named: false,
    quota: parts.quotas.of('bench', 0),
  });
  const user = { connection: c };
  const socket = {
    getUserData: () => user,
    getBufferedAmount: () => 0,
    send: () => 1,
    cork: (send: () => void) => send(),
    end: (code: number, reason: string) => {
      throw new Error(`the front end closes a connection: ${code} ${reason}`);
    },
  };
  c.ws = socket as unknown as WebSocket<UserData>;
  parts.connections.join(c);
  return c;
}

function makeDurable({ control }: Ring, worker: RingWorker): void {
  while (worker.claim() !== NO_SLAB) Atomics.add(control, CONTROL.durable, 1);
}
