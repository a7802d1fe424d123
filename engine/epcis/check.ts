// A whole document from a stream of bytes to a report, in memory that is bounded by one event, the limits, and what is to be
// remembered of its objects. Two passes, since what the head says may stand behind the events (JSON) and decides over them.

import { readParty } from './identifiers/gln.ts';
import { judge } from './judge.ts';
import type { JudgedEvent, Profile } from './judged.ts';
import {
  type DocumentHead,
  type DocumentSink,
  type Finding,
  READ_LIMITS,
  type SourceEvent,
} from './model.ts';
import { createReader, type ReadOptions } from './read.ts';
import { judgeDocument } from './rules/document.ts';
import { typeOf } from './rules/structure.ts';
import { judgeState, type StateContext } from './state/judge-state.ts';
import { State } from './state/state.ts';

export interface CheckOptions {
  readonly profile: Profile;
  /** GLN-13 of the credential; null = the sender is not compared with any. */
  readonly gln: string | null;
  /** GLN-13s of the directory; null = none. */
  readonly partners: ReadonlySet<string> | null;
  readonly nowMs: number;
  /** As JudgeContext has it. */
  readonly staleMs: number | null;
  readonly behaviour: 'rollback' | 'proceed';
  /** Findings of one code that are listed; the rest are counted. */
  readonly maxPerCode?: number;
  /** Called for each event of a document whose head could be read, in order. */
  readonly onEvent?: (event: JudgedEvent) => void;
  /** Bytes read so far, both passes together. */
  readonly onBytes?: (bytes: number) => void | Promise<void>;
  /** Ends the check between two pieces: `checkDocument` rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface CheckReport {
  readonly outcome: 'accept_all' | 'accept_partial' | 'reject_document';
  /** Events in the list; 0 where the document could not be read so far. */
  readonly events: number;
  /** Events that would be stored; duplicates are not. */
  readonly accepted: number;
  /** Of the document, then of the events in order. */
  readonly findings: readonly Finding[];
}

/** Gives the bytes of a document from its beginning, each time it is called. */
export type OpenDocument = () => AsyncIterable<Uint8Array>;

const MAX_PER_CODE = 10_000;

/**
 * Checks a document as a capture would be judged, with nothing known before it. Rejects only for what `open` throws and for
 * the signal: a bad document is a report.
 */
export async function checkDocument(open: OpenDocument, options: CheckOptions): Promise<CheckReport> {
  const list = new FindingList(options.maxPerCode ?? MAX_PER_CODE);
  let bytes = 0;
  const read = async (sink: DocumentSink, how: ReadOptions): Promise<DocumentHead | null> => {
    const reader = createReader(null, sink, READ_LIMITS, how);
    for await (const piece of open()) {
      options.signal?.throwIfAborted();
      bytes += piece.length;
      await options.onBytes?.(bytes);
      if (!reader.write(piece)) break;
    }
    return reader.end();
  };

  const { head, faults, single } = await scan(read);
  for (const finding of head === null ? faults : judgeDocument(head, options, faults)) list.add(finding);
  let stored = 0;
  let refused = 0;
  // Without a context nobody knows what the names in the events mean; a bare event may do without.
  if (head !== null && (head.context !== false || single)) {
    const events = new Events(head, options, list);
    const { prefixes } = head;
    await read(
      { event: (event) => events.take(event), fault: (finding) => list.addNew(finding) },
      prefixes === undefined ? { single } : { single, prefixes },
    );
    ({ stored, refused } = events);
  }
  const whole = list.rejectsDocument;
  return {
    outcome: whole ? 'reject_document' : refused > 0 ? 'accept_partial' : 'accept_all',
    events: head?.events ?? 0,
    accepted: whole || (refused > 0 && options.behaviour === 'rollback') ? 0 : stored,
    findings: list.told(),
  };
}

interface Scanned {
  readonly head: DocumentHead | null;
  readonly faults: readonly Finding[];
  /** A bare event, as `POST /epcis/events` takes one. */
  readonly single: boolean;
}

/** The first pass. XML tells a bare event by its root; in JSON it is a document of the wrong type until it is read as one. */
async function scan(
  read: (sink: DocumentSink, how: ReadOptions) => Promise<DocumentHead | null>,
): Promise<Scanned> {
  const faults: Finding[] = [];
  const head = await read({ event: null, fault: (finding) => faults.push(finding) }, {});
  if (head !== null || !faults.some(({ code, pointer }) => code === 'D06_ROOT' && pointer === '/type'))
    return { head, faults, single: false };
  const types: string[] = [];
  const others: Finding[] = [];
  const bare = await read(
    { event: ({ type }) => types.push(type), fault: (finding) => others.push(finding) },
    { single: true },
  );
  if (typeOf(types[0] ?? '') === null) return { head, faults, single: false };
  return { head: bare, faults: others, single: true };
}

/** The second pass: each event judged by itself, then by what the ones before it left. */
class Events {
  stored = 0;
  refused = 0;
  readonly #head: DocumentHead;
  readonly #options: CheckOptions;
  readonly #list: FindingList;
  readonly #state = new State();
  readonly #context: StateContext;

  constructor(head: DocumentHead, options: CheckOptions, list: FindingList) {
    this.#head = head;
    this.#options = options;
    this.#list = list;
    const sender = head.sender === null ? '' : readParty(head.sender).gln;
    this.#context = { partner: sender || (options.gln ?? ''), document: 'this', strictState: false };
  }

  take(event: SourceEvent): void {
    const { profile, nowMs, partners, staleMs } = this.#options;
    const judged = judge(event, { profile, head: this.#head, nowMs, partners, staleMs });
    const { outcome, findings } = judgeState(judged, this.#state, this.#context);
    for (const finding of findings) this.#list.add(finding);
    if (outcome === 'accepted') this.stored += 1;
    if (outcome === 'refused') this.refused += 1;
    this.#options.onEvent?.(judged);
  }
}

/** Findings, with a limit for each code; what rejects counts beyond it. */
class FindingList {
  rejectsDocument = false;
  readonly #max: number;
  readonly #findings: Finding[] = [];
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  add(finding: Finding): void {
    if (finding.event === null && finding.severity === 'reject') this.rejectsDocument = true;
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (count <= this.#max) this.#findings.push(finding);
  }

  /** As `add`, for a fault that the first pass may have told already. */
  addNew(finding: Finding): void {
    const isTold = this.#findings.some(
      (each) => each.event === null && each.code === finding.code && each.pointer === finding.pointer,
    );
    if (!isTold) this.add(finding);
  }

  told(): readonly Finding[] {
    const cut = [...this.#counts]
      .filter(([, count]) => count > this.#max)
      .map(
        ([code, count]): Finding => ({
          code: 'FINDINGS_TRUNCATED',
          severity: 'info',
          event: null,
          pointer: '',
          detail: `${code}: ${count} found, ${this.#max} listed`,
        }),
      );
    return [...this.#findings, ...cut];
  }
}
