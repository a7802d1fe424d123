// The front end without sockets: connections whose socket takes everything and says nothing, frames through the handler of
// messages, slabs made durable by the bench, acknowledgements.

import type { WebSocket } from 'uWebSockets.js';
import { systemClock } from '../../engine/clock.ts';
import { parseConfig } from '../../engine/config.ts';
import { type Connection, newConnection, type UserData } from '../../engine/frontend/connection.ts';
import { createParts, type Parts } from '../../engine/frontend/parts.ts';
import { WebSockets } from '../../engine/frontend/websocket.ts';
import { Fold } from '../../engine/journal/fold.ts';
import { createLog } from '../../engine/log.ts';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import { CONTROL, createRing, type Ring } from '../../engine/ring/layout.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { makeWorkload } from '../workload.ts';
import { type Running, STEP_FRAMES, type Stage } from './stage.ts';

const CONNECTIONS = 10;
/** Frames of one turn of the event loop: below the window of the connections together. */
const TURN_FRAMES = 250;

export const handlerStage: Stage = {
  name: 'front-handler',
  owner: 'firn',
  about: `message handler to acknowledgement; ${CONNECTIONS} connections, ${TURN_FRAMES} frames a turn`,
  prepare: run,
};

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

function run(): Running {
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
      registry: { byNumber: () => stream, accepted: () => [stream], unknown: () => stream },
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
  const worker = new RingWorker(ring, 0);
  const { message } = socketsOf(parts).behavior();
  let at = 0;
  let finish: () => void = () => {};
  // One turn of the event loop: frames of all connections, then what has become durable since the turn before.
  const turn = (): void => {
    for (let i = 0; i < TURN_FRAMES; i++, at++) {
      const { ws } = connections[i % CONNECTIONS] as Connection;
      message?.(ws as WebSocket<UserData>, messages[at] as ArrayBuffer, true);
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
  const stream = { name: 'coldchain', number: 1, unknownHead: null };
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
