// `npm run bench:guard`: ratios taken in this one run against the floors of bench/floors.json; a ratio below its floor fails
// by name. No absolute time is a floor: a slow machine slows both sides of a ratio.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../root.ts';
import { formatTable } from '../table.ts';
import { FLOOR_SHARE, type Floors, floorsOf, type Judged, judge } from './judge.ts';
import { codecRatios, epcisRatios, socketRatios } from './ratios.ts';

const FILE = join(ROOT, 'bench/floors.json');
const USAGE = `usage: npm run bench:guard -- [--update] [--json]
  --update  write bench/floors.json anew, at ${100 * FLOOR_SHARE} % of what this run measures
  --json    print JSON instead of a table
Exit code: 0 = every ratio is at or above its floor, 1 = one is not or could not be taken, 2 = bad options.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      update: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { ratios: codec, missing: noCodec } = await codecRatios();
  const { ratios: epcis } = await epcisRatios();
  const { ratios: sockets, missing: noSockets } = await socketRatios();
  const ratios = { ...codec, ...epcis, ...sockets };
  const missing = [...noCodec, ...noSockets];
  if (values.update) {
    writeFileSync(FILE, `${JSON.stringify(floorsOf(ratios), null, 2)}\n`);
    if (!values.json) console.log(`wrote ${FILE}`);
  }
  const rows = judge(ratios, JSON.parse(readFileSync(FILE, 'utf8')) as Floors);
  const failed = rows.filter(({ verdict }) => verdict === 'below its floor');
  if (values.json) console.log(JSON.stringify({ rows, missing }, null, 2));
  else print(rows, missing);
  for (const { name, ratio, floor } of failed) {
    console.error(`bench:guard: ${name} is ${(ratio as number).toFixed(2)}, below its floor of ${floor}`);
  }
  return failed.length === 0 ? 0 : 1;
}

function print(rows: readonly Judged[], missing: readonly string[]): void {
  const columns = [
    { name: 'ratio' },
    { name: 'now', digits: 2 },
    { name: 'floor', digits: 2 },
    { name: 'measured once', digits: 2 },
    { name: '' },
  ];
  const cells = rows.map(({ name, ratio, floor, measured, verdict }) => [
    name,
    ratio,
    floor,
    measured,
    verdict,
  ]);
  for (const line of formatTable(columns, cells)) console.log(line);
  for (const sentence of missing) console.log(`skipped: ${sentence}`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const bad = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') ?? false;
    console.error(error instanceof Error ? error.message : error);
    if (bad) console.error(USAGE);
    process.exitCode = bad ? 2 : 1;
  },
);
