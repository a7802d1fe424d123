// `firn dead-letter replay`: sends refused records through a running engine once more, and asks it to send again what is in
// quarantine.

import { hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { LetterLake } from '../dead-letter/lake.ts';
import { type Plan, planReplay, type Skipped } from '../dead-letter/plan.ts';
import {
  engineAt,
  postUntilTaken,
  SendError,
  type SendOptions,
  type Sent,
  sendPlan,
} from '../dead-letter/send.ts';
import { SCHEMA_ID } from '../schema/unknown.ts';
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.ts';
import {
  filterFlags,
  filterOf,
  fitted,
  lakeOperand,
  orCannot,
  visible,
  withLake,
} from './dead-letter-arguments.ts';
import { progressBar } from './progress.ts';
import { s3Flags } from './s3-flags.ts';
import { onStopSignal } from './signals.ts';
import { tokenOf } from './token.ts';
import { counted } from './words.ts';

/** So many rows are told as they come, also on a terminal. */
const MAX_LIVE_ROWS = 50;

const { to: untilFlag, ...filters } = filterFlags;

export const spec: CommandSpec = {
  name: 'dead-letter replay',
  about: 'sends refused records through a running engine again, exactly once',
  operands: 'LAKE [REF…]',
  flags: {
    to: { value: 'URL', default: 'http://127.0.0.1:9400', help: 'the engine that writes this lake' },
    reason: { value: 'TEXT', help: 'why: it goes into the audit trail' },
    actor: { value: 'NAME', help: 'who: it goes into the audit trail (your user name and host)' },
    'token-file': { value: 'FILE', help: 'the token to use, with the right to replay (else FIRN_TOKEN)' },
    ...filters,
    until: untilFlag as NonNullable<typeof untilFlag>,
    schema: { value: 'NAME/VERSION', help: "judge them by this schema of the stream (the stream's own)" },
    again: { help: 'also what was replayed before: it is then in the lake twice' },
    quarantined: { help: 'ask the engine to send again what the sink set aside; takes no LAKE' },
    'dry-run': { help: 'show what would be sent, and send nothing' },
    yes: { help: 'do not ask, on a terminal' },
    ...s3Flags,
    json: { help: 'one JSON object a line' },
  },
  examples: [
    'firn dead-letter replay ./firn-data/lake 057e19ab34cd:7 --reason "sensor renamed"',
    'firn dead-letter replay ./firn-data/lake --code field.unknown --from 2026-01-31 --reason "fields added" --dry-run',
    'firn dead-letter replay --quarantined --to https://cold.example:9400 --token-file ops.token --reason "bucket policy"',
  ],
  notes:
    'The original stays. A record that is refused again gets a new dead letter, whose source names the first.\nexit: 0 all accepted (or nothing to send), 1 some refused again, 2 could not run, 130 after Ctrl-C',
};

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const abort = new AbortController();
  const release = onStopSignal(() => abort.abort());
  try {
    const options = sendOptions(args, abort.signal);
    return await orCannot('replay', () =>
      args.switch('quarantined')
        ? resend(args, options)
        : withLake(args, lakeOperand(args), (lake) => replay(lake, args, options)),
    );
  } catch (error) {
    if (abort.signal.aborted) {
      console.error(
        'firn dead-letter replay: stopped; what was told is done, and the same command goes on from there',
      );
      return 130;
    }
    if (!(error instanceof SendError)) throw error;
    console.error(`firn dead-letter replay: ${visible(error.message)}`);
    return 2;
  } finally {
    release();
  }
}

