// What the subcommands of `firn dead-letter` have in common: the lake, the filters, and how text from outside is shown.

import { type LetterLake, openLake } from '../dead-letter/lake.ts';
import type { Filter } from '../dead-letter/letters.ts';
import { VerifyError } from '../verify/files.ts';
import { isDay } from '../verify/instant.ts';
import type { Arguments, Flag } from './arguments.ts';
import { s3Settings } from './s3-flags.ts';

const DAY_MS = 86_400_000;

export const filterFlags: Readonly<Record<string, Flag>> = {
  stream: { value: 'NAME', help: 'only refused records of this stream' },
  code: { value: 'CODE', help: 'only records refused with this code, or with one that begins so (json.)' },
  from: {
    value: 'TIME',
    help: 'only records received at this time or later: 2026-01-31 or 2026-01-31T12:00:00Z',
  },
  to: { value: 'TIME', help: 'only records received before this time; of a day, also on it' },
};

/** The filter of a command line. */
export function filterOf(args: Arguments, to = 'to'): Filter {
  const stream = args.text('stream');
  const code = args.text('code');
  const fromMs = timeOf(args, 'from', 0);
  const toMs = timeOf(args, to, DAY_MS);
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs)
    throw args.fault(`--${to} is not after --from`);
  return {
    ...(stream !== undefined && { stream }),
    ...(code !== undefined && { code }),
    ...(fromMs !== undefined && { fromMs }),
    ...(toMs !== undefined && { toMs }),
  };
}

/** A time option as Unix ms; a day counts as its beginning and `dayAddsMs`. */
function timeOf(args: Arguments, name: string, dayAddsMs: number): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  if (isDay(text)) return Date.parse(`${text}T00:00:00Z`) + dayAddsMs;
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (ms >= 0) return ms;
  throw args.fault(
    `--${name} takes a day (2026-01-31) or a time in UTC (2026-01-31T12:00:00Z), not ${JSON.stringify(text)}`,
  );
}

/** The lake that the first operand names. */
export function lakeOperand(args: Arguments): string {
  const [lake] = args.operands;
  if (lake === undefined)
    throw args.fault('which lake? Give the folder that holds _log, or s3://BUCKET/PREFIX');
  return lake;
}

/** Works on a lake, and lets go of it. @throws VerifyError when there is none */
export async function withLake<T>(
  args: Arguments,
  lake: string,
  work: (opened: LetterLake) => Promise<T>,
): Promise<T> {
  const opened = await openLake({ lake, s3: s3Settings(args, lake) });
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

/** Runs a subcommand: what cannot be read is exit 2 and one line. */
export async function orCannot(name: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    console.error(`firn dead-letter ${name}: ${error.message}`);
    return 2;
  }
}

/** Text from outside, safe for a terminal: control characters and what turns the direction of writing are made visible. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Cuts a line at the width of the terminal; whole where the output is none. */
export function fitted(line: string): string {
  const { isTTY, columns } = process.stdout;
  if (isTTY !== true || line.length <= (columns ?? 80)) return line;
  return `${line.slice(0, Math.max(20, (columns ?? 80) - 1))}…`;
}
