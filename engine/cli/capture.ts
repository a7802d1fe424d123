// `firn capture`: sends EPCIS documents to a server, waits for their jobs, and says what was found. Files go one after the
// other, since what happened first should be known first.

import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { Finding } from '../epcis/model.ts';
import { visible } from '../verify/print.ts';
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.ts';
import {
  type Document,
  NoServer,
  type Refusal,
  type Sent,
  type Server,
  sendDocument,
  type Told,
} from './capture-send.ts';
import { type DocumentFile, documentFile, documentNames } from './document-file.ts';
import { findingsText } from './findings.ts';
import { progressBar } from './progress.ts';
import { tokenOf } from './token.ts';
import { count, counted } from './words.ts';

export const spec: CommandSpec = {
  name: 'capture',
  about: 'sends EPCIS documents to a server and tells what became of them',
  operands: 'FILE…',
  flags: {
    to: { value: 'URL', default: 'http://127.0.0.1:9400', help: 'the server' },
    'token-file': { value: 'FILE', help: 'the token to use, with the scope epcis (else FIRN_TOKEN)' },
    behaviour: {
      value: 'NAME',
      default: 'rollback',
      help: 'rollback: all events of a document or none; proceed: those that are right',
    },
    type: { value: 'TYPE', help: 'media type of all files (by the name and first character of each)' },
    wait: { value: 'SECONDS', default: '60', help: 'wait so long for each job, and for room; 0: only send' },
    json: { help: 'print one line of JSON per file' },
  },
  examples: [
    'firn capture shipment.xml',
    'firn capture --behaviour proceed 2026-01-*.json',
    'firn capture --to https://epcis.example --token-file secret/token --json shipment.xml',
    'export-events | firn capture -',
  ],
  notes:
    'A document that was sent before is not stored again: its first job is told.\nexit: 0 everything is stored (with --wait 0: taken), 1 something was refused, 2 could not run, or a job was not over in time',
};

/** What became of a file; `failed` = nobody knows. */
type Outcome = 'stored' | 'partial' | 'refused' | 'running' | 'failed';

const EXIT: Readonly<Record<Outcome, number>> = { stored: 0, partial: 1, refused: 1, running: 2, failed: 2 };

/** @returns the exit code: the highest of all files */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const names = documentNames(args);
  const server = serverOf(args);
  const waitMs = args.required('wait', { min: 0, max: 86_400 }) * 1000;
  const behaviour = behaviourOf(args);
  const files: DocumentFile[] = [];
  try {
    const documents: Document[] = [];
    for (const name of names) {
      const file = await fileOf(name, args);
      files.push(file);
      const { path, bytes } = file;
      documents.push({ name, path, bytes, behaviour, mediaType: args.text('type') ?? typeOf(path) });
    }
    return await sendAll(documents, server, waitMs, args);
  } finally {
    for (const file of files) await file.close();
  }
}

/** @returns the exit code */
async function sendAll(
  documents: readonly Document[],
  server: Server,
  waitMs: number,
  args: Arguments,
): Promise<number> {
  const total = documents.reduce((sum, { bytes }) => sum + bytes, 0);
  const bar = progressBar('KiB');
  const kib = (bytes: number): number => Math.ceil(bytes / 1024);
  let before = 0;
  let worst = 0;
  for (const document of documents) {
    const onBytes = (sent: number): void => bar.update(kib(before + sent), kib(total), before + sent);
    let sent: Sent | NoServer;
    try {
      sent = await sendDocument(server, document, waitMs, onBytes);
    } catch (error) {
      if (!(error instanceof NoServer)) throw error;
      sent = error;
    }
    before += document.bytes;
    bar.end();
    const outcome = outcomeOf(sent);
    const text = args.switch('json')
      ? jsonOf(document, outcome, sent)
      : textOf(document, outcome, sent, server);
    process.stdout.write(text);
    worst = Math.max(worst, outcome === 'running' && waitMs === 0 ? 0 : EXIT[outcome]);
    // The next one would fare no better.
    if (sent instanceof NoServer) break;
  }
  return worst;
}

