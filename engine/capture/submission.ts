// From a body in the spool to a job, or to a refusal: scan, who sent it, whether it was here before, and the entry that
// makes it durable. Bodies are scanned side by side; of equal ones that come together only the first becomes a job.

import { placeInHead } from '../epcis/head-places.ts';
import type { Finding } from '../epcis/model.ts';
import { bodyKey, captureEntry } from '../journal/capture-entry.ts';
import type { CaptureRow } from '../journal/rows.ts';
import type { CaptureLog } from './capture-log.ts';
import type { CaptureThreads } from './capture-threads.ts';
import type { CaptureRequest, SpooledBody, Submitted } from './captures.ts';
import type { JobTable } from './job-table.ts';
import type { Judging, ScanResult } from './messages.ts';

export interface SubmissionOptions {
  readonly threads: CaptureThreads;
  readonly table: JobTable;
  readonly log: CaptureLog;
  readonly judging: Judging;
  readonly wallMs: () => number;
  readonly pathOf: (id: string) => string;
  /** Removes a body that nobody needs. */
  readonly discard: (body: SpooledBody) => Promise<void>;
  /** A job is durable. `scan`: what is known of it beyond its row. */
  readonly onJob: (row: CaptureRow, scan: ScanResult) => void;
  readonly onCrash: (id: string, error: Error) => void;
}

/** A finding that no rule has: the scan itself failed. */
const CRASH = 'codec.crash';

export class Submission {
  readonly #options: SubmissionOptions;
  /** Bodies whose entries are on their way, by `bodyKey`. */
  readonly #taking = new Map<string, Promise<string>>();

  constructor(options: SubmissionOptions) {
    this.#options = options;
  }

  async take(body: SpooledBody, request: CaptureRequest): Promise<Submitted> {
    const { principal, gln, single } = request;
    const owner = { principal, sha256: body.sha256, single };
    const early = this.#known({ ...owner, partner: gln ?? '' }, request);
    if (early !== null) return this.#replay(body, early);
    const scan = await this.#scan(body, request);
    const partner = partnerOf(scan, gln);
    const findings = [...scan.findings, ...mismatch(scan, gln)];
    const refusal = findings.find(({ severity }) => severity === 'reject');
    if (refusal !== undefined || scan.head === null)
      return this.#refuse(body, request, scan, findings, refusal ?? crash('the document has no head'));
    // Nothing is awaited from here until it is noted as being taken: an equal body may have been scanned in the same moment.
    const again = this.#known({ ...owner, partner }, request);
    if (again !== null) return this.#replay(body, again);
    return this.#accept(body, request, scan, partner);
  }

  async #accept(
    body: SpooledBody,
    request: CaptureRequest,
    scan: ScanResult,
    partner: string,
  ): Promise<Submitted> {
    const { log, onJob } = this.#options;
    const entry = this.#entryOf(body, request, scan, partner, null);
    const key = bodyKey(entry);
    const taken = log.began(entry).then((row) => {
      onJob(row, scan);
      return row.id;
    });
    this.#taking.set(key, taken);
    try {
      return { kind: 'taken', id: await taken, replay: false };
    } finally {
      this.#taking.delete(key);
    }
  }

  /** The job of a body that was here before, or is just being taken; null = it is new. */
  #known(owner: Parameters<typeof bodyKey>[0], request: CaptureRequest): Promise<string> | string | null {
    return this.#taking.get(bodyKey(owner)) ?? this.#options.table.replayOf(owner, request)?.id ?? null;
  }

  async #replay(body: SpooledBody, job: Promise<string> | string): Promise<Submitted> {
    const id = await job;
    await this.#options.discard(body);
    return { kind: 'taken', id, replay: true };
  }

  /** Once more after a failure, since a thread may have died of something else; then the document is to blame. */
  async #scan(body: SpooledBody, { mediaType, single }: CaptureRequest): Promise<ScanResult> {
    const { threads, judging, pathOf, onCrash } = this.#options;
    const order = { path: pathOf(body.id), mediaType, single, judging };
    try {
      return await threads.scan(order, body.bytes).catch(() => threads.scan(order, body.bytes));
    } catch (error) {
      onCrash(body.id, error as Error);
      return { head: null, sender: null, findings: [crash((error as Error).message)] };
    }
  }

  async #refuse(
    body: SpooledBody,
    request: CaptureRequest,
    scan: ScanResult,
    findings: readonly Finding[],
    refusal: Finding,
  ): Promise<Submitted> {
    const { log, discard } = this.#options;
    const status = statusOf(refusal.code);
    // Of nothing there is no dead letter.
    if (body.bytes === 0) {
      await discard(body);
      return { kind: 'refused', status, findings };
    }
    const entry = this.#entryOf(body, request, scan, partnerOf(scan, request.gln), refusal);
    const row = await log.began(entry);
    await log.refuseWhole(row, refusal.code, refusal.detail, refusal.pointer);
    return { kind: 'refused', status, findings };
  }

  #entryOf(
    { id, bytes, sha256 }: SpooledBody,
    { principal, mediaType, behaviour, single }: CaptureRequest,
    { head }: ScanResult,
    partner: string,
    refused: Finding | null,
  ): ReturnType<typeof captureEntry> {
    const receivedMs = this.#options.wallMs();
    const body = { id, bytes, sha256, receivedMs };
    return captureEntry({ ...body, principal, partner, media: mediaType, behaviour, single, head, refused });
  }
}

/** The sender of the document where the credential may speak for it; else the partner of the credential. */
function partnerOf({ sender }: ScanResult, gln: string | null): string {
  return gln ?? sender ?? '';
}

function mismatch({ head, sender }: ScanResult, gln: string | null): Finding[] {
  if (gln === null || sender === null || sender === gln) return [];
  const detail = `the document is from ${sender}, the credential belongs to ${gln}`;
  const pointer = head === null ? '' : placeInHead('sender', head.form);
  return [{ code: 'L11_GLN_PARTNER_MISMATCH', severity: 'reject', event: null, pointer, detail }];
}

function crash(detail: string): Finding {
  return { code: CRASH, severity: 'reject', event: null, pointer: '', detail };
}

function statusOf(code: string): 400 | 403 | 413 {
  if (code === 'L11_GLN_PARTNER_MISMATCH') return 403;
  return code === 'D02_BYTE_LIMIT' || code === 'D03_EVENT_LIMIT' ? 413 : 400;
}
