// The parts of the front end, each made once and told about the others. Wiring only.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { Histogram } from '../histogram.ts';
import type { Fold } from '../journal/fold.ts';
import type { Registry as Streams } from '../registry.ts';
import { RingConsumer } from '../ring/consumer.ts';
import type { Ring } from '../ring/layout.ts';
import { RingProducer } from '../ring/producer.ts';
import { Access } from './access.ts';
import { Acks } from './acks.ts';
import { Admission } from './admission.ts';
import { BodyBudget } from './body.ts';
import { Calls } from './calls.ts';
import type { CaptureRoutes } from './captures.ts';
import { Connections } from './connections.ts';
import { Controls } from './control.ts';
import { type Counters, newCounters } from './counters.ts';
import { Events } from './events.ts';
import { Intake } from './intake.ts';
import { KeyTable, REPLAYS } from './keys.ts';
import { Quotas } from './refusals.ts';
import { Requests } from './requests.ts';
import type { Resend } from './resend.ts';
import { SessionTable, type TableLimits } from './sessions.ts';
import { StreamSchemas } from './stream-schemas.ts';
import { WindowGauge } from './window.ts';

export interface FrontendOptions {
  readonly config: Config;
  readonly ring: Ring;
  readonly registry: Pick<Streams, 'byNumber' | 'accepted' | 'unknown'>;
  /** What the journal knows of sessions and keys. Its rows become the front end's own: nobody else may use them after. */
  readonly fold: Pick<Fold, 'sources' | 'keys' | 'nextSource'>;
  readonly clock: Clock;
  /** The engine's running time over all runs, ms. */
  readonly runningMs: () => number;
  /** `full` = nothing more may be taken, `fullBecause` why; `occupancy` 0–1 of the quota. */
  readonly journal: { full(): boolean; fullBecause?(): string | null; occupancy(): number };
  readonly log: Logger;
  /** Sends again what the sink has set aside; absent where there is no sink. */
  readonly resend?: Resend;
  /** The routes below /epcis; absent where no captures are taken. */
  readonly captures?: CaptureRoutes;
  /** Adds what stages beside the front end tell to `/metrics`. */
  readonly addMetrics?: (registry: Registry) => void;
  /** What `/v1/status` answers; default: `status()`. */
  readonly status?: () => unknown;
  /** How often connections and retentions are looked at; tests are less patient. */
  readonly tickMs?: number;
}

export interface Parts {
  readonly producer: RingProducer;
  readonly intake: Intake;
  readonly sessions: SessionTable;
  readonly keys: KeyTable;
  readonly connections: Connections;
  readonly gauge: WindowGauge;
  readonly quotas: Quotas;
  readonly acks: Acks;
  readonly events: Events;
  /** Entries of captures. */
  readonly controls: Controls;
  readonly calls: Calls;
  readonly admission: Admission;
  readonly requests: Requests;
  readonly counters: Counters;
  readonly latency: Histogram;
  readonly runningMs: () => number;
  readonly maxFrameBytes: number;
  readonly slabBytes: number;
  /** Bodies of all requests under way. */
  readonly bodies: BodyBudget;
  readonly clock: Clock;
}

/** Makes all parts. `onTurn` = see Intake. */
export function createParts(options: FrontendOptions, onTurn: () => void): Parts {
  const { config, ring, registry, fold, clock, journal, runningMs } = options;
  const { limits, listen } = config;
  const producer = new RingProducer(ring, config.workers);
  const streams = new Map(config.streams.map(({ stream }) => [stream, schemasOf(registry, stream)]));
  const intake = new Intake({
    producer,
    clock,
    journalFull: () => journal.full(),
    drain: () => acks.walk(),
    onTurn,
  });
  const requests = new Requests();
  const events = new Events(intake, requests);
  const controls = new Controls({ intake, requests, ...ring.sizes });
  const quotas = new Quotas(limits, (event) => events.audit(event));
  const gauge = new WindowGauge({
    maxWindow: limits.maxWindow,
    slabs: ring.sizes.slabs,
    slabBytes: ring.sizes.slabBytes,
    inFlight: () => producer.inFlight,
    journal: () => journal.occupancy(),
  });
  const sessionLimits = tableLimits(config, limits.maxSessions);
  const shared = {
    intake,
    streams,
    quotas,
    gauge,
    runningMs,
    sessions: new SessionTable(fold.sources.values(), fold.nextSource, sessionLimits, runningMs()),
    requests,
    counters: newCounters(),
    latency: new Histogram(),
    bodies: new BodyBudget(),
    maxFrameBytes: limits.maxFrameBytes,
    slabBytes: ring.sizes.slabBytes,
    clock,
  };
  const connections = new Connections(shared);
  const acks: Acks = new Acks({
    ...shared,
    connections,
    consumer: new RingConsumer(ring),
    tableOf: (stream) => registry.byNumber(stream).table,
  });
  const admission = new Admission({
    access: new Access(config.tokens, listen === false ? { origins: [] } : listen),
    quotas,
    streams,
    maxConnections: listen === false ? 0 : listen.maxConnections,
    monotonicMs: () => intake.monotonicMs(),
    wallMs: () => intake.wallMs(),
  });
  const keys = new KeyTable(fold.keys.values(), tableLimits(config, limits.maxIdempotencyKeys));
  const calls = new Calls(shared);
  return { ...shared, producer, events, controls, connections, acks, admission, keys, calls };
}

/**
 * A table's size, and the part of it that one credential may have. A single credential has nobody to share with but replays,
 * which never take the places of senders.
 */
function tableLimits(config: Config, max: number): TableLimits {
  const part = (share: number): number => Math.max(1, Math.floor(max * share));
  const own = part(config.tokens.length <= 1 ? 1 : config.limits.share);
  const replays = part(config.limits.share);
  return { max, perPrincipal: (principal) => (principal === REPLAYS ? replays : own) };
}

function schemasOf(registry: FrontendOptions['registry'], stream: string): StreamSchemas {
  return new StreamSchemas(stream, registry.accepted(stream), registry.unknown(stream).number);
}
