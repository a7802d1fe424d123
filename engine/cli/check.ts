// `firn check`: validates EPCIS documents as a capture would, without an engine and without sending them. `--json` and
// `--events` are read by programs: their members and the order of them are fixed.

import type { CheckReport } from '../epcis/check.ts';
import { checkDocument } from '../epcis/check.ts';
import type { JudgedEvent, Profile } from '../epcis/judged.ts';
import { readTime } from '../epcis/time.ts';
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { type Document, glnGiven, openDocument, readDirectory } from './check-files.ts';
import { checkText } from './check-text.ts';
import { documentNames } from './document-file.ts';
import { progressBar } from './progress.ts';
import { onStopSignal } from './signals.ts';

export const spec: CommandSpec = {
  name: 'check',
  about: 'validates EPCIS documents without sending them',
  operands: 'FILE…',
  flags: {
    json: { help: 'print one JSON object per file' },
    events: { help: 'print one JSON object per event: canonical form, digest and event hash' },
    profile: { value: 'NAME', default: 'generic', help: 'generic, dscsa or r1.3-strict' },
    sender: { value: 'GLN', help: 'the partner whose credential would send it' },
    partners: { value: 'FILE', help: 'directory of partners: a JSON array of objects with a gln' },
    now: { value: 'RFC3339', help: 'the clock to judge by (that of this machine)' },
    behaviour: {
      value: 'NAME',
      default: 'rollback',
      help: 'rollback: one refused event refuses all; proceed: the others are taken',
    },
  },
  examples: [
    'firn check shipment.xml',
    'firn check --profile dscsa --sender 9521234000013 --partners glns.json shipment.jsonld',
    'firn check --json --behaviour proceed outbox/*.xml',
    'firn check --events shipment.jsonld',
    'curl -s https://partner.example/shipment.xml | firn check -',
  ],
  notes:
    'FILE - is the standard input. Nothing is known before each file.\nexit: 0 all accepted, 1 something is refused, 2 could not run, 130 after Ctrl-C',
};

interface Settings {
  readonly profile: Profile;
  readonly gln: string | null;
  readonly partners: ReadonlySet<string> | null;
  readonly nowMs: number;
  readonly staleMs: null;
  readonly behaviour: 'rollback' | 'proceed';
}

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const names = documentNames(args);
  if (args.switch('json') && args.switch('events'))
    throw args.fault('--json and --events are two outputs: give one of them');
  const settings = await settingsOf(args);
  const abort = new AbortController();
  const release = onStopSignal(() => abort.abort());
  let code = 0;
  try {
    for (const name of names) code = Math.max(code, await checkOne(name, settings, args, abort.signal));
    return code;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    console.error('firn check: stopped before the end, so there is no verdict');
    return 130;
  } finally {
    release();
  }
}

async function settingsOf(args: Arguments): Promise<Settings> {
  const directory = args.text('partners');
  const sender = args.text('sender');
  return {
    profile: oneOf(args, 'profile', ['generic', 'dscsa', 'r1.3-strict']),
    gln: sender === undefined ? null : glnGiven(sender, '--sender takes', args),
    partners: directory === undefined ? null : await readDirectory(directory, args),
    nowMs: nowOf(args),
    // Documents of other years are what people check: their age is for the engine to warn of.
    staleMs: null,
    behaviour: oneOf(args, 'behaviour', ['rollback', 'proceed']),
  };
}

function oneOf<T extends string>(args: Arguments, name: string, words: readonly T[]): T {
  const sent = args.text(name);
  const word = words.find((each) => each === sent);
  if (word !== undefined) return word;
  throw args.fault(`--${name} is ${words.join(' or ')}, not ${JSON.stringify(sent)}`);
}

function nowOf(args: Arguments): number {
  const sent = args.text('now');
  if (sent === undefined) return Date.now();
  const ms = readTime(sent);
  if (ms !== null) return ms;
  throw args.fault(`--now takes a time such as 2026-01-01T00:00:00Z, not ${JSON.stringify(sent)}`);
}

/** @returns 0, 1 or 2 */
async function checkOne(
  name: string,
  settings: Settings,
  args: Arguments,
  signal: AbortSignal,
): Promise<number> {
  let document: Document;
  try {
    document = await openDocument(name);
  } catch (error) {
    return unreadable(name, error);
  }
  const bar = progressBar('bytes');
  // The document is read twice: for its head, then for its events.
  const onBytes = (bytes: number): void | Promise<void> => {
    bar.update(bytes, document.bytes * 2, bytes);
    return args.switch('events') ? drained() : undefined;
  };
  const lines = new EventLines();
  try {
    const report = await checkDocument(document.open, {
      ...settings,
      signal,
      onBytes,
      ...(args.switch('events') ? { onEvent: (event: JudgedEvent) => lines.print(event) } : {}),
    });
    bar.end();
    if (args.switch('events')) return lines.end(name, report);
    print(name, report, args);
    return report.outcome === 'accept_all' ? 0 : 1;
  } catch (error) {
    bar.end();
    if (signal.aborted || !isSystemError(error)) throw error;
    return unreadable(name, error);
  } finally {
    await document.close();
  }
}

function print(name: string, report: CheckReport, args: Arguments): void {
  const { outcome, events, accepted, findings } = report;
  if (args.switch('json')) {
    const told = findings.map(({ code, severity, event, pointer, detail }) => ({
      code,
      severity,
      event,
      pointer,
      detail,
    }));
    process.stdout.write(`${JSON.stringify({ file: name, outcome, events, accepted, findings: told })}\n`);
  } else process.stdout.write(checkText(name, report, process.stdout.isTTY === true));
}

/** The output of `--events`: a line for each event that has a canonical form. */
class EventLines {
  #without = 0;
  #printed = 0;

  print({ index, canonical }: JudgedEvent): void {
    if (canonical === null) {
      this.#without += 1;
      console.error(`firn check: event ${index} has no canonical form`);
      return;
    }
    this.#printed += 1;
    // `canonical.json` is the canonical text: parsing it only to write it again could change it.
    const { hash, ni, json } = canonical;
    process.stdout.write(
      `{"event":${index},"event_hash":"${hash}","ni":${JSON.stringify(ni)},"canonical":${json}}\n`,
    );
  }

  /** @returns the exit code for the file */
  end(name: string, report: CheckReport): number {
    // A document that is refused may have broken off before its last event.
    const isWhole = this.#printed + this.#without === report.events && report.events > 0;
    const why = report.findings.find(({ event, severity }) => event === null && severity === 'reject');
    if (!isWhole && why !== undefined) {
      console.error(`firn check: ${name}: ${why.code}: ${why.detail}`);
      return 1;
    }
    return this.#without > 0 ? 1 : 0;
  }
}

/** Waits while the reader of the standard output is behind. */
function drained(): void | Promise<void> {
  if (!process.stdout.writableNeedDrain) return undefined;
  return new Promise((resolve) => {
    const go = (): void => {
      process.stdout.off('drain', go).off('close', go).off('error', go);
      resolve();
    };
    process.stdout.once('drain', go).once('close', go).once('error', go);
  });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function unreadable(name: string, error: unknown): number {
  if (!isSystemError(error)) throw error;
  console.error(`firn check: cannot read ${name}: ${error.message}`);
  return 2;
}
