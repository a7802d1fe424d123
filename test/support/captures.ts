// Captures as the capture stage leaves them: a body and its lines in the spool, and entries for the journal. Whoever uses
// it says how the entries get there: a fed journal, or a ring.

import { join } from 'node:path';
import { leafHash, sha256Hex } from '../../engine/batch/merkle.ts';
import { utc } from '../../engine/clock.ts';
import {
  acceptedVerdict,
  type CaptureEntry,
  captureEntry,
  refusedVerdict,
} from '../../engine/journal/capture-entry.ts';
import { FRAME_KIND } from '../../engine/ring/frame.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';
import { canonicalise } from '../../workers/canonicalise.ts';

export type PutFrame = (frames: readonly { readonly kind: number; readonly payload: string }[]) => void;

/** What becomes of one event of a document. */
export type Outcome = { readonly at: number; readonly text?: string } | 'duplicate' | 'refused';

const HASH = 'ab'.repeat(32);

/** The line of an accepted event, all members of `epcis-event/1`. */
export function eventLine(entry: CaptureEntry, index: number, at: number, text: string): string {
  const eventTime = utc(at);
  const canonical = {
    action: 'ADD',
    bizLocation: null,
    bizStep: 'commissioning',
    bizTransactions: [],
    certificationInfo: [],
    destinations: [],
    disposition: 'active',
    epcs: [{ id: `https://id.gs1.org/01/09521234543213/21/${index}`, role: 'item' }],
    errorDeclaration: null,
    eventTime,
    eventTimeZoneOffset: '+00:00',
    ext: [{ c: [], n: '{https://ns.example/x}note', p: '', v: '"timestamp_utc":"1999"' }],
    ilmd: { ext: [], itemExpirationDate: null, lotNumber: '0012' },
    persistentDisposition: { set: [], unset: [] },
    quantities: [],
    readPoint: null,
    sensors: [],
    sources: [],
    transformationID: null,
    type: 'ObjectEvent',
    v: 1,
  };
  return canonicalise({
    canonical,
    capture_id: entry.id,
    declared_at: null,
    doc: {
      createdAt: null,
      creationDate: '2026-02-01T00:00:00Z',
      guidelineVersion: null,
      instanceIdentifier: null,
      receiver: null,
      schemaVersion: '2.0',
      sender: null,
      statement: null,
    },
    document_sha256: entry.sha256,
    event_hash: HASH,
    event_id: `ni:///sha-256;${HASH}?ver=CBV2.0`,
    index,
    ni: `ni:///sha-256;${HASH}?ver=CBV2.0`,
    partner_gln: entry.partner,
    raw: { length: text.length, offset: 0, text },
    received_utc: utc(entry.receivedMs),
    record_utc: utc(entry.receivedMs),
    seq: String(index + 1),
    timestamp_utc: eventTime,
    warnings: [],
  });
}

/** One document, step by step, or whole with `whole`. */
export class TestCapture {
  readonly entry: CaptureEntry;
  readonly linesFile: string;
  readonly #storage: Storage;
  readonly #spool: string;
  readonly #put: PutFrame;
  readonly #body: Buffer;
  #lines: Buffer = Buffer.alloc(0);

  /** Puts the body into the spool, durably. */
  constructor(
    spool: string,
    number: number,
    receivedMs: number,
    put: PutFrame,
    options: {
      readonly storage?: Storage;
      readonly body?: string;
      readonly refused?: CaptureEntry['refused'];
    } = {},
  ) {
    const { storage = diskStorage, body = `<document no="${number}"/>`, refused = null } = options;
    const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
    this.#storage = storage;
    this.#spool = spool;
    this.#put = put;
    this.#body = Buffer.from(body);
    this.linesFile = `${id}.1.lines`;
    this.entry = captureEntry({
      ...{ id, principal: 'plant', partner: '9521234500002', sha256: sha256Hex(this.#body) },
      ...{ bytes: this.#body.length, media: 'application/xml', behaviour: 'proceed', single: false },
      ...{ receivedMs, head: null, refused },
    });
    this.#write(`${id}.raw`, this.#body);
  }

  begin(): void {
    this.#put([{ kind: FRAME_KIND.capture, payload: JSON.stringify(this.entry) }]);
  }

  /** Events from `first` on: lines into the spool, durably, then their verdicts in one slab. */
  judge(first: number, outcomes: readonly Outcome[]): void {
    const { id } = this.entry;
    const parts: Buffer[] = [this.#lines];
    let offset = this.#lines.length;
    const frames = outcomes.flatMap((outcome, i) => {
      const event = first + i;
      if (outcome === 'duplicate') return [];
      if (outcome === 'refused') {
        const raw = {
          capture: id,
          event,
          file: `${id}.raw`,
          offset: 0,
          bytes: this.#body.length,
          piece: null,
        };
        const fault = {
          code: 'I03_GTIN_CHECK_DIGIT',
          detail: 'the check digit is 4, not 3',
          path: '/epcisBody',
        };
        return [{ kind: FRAME_KIND.verdict, payload: JSON.stringify(refusedVerdict({ ...raw, ...fault })) }];
      }
      const line = Buffer.from(`${eventLine(this.entry, event, outcome.at, outcome.text ?? '<e/>')}\n`);
      const leaf = Buffer.from(leafHash(line.subarray(0, -1))).toString('hex');
      const place = { capture: id, event, file: this.linesFile, offset, bytes: line.length };
      parts.push(line);
      offset += line.length;
      const payload = JSON.stringify(acceptedVerdict({ ...place, ms: outcome.at, leaf }));
      return [{ kind: FRAME_KIND.verdict, payload }];
    });
    this.#lines = Buffer.concat(parts);
    this.#write(this.linesFile, this.#lines);
    if (frames.length > 0) this.#put(frames);
  }

  /** The document is refused whole: its bytes go to the dead letter in pieces. */
  refuse(pieceBytes: number): void {
    const { id, refused } = this.entry;
    const frames = [];
    for (let at = 0, piece = 0; at < this.#body.length; at += pieceBytes, piece++) {
      const bytes = Math.min(pieceBytes, this.#body.length - at);
      const place = { capture: id, event: null, file: `${id}.raw`, offset: at, bytes, piece };
      const fault = { code: refused?.code ?? '', detail: refused?.detail ?? '', path: null };
      frames.push({
        kind: FRAME_KIND.verdict,
        payload: JSON.stringify(refusedVerdict({ ...place, ...fault })),
      });
    }
    this.#put(frames);
  }

  end(upTo: number, success = true): void {
    const end = { success, finishedMs: this.entry.receivedMs };
    const payload = JSON.stringify({ capture: this.entry.id, upTo, end });
    this.#put([{ kind: FRAME_KIND.captured, payload }]);
  }

  whole(outcomes: readonly Outcome[]): void {
    this.begin();
    this.judge(0, outcomes);
    this.end(outcomes.length);
  }

  #write(name: string, bytes: Buffer): void {
    const path = join(this.#spool, name);
    const there = this.#storage.stat(path);
    const file = there === null ? this.#storage.create(path) : this.#storage.openWrite(path);
    const at = there?.bytes ?? 0;
    if (bytes.length > at) this.#storage.write(file, [bytes.subarray(at)], at);
    this.#storage.sync(file);
    this.#storage.close(file);
    if (there === null) this.#storage.syncFolder(this.#spool);
  }
}
