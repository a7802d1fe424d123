// `npm run test:syscalls`: a fault into single system calls of the durable path, then a restart; nothing acknowledged may
// be lost or doubled. The last line with --json is what test/run.mjs reads.
//
//   --most N (all)  --every N (1)  --seed N  --kinds fsync,…  --ways torn,…  --json

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../../bench/table.ts';
import { progressBar } from '../../engine/cli/progress.ts';
import { type Row, rowsOf, SCENARIOS, sampleRows } from './fault-rows.ts';
import { killedSite, type Outcome, runRow, traceCalls } from './fault-run.ts';
import { seeded } from './random.ts';
import { buildShim, SYSCALLS } from './shim.ts';

const OUTCOMES: readonly Outcome[] = ['killed', 'exit 70', 'exit 2', 'went on', 'not reached', 'otherwise'];

const { values } = parseArgs({
  options: {
    most: { type: 'string', default: 'Infinity' },
    every: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kinds: { type: 'string', default: SYSCALLS.join(',') },
    ways: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

/** Rows and faults by "kind way" and outcome. */
type Table = Map<string, { rows: number; faults: number; outcomes: Map<Outcome, number> }>;

async function chooseRows(shim: string, killed: Awaited<ReturnType<typeof killedSite>>): Promise<Row[]> {
  const kinds = values.kinds.split(',');
  const ways = values.ways?.split(',');
  const all: Row[] = [];
  for (const scenario of SCENARIOS) {
    const calls = await traceCalls(shim, scenario, killed);
    const rows = rowsOf(scenario, calls).filter(
      ({ kind, way }) => kinds.includes(kind) && (ways === undefined || ways.includes(way)),
    );
    console.log(`${scenario}: ${calls.length} calls, ${rows.length} faults of the kinds asked for`);
    all.push(...rows);
  }
  const every = Number(values.every);
  const spread = all.filter((_, i) => i % every === 0);
  return sampleRows(spread, Number(values.most), seeded(Number(values.seed)));
}

async function run(shim: string): Promise<{ table: Table; faults: number; rows: number }> {
  const killed = await killedSite();
  const rows = await chooseRows(shim, killed);
  const table: Table = new Map();
  const bar = progressBar('rows');
  let faulty = 0;
  for (const [done, row] of rows.entries()) {
    bar.update(done, rows.length, 0);
    const { outcome, faults, folder } = await runRow(row, shim, killed);
    const name = `${row.kind} ${row.way}`;
    const cell = table.get(name) ?? { rows: 0, faults: 0, outcomes: new Map() };
    table.set(name, cell);
    cell.rows += 1;
    cell.outcomes.set(outcome, (cell.outcomes.get(outcome) ?? 0) + 1);
    if (faults.length === 0) continue;
    cell.faults += 1;
    faulty += 1;
    const { scenario, kind, call, place, way } = row;
    for (const fault of faults)
      console.log(`FAULT ${scenario}, ${kind} ${call} on ${place}, ${way}: ${fault}`);
    console.log(`kept: ${folder}`);
  }
  bar.end();
  killed.site.remove();
  return { table, faults: faulty, rows: rows.length };
}

function tell(table: Table): void {
  const columns = ['call', 'way', 'rows', ...OUTCOMES, 'faults'].map((name) => ({ name, digits: 0 }));
  const rows = [...table].sort().map(([name, { rows, faults, outcomes }]) => {
    const [kind = '', way = ''] = name.split(' ');
    return [kind, way, rows, ...OUTCOMES.map((outcome) => outcomes.get(outcome) ?? 0), faults];
  });
  for (const line of formatTable(columns, rows)) console.log(line);
}

const folder = mkdtempSync(join(tmpdir(), 'firn-shim-'));
try {
  const built = buildShim(folder);
  if ('reason' in built) {
    console.log(`syscall faults: skipped, ${built.reason}`);
    const skipped = [{ name: 'syscall faults', reason: built.reason }];
    if (values.json) console.log(JSON.stringify({ passed: 0, failed: 0, skipped }));
  } else {
    console.log(`syscall faults: seed ${values.seed}`);
    const began = performance.now();
    const { table, faults, rows } = await run(built.path);
    tell(table);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`\n${rows} rows, ${faults} with faults, ${seconds} s (seed ${values.seed})`);
    if (values.json) {
      const counts = [...table].map(([name, cell]) => ({
        name,
        ...cell,
        outcomes: Object.fromEntries(cell.outcomes),
      }));
      console.log(JSON.stringify({ passed: rows - faults, failed: faults, table: counts }));
    }
    process.exitCode = faults === 0 ? 0 : 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
