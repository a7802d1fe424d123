// An engine that runs: starts the stages on opened stores, watches them, and takes them down in order. Each store is empty
// before the stage behind it is told to end.

import { zstdName } from '../workers/kernels.ts';
import { atMost } from './at-most.ts';
import { AuditTrail } from './audit.ts';
import type { Boot } from './boot.ts';
import type { CapturePart } from './capture-part.ts';
import { watchClock } from './clock.ts';
import { diskFault } from './disk-fault.ts';
import type { Captured, CaptureOptions, Engine } from './embedded.ts';
import { Frontend } from './frontend/frontend.ts';
import { framesOf, type IngestInput, type IngestOptions, mergeResults } from './frontend/input.ts';
import { Gap } from './gap.ts';
import type { AuditEntry } from './journal/entry.ts';
import type { Acct } from './journal/fold.ts';
import { markStopped, tellOperator, tellStart, tellStop } from './life.ts';
import type { Logger } from './log.ts';
import { type Pool, startPool } from './pool.ts';
import type { IngestResult } from './reply.ts';
import { ResendOrders } from './resend.ts';
import type { SealerMessage } from './seal/sealer.ts';
import { SealFeed } from './seal-feed.ts';
import { type EngineStatus, statusOf } from './status.ts';
import { StoreOutage } from './store-outage.ts';
import { JournalWatch } from './watch.ts';

/** What a drain may take beyond its limit: a batch that is being written when the time is over. */
const DRAIN_GRACE_MS = 2_000;

export class RunningEngine implements Engine {
  readonly #boot: Boot;
  readonly #log: Logger;
  readonly #onFatal: (error: Error) => void;
  readonly #frontend: Frontend;
  readonly #watch: JournalWatch;
  readonly #audit: AuditTrail;
  readonly #gap: Gap;
  readonly #feed = new SealFeed();
  readonly #resends = new ResendOrders();
  readonly #store: StoreOutage;
  readonly #captures: CapturePart | null;
  readonly #clockStep = watchClock();
  /** Accounts at the start; the front end counts from there. */
  readonly #base: Acct;
  #pool: Pool | null = null;
  #port: number | null = null;
  #batches = 0;
  #ready: (() => void) | null = null;
  /** Events of the seal stage that wait for the start event. */
  #held: AuditEntry[] | null = [];
  #drained: ((published: boolean) => void) | null = null;
  #closing: Promise<boolean> | null = null;
  /** The start is over: from here on a fault has nobody to be thrown at. */
  #running = false;
  #stopped = false;
  #abandoned = false;
  #fault: Error | null = null;
  /** Calls that a fault ends. */
  readonly #unsettled = new Set<(error: Error) => void>();