function sendOptions(args: Arguments, signal: AbortSignal): SendOptions {
  const to = args.text('to') as string;
  if (!URL.canParse(to) || !/^https?:$/.test(new URL(to).protocol))
    throw args.fault(
      `--to takes the address of an engine, such as http://127.0.0.1:9400, not ${JSON.stringify(to)}`,
    );
  const reason = args.text('reason')?.trim() ?? '';
  if (reason === '' && !args.switch('dry-run'))
    throw args.fault('why? Give --reason TEXT: it goes into the audit trail');
  const actor = args.text('actor') ?? `${userName()}@${hostname()}`.slice(0, 100);
  const schema = args.text('schema') ?? null;
  if (schema !== null && !SCHEMA_ID.test(schema))
    throw args.fault(
      `--schema takes a name and a version, such as telemetry/2, not ${JSON.stringify(schema)}`,
    );
  return { to, token: tokenOf(args), actor, reason, schema, signal };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in containers.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

async function resend(args: Arguments, options: SendOptions): Promise<number> {
  if (args.operands.length > 0)
    throw args.fault('--quarantined takes no lake: the engine knows what it set aside');
  if (args.switch('dry-run'))
    throw args.fault('firn dead-letter list --data DIR shows what is in quarantine');
  const { actor, reason } = options;
  // Says at once that nobody answers; the order itself waits for an engine that is busy.
  await engineAt(options.to, options.token, options.signal);
  const body = JSON.stringify({ actor, reason });
  const { sent, left } = (await postUntilTaken(
    '/v1/quarantine/resend',
    'application/json',
    body,
    options,
  )) as {
    sent: number;
    left: number;
  };
  if (args.switch('json')) console.log(JSON.stringify({ sent, left }));
  else console.log(`${counted(sent, 'object')} sent, ${counted(left, 'object')} left in quarantine`);
  return left === 0 ? 0 : 1;
}

async function replay(lake: LetterLake, args: Arguments, options: SendOptions): Promise<number> {
  const references = args.operands.slice(1);
  const filter = filterOf(args, 'until');
  if (references.length > 0 && Object.keys(filter).length > 0)
    throw args.fault('give references or filters, not both');
  const plan = await planReplay(lake, { references, filter, again: args.switch('again') });
  const report = new Report(args.switch('json'));
  if (references.length > 0 && plan.skipped.length > 0) {
    for (const skipped of plan.skipped) report.refuse(skipped);
    return 2;
  }
  for (const skipped of plan.skipped) report.skipped(skipped);
  if (plan.ofCaptures > 0)
    console.error(
      `${counted(plan.ofCaptures, 'refused event')} of captures left out: send their documents again`,
    );
  if (args.switch('dry-run')) return dryRun(plan, report);
  if (plan.records === 0) {
    if (!args.switch('json')) console.log('nothing to replay');
    return 0;
  }
  await checkEngine(lake, options);
  if (!args.switch('yes') && !(await confirmed(plan, options))) return 2;
  // On a terminal a long run is a bar and then what was refused; rows in between would tear the bar.
  const asBar = process.stdout.isTTY === true && plan.records > MAX_LIVE_ROWS && !args.switch('json');
  const bar = progressBar('records');
  let done = 0;
  let bytes = 0;
  try {
    for await (const sent of sendPlan(lake, plan, options)) {
      done += 1;
      bytes += Math.floor((sent.letter.members.raw_b64.length * 3) / 4);
      if (asBar) bar.update(done, plan.records, bytes);
      report.sent(sent, asBar);
    }
  } finally {
    bar.end();
  }
  return report.end();
}

/** Records that are replayed into another lake would be in none that this one's auditor sees. */
async function checkEngine(lake: LetterLake, { to, token, signal }: SendOptions): Promise<void> {
  const engine = await engineAt(to, token, signal);
  if ((await lake.objects(`_log/${engine}`)).includes('checkpoint')) return;
  throw new SendError(`the engine at ${to} is ${engine}, which does not write the lake ${lake.where}`);
}

async function confirmed({ records }: Plan, { to, signal }: SendOptions): Promise<boolean> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return true;
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`replay ${counted(records, 'record')} to ${to}? [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

function dryRun(plan: Plan, report: Report): number {
  for (const { object, lines, again } of plan.batches) report.would(object.key, lines, again);
  if (!report.json)
    console.log(`${counted(plan.records, 'record')} would be sent, ${plan.skipped.length} not`);
  return 0;
}

/** What is told of each record, as a table or as JSON lines. */
class Report {
  readonly json: boolean;
  #accepted = 0;
  #rejected = 0;
  #earlier = 0;
  #skipped = 0;
  readonly #late: (() => void)[] = [];

  constructor(json: boolean) {
    this.json = json;
  }

  would(key: string, lines: readonly number[], again: number): void {
    for (const line of lines)
      this.#row(`${key}:${line}`, 'would be sent', again === 0 ? '' : `replayed ${again} times before`, {
        again,
      });
  }

  skipped({ letter, last }: Skipped): void {
    this.#skipped += 1;
    this.#row(letter.reference, 'not sent', this.#before(last), { replay: last });
  }

  refuse({ letter, last }: Skipped): void {
    console.error(
      `firn dead-letter replay: ${letter.reference}: ${visible(this.#before(last))}; --again sends it all the same`,
    );
  }

  /** `late`: only what was not accepted, and at the end. */
  sent({ letter, earlier, accepted, rejected, errors }: Sent, late: boolean): void {
    const [first] = errors;
    const outcome = rejected === 0 ? 'accepted' : 'refused again';
    if (earlier) this.#earlier += 1;
    else if (rejected === 0) this.#accepted += 1;
    else this.#rejected += 1;
    const why = first === undefined ? '' : `${first.code}: ${first.detail}`;
    const detail = earlier ? `when it was replayed before ${why}`.trim() : why;
    const tell = (): void =>
      this.#row(letter.reference, outcome, detail, { earlier, accepted, rejected, errors });
    if (!late) tell();
    else if (rejected > 0) this.#late.push(tell);
  }

  end(): number {
    for (const tell of this.#late) tell();
    const parts = [`${counted(this.#accepted, 'record')} accepted`, `${this.#rejected} refused again`];
    if (this.#earlier > 0) parts.push(`${this.#earlier} replayed before`);
    if (this.#skipped > 0) parts.push(`${this.#skipped} not sent`);
    if (!this.json) console.log(parts.join(', '));
    return this.#rejected === 0 ? 0 : 1;
  }

  #before({ atUtc, actor, outcome, code }: Skipped['last']): string {
    const came = {
      accepted: 'accepted then',
      refused: `refused again with ${code ?? 'no code'}: its newer dead letter stands for it`,
      unknown: 'what came of it is not recorded',
    }[outcome];
    return `replayed at ${atUtc} by ${actor}, ${came}`;
  }

  #row(reference: string, result: string, detail: string, facts: object): void {
    if (this.json) console.log(JSON.stringify({ reference, result, ...facts }));
    else {
      const short = reference.replace(/^.*batch_([0-9a-f]{12}).*:(\d+)$/, '$1:$2');
      console.log(fitted(visible(`${short.padEnd(17)}  ${result.padEnd(13)}  ${detail}`.trimEnd())));
    }
  }
}
