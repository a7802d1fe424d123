// The run of the ledger's thread: opens the ledger and keeps trying while the database is away, runs the jobs that it is
// given, answers questions beside them, and follows the log. Whatever is no outage ends it: a ledger that is not understood
// must not be written to.

import type { MessagePort } from 'node:worker_threads';
import type { LetterLake } from '../dead-letter/lake.ts';
import { ConfigError, FatalError } from '../errors.ts';
import type { Storage } from '../storage.ts';
import { Follower } from './follower.ts';
import { Inbox } from './inbox.ts';
import { Interrupted, JobRun } from './job-run.ts';
import { isOfData, type LedgerApi, troubleOf } from './ledger-api.ts';
import { checkLedger, isDamage, opener } from './ledger-check.ts';
import type { LedgerData } from './ledger-data.ts';
import type { FromLedger, ToLedger } from './messages.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;

export interface LedgerLoopOptions {
  readonly data: LedgerData;
  readonly port: MessagePort;
  readonly storage: Storage;
  readonly open: () => Promise<LedgerApi>;
  readonly lake: () => Promise<LetterLake>;
  readonly random: () => number;
}

const interrupted = (id: string): FromLedger => ({ type: 'interrupted', id, again: false, fault: null });

type JobMessage = Extract<ToLedger, { readonly type: 'job' }>;

export class LedgerLoop {
  readonly #options: LedgerLoopOptions;
  readonly #post: (message: FromLedger) => void;
  readonly #follower: { sealed: Follower['sealed']; end(): void };
  readonly #jobs: JobMessage[] = [];
  readonly #early: Parameters<Follower['sealed']>[0][] = [];
  #opened: LedgerApi | null = null;
  /** The same, known to be the right one. */
  #ledger: LedgerApi | null = null;
  #inbox: Inbox | null = null;
  #run: JobRun | null = null;
  #stopping = false;
  #away = false;
  readonly #wakers = new Set<() => void>();
  #started: Follower | null = null;

