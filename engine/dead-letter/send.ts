// Sends dead letters to a running engine, a few records a request, one request after the other. Every request may be sent
// again: the engine knows each record by its reference. So a lost answer, a full engine or one that restarts means waiting.

import { setTimeout as wait } from 'node:timers/promises';
import type { LetterLake } from './lake.ts';
import { type Letter, lettersNamed, streamOf } from './letters.ts';
import type { Plan } from './plan.ts';

/** Bytes of records in one request; a longer one goes alone. */
const REQUEST_BYTES = 48 * 1024;
const REQUEST_RECORDS = 32;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** Without any progress for this long the engine is given up. */
const GIVE_UP_MS = 120_000;

/** The engine cannot be reached, or will not take what it is sent. What was told before is done. */
export class SendError extends Error {
  override readonly name = 'SendError';
}

/** What came of one record. `earlier`: it had been replayed before, and this was the outcome then. */
export interface Sent {
  readonly letter: Letter;
  readonly earlier: boolean;
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: readonly { readonly record: number; readonly code: string; readonly detail: string }[];
}

export interface SendOptions {
  readonly to: string;
  readonly token: string | null;
  readonly actor: string;
  readonly reason: string;
  /** What the records are judged by: `name/version`; null = by the stream's own schema, or see `schemaOf`. */
  readonly schema: string | null;
  readonly signal: AbortSignal;
  readonly giveUpMs?: number;
}

interface Answer {
  readonly records: readonly (Omit<Sent, 'letter' | 'earlier'> & {
    readonly line: number;
    readonly duplicate: boolean;
  })[];
}

/** Sends what the plan has, in its order. Each record is told once what came of it is durable. */
export async function* sendPlan(lake: LetterLake, plan: Plan, options: SendOptions): AsyncGenerator<Sent> {
  for (const { object, lines, again } of plan.batches) {
    const letters = await lettersNamed(lake, { object, lines });
    // Letters of one object are of one stream.
    const stream = letters[0] === undefined ? object.stream : await streamOf(lake, letters[0]);
    for (const part of parts(letters, options.schema)) yield* sendPart(part, stream, again, options);
  }
}

/**
 * The schema to ask for; null = the stream's own. A frame that was not looked into was judged by none: it is still meant for
 * the one that its sender named.
 */
function schemaOf({ members }: Letter, asked: string | null): string | null {
  if (asked !== null) return asked;
  return members.code === 'schema.unknown' ? members.schema : null;
}

/** Letters that go together: not too many, and to be judged by one schema. */
function* parts(letters: readonly Letter[], schema: string | null): Generator<readonly Letter[]> {
  let part: Letter[] = [];
  let bytes = 0;
  for (const letter of letters) {
    const length = letter.members.raw_b64.length;
    const [first] = part;
    const full = part.length === REQUEST_RECORDS || bytes + length > REQUEST_BYTES;
    if (first !== undefined && (full || schemaOf(first, schema) !== schemaOf(letter, schema))) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(letter);
    bytes += length;
  }
  if (part.length > 0) yield part;
}

async function* sendPart(
  part: readonly Letter[],
  stream: string,
  again: number,
  options: SendOptions,
): AsyncGenerator<Sent> {
  const { actor, reason } = options;
  const first = part[0] as Letter;
  const head = { object: first.object.key, actor, reason, again };
  const body = part.map(({ line, members: { code, raw_b64, received_utc } }) => ({
    line,
    code,
    raw_b64,
    received_utc,
  }));
  const schema = schemaOf(first, options.schema);
  const path = `/v1/streams/${stream}/replay${schema === null ? '' : `?schema=${schema}`}`;
  const text = [head, ...body].map((line) => JSON.stringify(line)).join('\n');
  const answer = await postUntilTaken(path, 'application/x-ndjson', text, options);
  if (answer === 'too-large' && part.length > 1) {
    const half = Math.ceil(part.length / 2);
    yield* sendPart(part.slice(0, half), stream, again, options);
    yield* sendPart(part.slice(half), stream, again, options);
    return;
  }
  if (answer === 'too-large')
    throw new SendError(`${first.reference} is longer than the engine takes: raise limits.maxFrameBytes`);
  const outcomes = new Map((answer as Answer).records.map((outcome) => [outcome.line, outcome]));
  for (const letter of part) {
    const outcome = outcomes.get(letter.line);
    if (outcome === undefined) throw new SendError(`the engine said nothing about ${letter.reference}`);
    const { duplicate, accepted, rejected, errors } = outcome;
    yield { letter, earlier: duplicate, accepted, rejected, errors };
  }
}

/** Posts until the engine has answered for good. @throws SendError */
export async function postUntilTaken(
  path: string,
  type: string,
  body: string,
  { to, token, signal, giveUpMs = GIVE_UP_MS }: Pick<SendOptions, 'to' | 'token' | 'signal' | 'giveUpMs'>,
): Promise<unknown | 'too-large'> {
  const headers: Record<string, string> = { 'content-type': type };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  const began = performance.now();
  let why = '';
  for (let tries = 0; performance.now() - began < giveUpMs; tries += 1) {
    let retryMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** tries) * (0.5 + Math.random() / 2);
    try {
      const response = await fetch(new URL(path, to), {
        method: 'POST',
        headers,
        body,
        signal,
        redirect: 'error',
      });
      const answer: unknown = await response.json();
      if (response.ok) return answer;
      const { code = '', detail = '' } = answer as { code?: string; detail?: string };
      why = `${response.status} ${code}: ${detail}`;
      if (response.status === 413 && code !== 'replay.record-too-large') return 'too-large';
      if (![409, 429, 503].includes(response.status)) throw new SendError(`${to} answers ${why}`);
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      if (seconds >= 0) retryMs = Math.max(retryMs, seconds * 1000);
    } catch (error) {
      if (error instanceof SendError || signal.aborted) throw error;
      const { message, cause } = error as Error & { cause?: Error };
      why = cause?.message ?? message;
    }
    await wait(Math.min(retryMs, Math.max(0, giveUpMs - (performance.now() - began))), undefined, { signal });
  }
  throw new SendError(`${to} took nothing for ${Math.round(giveUpMs / 1000)} s: ${why}`);
}

/** Which log the engine at `to` writes. @throws SendError */
export async function engineAt(to: string, token: string | null, signal: AbortSignal): Promise<string> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch(new URL('/v1/status', to), { headers, signal, redirect: 'error' });
    const answer = (await response.json()) as { engine?: string; code?: string; detail?: string };
    if (response.ok && typeof answer.engine === 'string') return answer.engine;
    throw new SendError(
      `${to} answers ${response.status} ${answer.code ?? ''}: ${answer.detail ?? 'no firn engine'}`,
    );
  } catch (error) {
    if (error instanceof SendError || signal.aborted) throw error;
    const { message, cause } = error as Error & { cause?: Error };
    throw new SendError(`no engine answers at ${to}: ${cause?.message ?? message}`);
  }
}