function serverOf(args: Arguments): Server {
  const text = args.text('to') ?? '';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw args.fault(
      `--to takes the address of a server, such as http://127.0.0.1:9400, not ${JSON.stringify(text)}`,
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw args.fault('--to takes an http or https address');
  return { url, token: tokenOf(args) };
}

function behaviourOf(args: Arguments): Document['behaviour'] {
  const behaviour = args.text('behaviour');
  if (behaviour === 'rollback' || behaviour === 'proceed') return behaviour;
  throw args.fault(`--behaviour is rollback or proceed, not ${JSON.stringify(behaviour)}`);
}

async function fileOf(name: string, args: Arguments): Promise<DocumentFile> {
  try {
    return await documentFile(name);
  } catch (error) {
    throw args.fault(`cannot read ${name}: ${(error as Error).message}`);
  }
}

/** By the name; else by the first character: XML begins with `<`, or with the mark of UTF-16. */
function typeOf(path: string): string {
  const name = basename(path).toLowerCase();
  if (name.endsWith('.xml')) return 'application/xml';
  if (name.endsWith('.jsonld')) return 'application/ld+json';
  if (name.endsWith('.json')) return 'application/json';
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(64);
    const text = head.subarray(0, readSync(fd, head, 0, head.length, 0)).toString('latin1');
    return /^(\xff\xfe|\xfe\xff|\xef\xbb\xbf)?[\s\0]*</.test(text) ? 'application/xml' : 'application/json';
  } finally {
    closeSync(fd);
  }
}

function outcomeOf(sent: Sent | NoServer): Outcome {
  if (sent instanceof NoServer) return 'failed';
  if (sent.kind === 'running') return 'running';
  if (sent.kind === 'refused')
    return [401, 429, 500, 503].includes(sent.problem.status) ? 'failed' : 'refused';
  const { success, accepted, duplicate, rejected } = sent.job;
  if (success && rejected === 0) return 'stored';
  return accepted + duplicate > 0 ? 'partial' : 'refused';
}

function jsonOf({ name }: Document, outcome: Outcome, sent: Sent | NoServer): string {
  const facts =
    sent instanceof NoServer
      ? { error: sent.message }
      : sent.kind === 'job'
        ? { replay: sent.replay, job: sent.job }
        : sent.kind === 'running'
          ? { replay: sent.replay, captureID: sent.captureID }
          : { problem: sent.problem };
  return `${JSON.stringify({ file: name, outcome, ...facts })}\n`;
}

function textOf({ name }: Document, outcome: Outcome, sent: Sent | NoServer, server: Server): string {
  const line = (words: string): string => `${visible(`${name}: ${words}`)}\n`;
  if (sent instanceof NoServer)
    return line(`not sent: ${server.url.origin} does not answer (${sent.message})`);
  if (sent.kind === 'refused')
    return line(refusalText(outcome, sent.problem)) + told(sent.problem.errors ?? []);
  const replay = sent.replay ? ', sent before' : '';
  if (sent.kind === 'running') return line(`taken, not judged yet${replay}: job ${sent.captureID}`);
  const { job } = sent;
  const words = { stored: 'stored', partial: 'partly stored', refused: 'REFUSED', running: '', failed: '' }[
    outcome
  ];
  const parts = [
    `${count(job.accepted)} of ${counted(job.events, 'event')} stored`,
    ...(job.duplicate > 0 ? [`${count(job.duplicate)} known already`] : []),
    ...(job.rejected > 0 ? [`${count(job.rejected)} refused`] : []),
  ];
  return (
    line(`${words}, ${parts.join(', ')}${replay} (job ${job.captureID})`) +
    told([...job.errors, ...job.warnings])
  );
}

function refusalText(outcome: Outcome, { status, title, detail }: Refusal): string {
  const why = detail ?? title ?? 'the server says no more';
  return outcome === 'failed' ? `not taken: ${why} (HTTP ${status})` : `REFUSED: ${why} (HTTP ${status})`;
}

/** What a server tells of findings, read with care: it may be another one than ours. */
function told(errors: readonly Told[]): string {
  const findings = errors.map(
    ({ code, severity, eventIndex, pointer, detail }): Finding => ({
      code: String(code ?? 'unknown'),
      severity: severity === 'warn' || severity === 'info' ? severity : 'reject',
      event: typeof eventIndex === 'number' ? eventIndex : null,
      pointer: String(pointer ?? ''),
      detail: String(detail ?? ''),
    }),
  );
  return findingsText(findings);
}