  constructor(options: LedgerLoopOptions) {
    this.#options = options;
    this.#post = (message) => options.port.postMessage(message);
    this.#follower = {
      sealed: (batch) => {
        if (this.#started === null) this.#early.push(batch);
        else this.#started.sealed(batch);
      },
      end: () => this.#started?.end(),
    };
    options.port.on('message', (message: ToLedger) => this.#hear(message));
  }

  /** Resolves after a stop. @throws FatalError, ConfigError, and what a fault of the ledger is */
  async run(): Promise<void> {
    const { open, data } = this.#options;
    try {
      const ledger = await this.#persist(opener(open, data));
      this.#opened = ledger;
      await this.#persist(() => checkLedger(ledger, data, this.#options.storage));
      this.#ledger = ledger;
      this.#wake();
      await this.#persist(() => ledger.partners(data.partners));
      this.#post({ type: 'ready' });
      // Whichever of the two fails ends both.
      await Promise.race([this.#untilStopped(ledger), this.#follow(ledger)]);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw this.#faultOf(error);
    } finally {
      // Told to stop before they could begin.
      for (const { job } of this.#jobs.splice(0)) this.#post(interrupted(job.order.id));
      await this.#opened?.close();
      this.#options.port.close();
    }
  }

  async #follow(ledger: LedgerApi): Promise<void> {
    const { data, storage, lake } = this.#options;
    const follower = new Follower({
      storage,
      log: data.log,
      origin: data.origin,
      ledger,
      lake,
      persist: (call) => this.#persist(call),
      sleep: (ms) => this.#sleep(ms),
      stopping: () => this.#stopping,
      warn: (message) => this.#post({ type: 'warning', message }),
    });
    this.#started = follower;
    for (const batch of this.#early.splice(0)) follower.sealed(batch);
    try {
      await follower.run();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
    // Only the jobs' loop ends the run in good order.
    await new Promise(() => {});
  }

  async #untilStopped(ledger: LedgerApi): Promise<void> {
    while (!this.#stopping) {
      const job = this.#jobs.shift();
      if (job === undefined) await this.#next();
      else await this.#job(ledger, job);
    }
  }

  async #job(ledger: LedgerApi, { job, port }: JobMessage): Promise<void> {
    const { id } = job.order;
    const { data, storage } = this.#options;
    const inbox = new Inbox(id, port);
    this.#inbox = inbox;
    const run = new JobRun({
      job,
      ledger,
      storage,
      spool: data.spool,
      next: () => inbox.next(),
      persist: (call) => this.#persist(call),
      credit: () => inbox.credit(),
      post: this.#post,
    });
    this.#run = run;
    try {
      this.#post({ type: 'done', id, report: await run.run() });
    } catch (error) {
      const again = troubleOf(error) === 'again';
      // Such a value is the document's fault: an engine that ended over it would end at each start.
      const fault = isOfData(error) ? (error as Error).message : null;
      if (!(error instanceof Interrupted) && !again && fault === null) throw error;
      // What was handed over gets into the journal before anybody begins again.
      await run.outbox.settled();
      await ledger.abandon();
      if (again) await this.#sleep(FIRST_RETRY_MS + this.#options.random() * MAX_RETRY_MS);
      this.#post({ type: 'interrupted', id, again, fault });
    } finally {
      run.close();
      inbox.end();
      this.#run = null;
      this.#inbox = null;
    }
  }

  /** Until the database answers: with full jitter, and told when it begins and ends. */
  async #persist<T>(call: () => Promise<T>): Promise<T> {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, MAX_RETRY_MS)) {
      try {
        const result = await call();
        if (this.#away) this.#post({ type: 'recovered' });
        this.#away = false;
        return result;
      } catch (error) {
        if (troubleOf(error) !== 'away') throw error;
        this.#away = true;
        this.#post({ type: 'outage', message: (error as Error).message });
        this.#wake();
        await this.#sleep(FIRST_RETRY_MS + this.#options.random() * retryMs);
        if (this.#stopping) throw new Interrupted();
      }
    }
  }

  #hear(message: ToLedger): void {
    switch (message.type) {
      case 'job':
        this.#jobs.push(message);
        break;
      case 'abandon':
        this.#abandon(message.id);
        break;
      case 'journaled':
        this.#run?.outbox.journaled();
        break;
      case 'sealed':
        this.#follower.sealed(message.batch);
        break;
      case 'ask':
        void this.#answer(message);
        break;
      case 'stop':
        this.#stopping = true;
        this.#inbox?.end();
        this.#follower.end();
        break;
    }
    this.#wake();
  }

  #abandon(id: string): void {
    if (this.#inbox?.id === id) {
      this.#inbox.end();
      return;
    }
    // Not begun yet: the ledger is being opened, or the database is away.
    const at = this.#jobs.findIndex(({ job }) => job.order.id === id);
    if (at === -1) return;
    this.#jobs.splice(at, 1);
    this.#post(interrupted(id));
  }

  async #answer({ call, method, args }: Extract<ToLedger, { readonly type: 'ask' }>): Promise<void> {
    // The first start of the embedded ledger takes seconds; an outage is told at once.
    while (this.#ledger === null && !this.#away && !this.#stopping) await this.#next();
    try {
      const ledger = this.#ledger as unknown as Record<
        string,
        (...all: unknown[]) => Promise<unknown>
      > | null;
      if (ledger === null) throw Object.assign(new Error('it is not open yet'), { name: 'LedgerOutage' });
      const value = await ledger[method]?.(...args);
      this.#post({ type: 'answer', call, value: value ?? null });
    } catch (error) {
      const away = troubleOf(error) !== 'fault';
      // Without a job nobody else would notice that the database is away, or back.
      if (away && this.#ledger !== null) this.#watch();
      this.#post({ type: 'failed', call, message: (error as Error).message, away });
    }
  }

  /** Asks until there is an answer; whatever is no outage, the next job meets. */
  #watch(): void {
    const { origin } = this.#options.data;
    if (!this.#away) void this.#persist(async () => this.#ledger?.lastProved(origin)).catch(() => {});
  }

  #faultOf(error: unknown): unknown {
    if (error instanceof FatalError || error instanceof ConfigError) return error;
    const { url, folder } = this.#options.data;
    const again = isDamage(error, url)
      ? `. If that ends in the same way, move ${folder} away, start and stop the engine, then firn ledger rebuild`
      : '';
    return new FatalError(
      `the ledger failed (${(error as Error).message}). Nothing acknowledged is lost: what is not in the ledger is in journal and spool, and the next start goes on from there${again}`,
      { cause: error },
    );
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  /** The next message. */
  #next(): Promise<void> {
    return new Promise((resolve) => this.#wakers.add(resolve));
  }

  /** Ends sooner when the thread stops. */
  async #sleep(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (!this.#stopping) {
      const left = end - performance.now();
      if (left <= 0) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, left);
      });
      await Promise.race([late, this.#next()]);
      clearTimeout(timer);
    }
  }
}
