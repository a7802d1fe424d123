// `firn dead-letter list`: refused records as a table, as JSON lines or counted, and what is in quarantine.

import type { LetterLake } from '../dead-letter/lake.ts';
import { type Letter, letterObjects, letterStreams, lettersOf } from '../dead-letter/letters.ts';
import { dataFolderOf, listQuarantine, type Quarantined } from '../dead-letter/quarantine.ts';
import { isS3 } from '../s3/address.ts';
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { filterFlags, filterOf, fitted, orCannot, visible, withLake } from './dead-letter-arguments.ts';
import { s3Flags } from './s3-flags.ts';
import { count, counted } from './words.ts';

export const spec: CommandSpec = {
  name: 'dead-letter list',
  about: 'lists refused records, by stream and day, and objects in quarantine',
  operands: 'LAKE',
  flags: {
    ...filterFlags,
    limit: { value: 'N', help: 'stop after this many records' },
    summary: { help: 'counts by stream and code instead' },
    data: {
      value: 'DIR',
      help: "list also what is in quarantine there (the folder round LAKE, when it is an engine's)",
    },
    ...s3Flags,
    json: { help: 'one JSON object a line: the whole dead letter and its reference' },
  },
  examples: [
    'firn dead-letter list ./firn-data/lake',
    'firn dead-letter list ./firn-data/lake --stream coldchain --code json. --from 2026-01-31',
    'firn dead-letter list ./firn-data/lake --summary',
    'firn dead-letter list --data ./firn-data',
  ],
  notes:
    'The last column is the reference: show and replay take it, or KEY:LINE as in --json.\nexit: 0 listed, 2 could not read',
};

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const lake = args.operand('lake');
  if (lake === undefined && args.text('data') === undefined)
    throw args.fault('which lake? Give the folder that holds _log, or s3://BUCKET/PREFIX');
  return orCannot('list', async () => {
    if (lake !== undefined)
      await withLake(args, lake, (opened) => (args.switch('summary') ? summary : letters)(opened, args));
    const data = args.text('data') ?? (lake === undefined || isS3(lake) ? null : dataFolderOf(lake));
    if (data !== null) {
      const objects = listQuarantine(data);
      quarantine(objects, args.switch('json'));
      if (lake === undefined && objects.length === 0 && !args.switch('json'))
        console.log('nothing in quarantine');
    }
    return 0;
  });
}

async function letters(opened: LetterLake, args: Arguments): Promise<void> {
  const json = args.switch('json');
  const limit = args.number('limit', { min: 1, integer: true }) ?? Number.POSITIVE_INFINITY;
  const filter = filterOf(args);
  const streams = await letterStreams(opened);
  const width = Math.max(6, ...streams.map((stream) => stream.length));
  let listed = 0;
  for await (const object of letterObjects(opened, filter)) {
    for (const letter of await lettersOf(opened, object, filter)) {
      if (listed === limit) {
        if (!json) console.log(`there are more: this list ends after --limit ${count(limit)}`);
        return;
      }
      if (listed === 0 && !json)
        console.log(row(width, 'received', 'stream', 'code', 'reference', 'source', 'detail'));
      console.log(json ? JSON.stringify(jsonOf(letter)) : textOf(letter, width));
      listed += 1;
    }
  }
  if (!json) console.log(listed === 0 ? 'no refused records' : counted(listed, 'refused record'));
}

function jsonOf({ reference, short, object, line, members }: Letter): object {
  return { reference, short, stream: object.stream, key: object.key, line, ...members };
}

function textOf({ object, short, members }: Letter, width: number): string {
  const { received_utc, code, detail, source } = members;
  const from = [source.principal ?? '?', source.session, source.frame, source.record]
    .filter((part) => part !== null)
    .join('/');
  return fitted(visible(row(width, received_utc, object.stream, code, short, from, detail)));
}

function row(
  width: number,
  received: string,
  stream: string,
  code: string,
  reference: string,
  source: string,
  detail: string,
): string {
  return `${received.padEnd(24)}  ${stream.padEnd(width)}  ${code.padEnd(21)}  ${reference.padEnd(17)}  ${source.padEnd(24)}  ${detail}`.trimEnd();
}

async function summary(opened: LetterLake, args: Arguments): Promise<void> {
  const filter = filterOf(args);
  const counts = new Map<
    string,
    { stream: string; code: string; records: number; first: string; last: string }
  >();
  for await (const object of letterObjects(opened, filter)) {
    for (const { members } of await lettersOf(opened, object, filter)) {
      const { code, received_utc: time } = members;
      const id = `${object.stream} ${code}`;
      const known = counts.get(id) ?? { stream: object.stream, code, records: 0, first: time, last: time };
      known.records += 1;
      if (time < known.first) known.first = time;
      if (time > known.last) known.last = time;
      counts.set(id, known);
    }
  }
  const rows = [...counts.values()].sort((a, b) => a.stream.localeCompare(b.stream) || b.records - a.records);
  if (args.switch('json')) {
    for (const each of rows) console.log(JSON.stringify(each));
    return;
  }
  const width = Math.max(6, ...rows.map(({ stream }) => stream.length));
  if (rows.length > 0)
    console.log(`${'stream'.padEnd(width)}  ${'code'.padEnd(21)}  ${'records'.padStart(9)}  received`);
  for (const { stream, code, records, first, last } of rows)
    console.log(
      visible(
        `${stream.padEnd(width)}  ${code.padEnd(21)}  ${count(records).padStart(9)}  ${first} to ${last}`,
      ),
    );
  const total = rows.reduce((sum, { records }) => sum + records, 0);
  console.log(total === 0 ? 'no refused records' : counted(total, 'refused record'));
}

function quarantine(objects: readonly Quarantined[], json: boolean): void {
  for (const object of objects) {
    const { index, bytes, sinceUtc, key, records } = object;
    const what = key === null ? 'not in the local log' : `${counted(records ?? 0, 'record')}  ${key}`;
    console.log(
      json
        ? JSON.stringify({ quarantined: object })
        : `in quarantine since ${sinceUtc}: seal ${index}, ${count(bytes)} bytes, ${what}`,
    );
  }
  if (!json && objects.length > 0)
    console.log(`${counted(objects.length, 'object')} in quarantine: firn dead-letter replay --quarantined`);
}