  constructor(boot: Boot, log: Logger, captures: CapturePart | null, onFatal: (error: Error) => void) {
    this.#boot = boot;
    this.#captures = captures;
    this.#log = log;
    this.#store = new StoreOutage(log);
    this.#onFatal = onFatal;
    this.#base = { ...boot.fold.acct };
    this.#watch = new JournalWatch(boot.config, boot.ring, boot.storage);
    this.#frontend = new Frontend({
      config: boot.config,
      ring: boot.ring,
      registry: boot.registry,
      fold: boot.fold,
      clock: boot.clock,
      runningMs: boot.runningMs,
      journal: this.#watch,
      log,
      status: () => this.status(),
      resend: () => this.resend(),
      ...(captures !== null && {
        captures: captures.routes,
        addMetrics: (registry) => captures.addMetrics(registry),
      }),
    });
    captures?.connect(this.#frontend, (error) => this.#fail(error));
    this.#audit = new AuditTrail(boot.clock, (entry) => this.#frontend.audit(entry));
    this.#gap = new Gap(log, this.#audit);
  }

  get url(): string | null {
    const { listen } = this.#boot.config;
    if (listen === false || this.#port === null) return null;
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
    return `${listen.tls === undefined ? 'http' : 'https'}://${host}:${this.#port}`;
  }

  async start(codecModule: string | undefined): Promise<void> {
    const { config, identity, recovered, codec } = this.#boot;
    const ready = new Promise<void>((resolve) => {
      this.#ready = resolve;
    });
    this.#pool = await startPool({
      ring: this.#boot.ring,
      workers: config.workers,
      streams: this.#boot.specs,
      codec: codec.name,
      ...(codecModule === undefined ? {} : { codecModule }),
      committer: this.#boot.committer,
      sealer: this.#boot.sealer,
      onNotice: () => this.#frontend.onNotice(),
      onSealer: (message) => this.#onSealer(message),
      onFatal: (error) => this.#fail(error),
      onRestart: (worker, error) =>
        this.#log.warn(
          { worker, error: error?.message ?? 'its thread ended' },
          'a codec worker was replaced, its slab is done again',
        ),
    });
    await ready;
    if (this.#fault !== null) throw this.#fault;
    // Only now: a start that is refused leaves no trace in the audit trail.
    tellStart(this.#boot, this.#audit, this.#frontend);
    for (const event of this.#held ?? []) this.#audit.forward(event);
    this.#held = null;
    this.#watch.start(() => this.#tick());
    this.#captures?.start();
    if (config.listen !== false) this.#port = await this.#frontend.listen();
    if (this.#fault !== null) throw this.#fault;
    this.#running = true;
    const { truncatedBytes } = recovered;
    const where = { url: this.url, engine: identity.engine, data: config.data, lake: config.lake };
    const runs = { codec: codec.name, codecNote: codec.note, zstd: zstdName() };
    this.#log.info({ ...where, ...runs, truncatedBytes }, 'ready');
  }

  async ingest(stream: string, input: IngestInput, { schema }: IngestOptions = {}): Promise<IngestResult> {
    if (typeof input !== 'string' && !(input instanceof Uint8Array) && !Array.isArray(input))
      throw new TypeError('ingest takes text, bytes or an array of objects');
    if (this.#fault !== null) throw this.#fault;
    const frames = framesOf(input, this.#boot.config.limits);
    const results = Promise.all(frames.map(({ bytes }) => this.#frontend.ingest(stream, bytes, schema)));
    return mergeResults(await this.#unlessFault(results), frames);
  }

  async capture(bytes: Uint8Array, options: CaptureOptions): Promise<Captured> {
    if (this.#fault !== null) throw this.#fault;
    if (this.#captures === null) throw new TypeError('this engine takes no captures: "epcis" is false');
    return this.#unlessFault(this.#captures.take(bytes, options));
  }

  status(): EngineStatus {
    return statusOf(this.#boot, this.#base, this.#frontend.status(), this.#watch, {
      url: this.url,
      batches: this.#batches,
      outage: this.#store.message,
      restarts: this.#pool?.restarts ?? 0,
      epcis: this.#captures?.status() ?? null,
    });
  }

  seals(): AsyncIterableIterator<Record<string, unknown>> {
    return this.#feed.open();
  }

  /** Has every object in quarantine tried again at once, also in an outage. */
  resend(): ReturnType<ResendOrders['ask']> {
    return this.#resends.ask(() => this.#pool?.toSealer({ type: 'resend' }));
  }

  close(): Promise<boolean> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  /** Lets go of everything at once: a start that failed, a fault, or the end of a drain. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.#watch.stop();
    this.#frontend.close();
    this.#feed.close();
    await this.#captures?.close();
    await this.#pool?.close();
    this.#resends.end();
    this.#boot.lock.release();
  }

  async #end(): Promise<boolean> {
    const limitMs = this.#boot.config.drain * 1000;
    let published: boolean | null = false;
    try {
      if (this.#fault === null) {
        published = await this.#unlessFault(atMost(this.#drain(limitMs), limitMs + DRAIN_GRACE_MS, null));
      }
    } catch (error) {
      if (this.#fault === null) throw diskFault(error, this.#boot.config.data);
    } finally {
      await this.abandon();
    }
    if (published === null)
      this.#log.warn({ limitMs }, 'the drain took too long: the next start goes on from here');
    this.#log.info({ published: published === true }, 'stopped');
    return published === true;
  }

  /** Settles as `work` does, or with the fault that keeps it from ever settling. */
  #unlessFault<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#unsettled.add(reject);
      work.then(resolve, reject).finally(() => this.#unsettled.delete(reject));
    });
  }

  /** Frontend, ring, journal, seal: each is empty before the next is told to end. */
  async #drain(withinMs: number): Promise<boolean> {
    const pool = this.#pool as Pool;
    this.#log.info('draining');
    this.#frontend.stopAccepting();
    await this.#captures?.stop();
    await this.#frontend.flushed();
    if (this.#abandoned) return false;
    this.#frontend.closeConnections();
    this.#audit.tick(true);
    this.#stopped = true;
    const stoppedUtc = tellStop(this.#boot, this.#frontend);
    await this.#frontend.flushed();
    this.#frontend.close();
    await pool.drained();
    const published = await new Promise<boolean>((resolve) => {
      this.#drained = resolve;
      pool.toSealer({ type: 'drain', withinMs });
    });
    if (this.#abandoned) return false;
    pool.toSealer({ type: 'close' });
    markStopped(this.#boot, stoppedUtc);
    return published;
  }

  #onSealer(message: SealerMessage): void {
    switch (message.type) {
      case 'ready':
        this.#ready?.();
        break;
      case 'sealed':
        this.#onSealed(message);
        break;
      case 'audit':
        this.#onEvent(message.event);
        break;
      case 'outage':
      case 'recovered':
        this.#store.hear(message);
        break;
      case 'drained':
        this.#drained?.(message.published);
        break;
      case 'resent':
        this.#resends.answer(message);
        break;
    }
  }

  #onSealed({ seal, index }: Extract<SealerMessage, { type: 'sealed' }>): void {
    this.#batches += 1;
    this.#feed.publish(JSON.parse(seal));
    this.#captures?.sealed(seal, index);
  }

  /** An event of the seal stage. After the stop event nothing may follow: what happens then goes to the log alone. */
  #onEvent(event: AuditEntry): void {
    tellOperator(this.#log, event);
    if (this.#stopped) this.#log.warn({ event }, 'audit event after the stop event');
    else if (this.#held !== null) this.#held.push(event);
    else this.#audit.forward(event);
  }

  /** Once a second: clock steps, the journal's fill, repeats in the audit trail. */
  #tick(): void {
    if (this.#stopped) return;
    this.#captures?.tick();
    const step = this.#clockStep();
    if (step !== null) this.#audit.event('clock.step', 'wall clock', { new: { step_ms: step } });
    this.#gap.look(this.#watch.fullBecause());
    this.#audit.tick();
  }

  #fail(error: Error): void {
    if (this.#fault !== null) return;
    this.#fault = error;
    this.#watch.stop();
    this.#frontend.close();
    this.#ready?.();
    for (const reject of this.#unsettled) reject(error);
    // Before it runs, whoever called createEngine hears of it.
    if (!this.#running) return;
    this.#log.fatal({ error: error.message }, 'state unknown: stopping; the next start recovers');
    this.#onFatal(error);
  }
}
