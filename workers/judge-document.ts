// The task that judges the events of a document that was taken, each by itself, and hands them to the ledger's thread in
// chunks. It reads on only while no more than CHUNK_CREDIT chunks are out: a slow ledger makes it wait, whatever the size.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { MessagePort } from 'node:worker_threads';
import { Chunker } from '../engine/capture/chunker.ts';
import {
  CHUNK_CREDIT,
  type FromLedgerJob,
  type JudgeOrder,
  type ToLedgerJob,
} from '../engine/capture/messages.ts';
import { readDocument } from '../engine/capture/read-document.ts';
import { type JudgeContext, judge } from '../engine/epcis/judge.ts';
import type { JudgedEvent } from '../engine/epcis/judged.ts';
import { type DocumentHead, type Finding, READ_LIMITS, type SourceEvent } from '../engine/epcis/model.ts';
import { createReader } from '../engine/epcis/read.ts';
import { judgeDocument } from '../engine/epcis/rules/document.ts';
import { FatalError } from '../engine/errors.ts';
import { MIB } from '../engine/limits.ts';
import { errorCode } from '../engine/storage.ts';

const DAY_MS = 86_400_000;
/** The last millisecond of the year 9999. */
const MAX_MS = 253_402_300_799_999;
const MAX_FINDINGS = 200;

/** The ledger's thread has given the attempt up: nobody waits for the rest of the document. */
class GivenUp extends Error {}

/** Chunks on their way out, as far as there is credit. */
class Outgoing {
  readonly #port: MessagePort;
  readonly chunker = new Chunker(() => performance.now());
  #credit = CHUNK_CREDIT;
  #closed = false;
  #wake: () => void = () => {};

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: FromLedgerJob) => {
      if (message.type === 'credit') this.#credit += 1;
      this.#wake();
    });
    // Or else this would wait for credit for ever, and with it its thread.
    port.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  send(message: ToLedgerJob): void {
    this.#port.postMessage(message);
  }

  /** Sends what is full; resolves when nothing is left. @throws GivenUp */
  async flush(): Promise<void> {
    this.chunker.tick();
    for (;;) {
      if (this.#closed) throw new GivenUp();
      const events = this.chunker.full[0];
      if (events === undefined) return;
      while (this.#credit === 0 && !this.#closed) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      if (this.#closed) continue;
      this.chunker.full.shift();
      this.#credit -= 1;
      this.send({ type: 'chunk', events });
    }
  }

  /** Everything that is left, then the end. */
  async end(findings: readonly Finding[]): Promise<void> {
    const events = this.chunker.end();
    await this.flush();
    this.send({ type: 'end', events, findings });
  }

  close(): void {
    this.#port.close();
  }
}

/** @throws FatalError when the spool does not have the document any more as it was acknowledged */
export async function run({ order, port }: { order: JudgeOrder; port: MessagePort }): Promise<void> {
  const outgoing = new Outgoing(port);
  try {
    // What was scanned in this run is what was received: it was hashed on its way in.
    if (order.head === null) await expectWhole(order);
    const { head, faults } = await headOf(order);
    const findings = judgeDocument(head, documentContext(order), faults).slice(0, MAX_FINDINGS);
    outgoing.send({ type: 'head', head });
    const context = contextOf(order, head);
    const { giveUp } = order;
    const event = (source: SourceEvent): void =>
      outgoing.chunker.push(
        giveUp !== null && source.index >= giveUp.from
          ? unjudged(source, giveUp.why)
          : inLake(judge(source, context)),
      );
    const fault = (finding: Finding): void => {
      const known = findings.some(
        ({ code, pointer }) => code === finding.code && pointer === finding.pointer,
      );
      if (!known && findings.length < MAX_FINDINGS) findings.push(finding);
    };
    const { mediaType, single } = order;
    const options = { single, ...(head.prefixes !== undefined && { prefixes: head.prefixes }) };
    const reader = createReader(mediaType, { event, fault }, READ_LIMITS, options);
    await readDocument(order.path, reader, () => outgoing.flush());
    await outgoing.end(findings);
  } catch (error) {
    if (error instanceof GivenUp) return;
    throw errorCode(error) === undefined ? error : spoolFault(order.path, (error as Error).message);
  } finally {
    outgoing.close();
  }
}

/** An event of a document that its judge dies of: nothing but where it lies is known of it. */
function unjudged({ index, type, span, locate }: SourceEvent, detail: string): JudgedEvent {
  const pointer = locate([]);
  const finding: Finding = { code: 'codec.crash', severity: 'reject', event: index, pointer, detail };
  return { index, type, span, pointer, findings: [finding], rejected: true, canonical: null };
}

/** The disk has had the document over a restart, or for long: it must be the one that was answered with 202. */
async function expectWhole({ path, sha256 }: JudgeOrder): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  const found = hash.digest('hex');
  if (found !== sha256) throw spoolFault(path, `its SHA-256 is ${found}, and ${sha256} was received`);
}

function spoolFault(path: string, why: string): FatalError {
  return new FatalError(
    `the spool file ${path} is not the document that was acknowledged (${why}): see to the disk, put the file back and start again`,
  );
}

/** The lake has days from 1970 to 9999: an event of any other time is refused. */
function inLake(judged: JudgedEvent): JudgedEvent {
  if (judged.rejected || judged.canonical === null) return judged;
  const ms = Date.parse(judged.canonical.event.eventTime);
  if (ms >= 0 && ms <= MAX_MS) return judged;
  const detail = `${judged.canonical.event.eventTime} is not between 1970 and 9999`;
  const { index, pointer = '' } = judged;
  const finding: Finding = { code: 'S02_EVENT_TIME', severity: 'reject', event: index, pointer, detail };
  return { ...judged, rejected: true, findings: [...judged.findings, finding] };
}

/** What the scan found, or finds again: a job of an earlier run. */
async function headOf({
  path,
  mediaType,
  single,
  head,
}: JudgeOrder): Promise<{ head: DocumentHead; faults: Finding[] }> {
  const faults: Finding[] = [];
  if (head !== null) return { head, faults };
  const sink = { event: null, fault: (finding: Finding) => faults.push(finding) };
  const found = await readDocument(path, createReader(mediaType, sink, READ_LIMITS, { single }));
  if (found === null)
    throw new Error(`a document that was taken cannot be read: ${faults[0]?.detail ?? 'no head'}`);
  return { head: found, faults };
}

function documentContext({ judging }: JudgeOrder): Parameters<typeof judgeDocument>[1] {
  const { profile, partners } = judging;
  return { profile, gln: null, partners: partners === null ? null : new Set(partners) };
}

function contextOf({ judging, receivedMs }: JudgeOrder, head: DocumentHead): JudgeContext {
  const { profile, partners, staleDays } = judging;
  return {
    profile,
    head,
    // The moment of capture, so that a second attempt judges as the first one did.
    nowMs: receivedMs,
    partners: partners === null ? null : new Set(partners),
    staleMs: staleDays * DAY_MS,
  };
}
