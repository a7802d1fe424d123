// The main thread's end of the ledger thread: starts it when it is first needed, asks it, hands it jobs, and knows whether
// the database can be reached. Its thread holds the only connection to the truth, so that its end before it was told to
// end is a fault of the engine.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { FatalError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { CaptureThreads } from './capture-threads.ts';
import { LedgerAway } from './captures.ts';
import type { FromLedger, LedgerJob, SealedBatch, ToLedger } from './messages.ts';

/** What the ledger's messages about jobs go to. */
export type JobListener = (
  message: Extract<FromLedger, { readonly type: 'began' | 'verdicts' | 'done' | 'interrupted' }>,
) => void;

export interface LedgerLinkOptions {
  readonly threads: CaptureThreads;
  /** What the thread is started with. Structured-cloneable. */
  readonly data: object;
  readonly log: Logger;
  /** The ledger as an operator may see it. */
  readonly name: string;
  readonly onJob: JobListener;
  readonly onFatal: (error: Error) => void;
}

interface Call {
  readonly timer: NodeJS.Timeout;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** How long a question waits for its answer. */
const ASK_MS = 10_000;
const AWAY = 'the ledger cannot be reached now: try again later';

export class LedgerLink {
  readonly #options: LedgerLinkOptions;
  readonly #calls = new Map<number, Call>();
  #port: MessagePort | null = null;
  #ended: Promise<void> = Promise.resolve();
  #call = 0;
  #outage: string | null = null;
  #stopping = false;

  constructor(options: LedgerLinkOptions) {
    this.#options = options;
  }

  /** What the database answered when the outage began; null when there is none. */
  get outage(): string | null {
    return this.#outage;
  }

  get started(): boolean {
    return this.#port !== null;
  }

  start(): void {
    if (this.#port !== null || this.#stopping) return;
    const { threads, data, onFatal } = this.#options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromLedger) => this.#hear(message));
    this.#ended = threads.ledger(data, port2).then(
      () => {
        if (!this.#stopping) onFatal(new FatalError('the ledger ended before it was told to'));
      },
      (error: Error) => {
        if (!this.#stopping) onFatal(faultOf(error));
      },
    );
  }

  job(job: LedgerJob, port: MessagePort): void {
    this.start();
    this.#send({ type: 'job', job, port }, [port]);
  }

  send(message: Extract<ToLedger, { readonly type: 'abandon' | 'journaled' }>): void {
    this.#send(message);
  }

  /** A thread that does not run reads it from the log when it starts. */
  sealed(batch: SealedBatch): void {
    this.#send({ type: 'sealed', batch });
  }

  /** Calls a method of the ledger. @throws LedgerAway while it cannot be reached */
  ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#outage !== null || this.#stopping) return Promise.reject(new LedgerAway(AWAY));
    this.start();
    this.#call += 1;
    const call = this.#call;
    return new Promise<T>((resolve, reject) => {
      // The embedded ledger has one connection: a large job that may be rolled back keeps it to itself.
      const timer = setTimeout(() => this.#take(call)?.reject(new LedgerAway(AWAY)), ASK_MS);
      timer.unref();
      this.#calls.set(call, {
        timer,
        resolve: (value) => resolve(value as T),
        reject,
      });
      this.#send({ type: 'ask', call, method, args });
    });
  }

  /** Lets it finish the chunk that is under way. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#refuse();
    if (this.#port === null) return;
    this.#send({ type: 'stop' });
    await this.#ended;
  }

  close(): void {
    this.#stopping = true;
    this.#refuse();
    this.#port?.close();
  }

  #send(message: ToLedger, transfer: readonly MessagePort[] = []): void {
    this.#port?.postMessage(message, [...transfer]);
  }

  #hear(message: FromLedger): void {
    switch (message.type) {
      case 'began':
      case 'verdicts':
      case 'done':
      case 'interrupted':
        this.#options.onJob(message);
        break;
      case 'answer':
        this.#take(message.call)?.resolve(message.value);
        break;
      case 'failed':
        this.#take(message.call)?.reject(
          message.away ? new LedgerAway(message.message) : new Error(message.message),
        );
        break;
      case 'warning':
        this.#options.log.warn({ ledger: this.#options.name }, message.message);
        break;
      default:
        this.#hearState(message);
    }
  }

  #hearState(message: Extract<FromLedger, { readonly type: 'ready' | 'outage' | 'recovered' }>): void {
    const { log, name } = this.#options;
    if (message.type === 'outage') {
      if (this.#outage === null)
        log.error(
          { ledger: name, error: message.message, advice: adviceOn(message.message) },
          'the ledger cannot be used: captures are still taken, their jobs wait until it can; nothing is lost',
        );
      this.#outage = message.message;
      this.#refuse();
      return;
    }
    if (this.#outage !== null) log.info({ ledger: name }, 'the ledger answers again');
    else if (message.type === 'ready') log.info({ ledger: name }, 'the ledger is open');
    this.#outage = null;
  }

  #take(call: number): Call | undefined {
    const found = this.#calls.get(call);
    this.#calls.delete(call);
    clearTimeout(found?.timer);
    return found;
  }

  #refuse(): void {
    for (const call of [...this.#calls.keys()]) this.#take(call)?.reject(new LedgerAway(AWAY));
  }
}

function faultOf(error: Error): Error {
  if (error instanceof FatalError) return error;
  return new FatalError(`the ledger failed: ${error.message}`, { cause: error });
}

const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/firn ledger rebuild/, 'stop the engine, rebuild the ledger or put back the right one, start it again'],
  [/ECONNREFUSED/, 'start PostgreSQL, or check host and port in ledger.url or DATABASE_URL'],
  [/ENOTFOUND|EAI_AGAIN/, 'check the host name in ledger.url or DATABASE_URL'],
  [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timeout/i, 'check network and firewall on the way to the database'],
  [/password|authentication|no pg_hba/i, 'check user and password in ledger.url or DATABASE_URL'],
  [/does not exist/, 'create the database, or check its name in ledger.url or DATABASE_URL'],
  [/too many (clients|connections)/i, 'lower ledger.poolSize, or let the database take more connections'],
  [/ENOSPC|disk full|could not extend/i, 'make room on the disk of the database'],
];

function adviceOn(message: string): string {
  return ADVICE.find(([pattern]) => pattern.test(message))?.[1] ?? 'the error says what is wrong';
}
