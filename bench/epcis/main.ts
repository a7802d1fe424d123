// `npm run bench:epcis`: documents of partners: judging them beside JSON.parse, a stylesheet and a DOM, their memory, the
// ledger by batch, and how soon a capture is answered.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPglite } from '../../engine/ledger/pglite.ts';
import { measureLedger } from '../ledger/main.ts';
import type { Plot } from '../plot.ts';
import type { Section } from '../report.ts';
import { type Part, type Run, runParts } from '../run.ts';
import { type MeasuredWork, measureArms, sectionOfWork } from './arms.ts';
import { SHAPES } from './documents.ts';
import { measureHalfLoad } from './half-load.ts';
import { prepareJson } from './judge-json.ts';
import { prepareXml } from './judge-xml.ts';
import { measureMemory } from './memory.ts';

const ROUNDS = 5;
/** Captures are taken ten times as fast as the ledger judges them: what a longer load leaves takes minutes to drain. */
const MOST_SECONDS = 2;
const MEGABYTES = [10, 100, 300];

async function judging(run: Run): Promise<MeasuredWork[]> {
  const measured: MeasuredWork[] = [];
  const missing = new Set<string>();
  for (const shape of SHAPES) {
    const digests = new Set<string>();
    for (const form of ['json-urn', 'json-dl'] as const) {
      run.progress(`judging ${form}, ${shape} events`);
      const { work, arms, answer } = prepareJson(form, shape);
      digests.add(answer.digest);
      const result = await measureArms(work, arms, ROUNDS);
      run.add(sectionOfWork(result, 'JSON.parse'));
      measured.push(result);
    }
    for (const form of ['xml-1.2', 'xml-2.0'] as const) {
      run.progress(`judging ${form}, ${shape} events`);
      const prepared = prepareXml(form, shape);
      digests.add(prepared.answer.digest);
      for (const sentence of prepared.missing) missing.add(sentence);
      try {
        for (const { work, arms } of prepared.works) {
          const result = await measureArms(work, arms, ROUNDS);
          run.add(sectionOfWork(result, 'firn'));
          measured.push(result);
        }
      } finally {
        prepared.close();
      }
    }
    // One description, four forms: if the digests of their events differ, one of them was judged wrongly.
    if (digests.size !== 1) throw new Error(`${shape} events: the four forms have different digests`);
  }
  if (missing.size > 0) run.add(absent([...missing]));
  return measured;
}

function absent(sentences: readonly string[]): Section {
  return { key: 'missing', title: 'Not measured', columns: [], rows: [], notes: sentences };
}

function plotOf(measured: readonly MeasuredWork[], { machine }: Run): Plot & { file: string } {
  return {
    file: 'epcis.svg',
    title: 'Documents: cost of an object, from bytes to verdict',
    subtitle: `CPU, lower is better; ${machine.cpu}, Node ${machine.node}, commit ${machine.commit?.slice(0, 12) ?? 'unknown'}`,
    unit: 'ns per object (EPC)',
    scale: 'log',
    groups: measured.map(({ work, arms }) => ({
      heading: work.title,
      bars: arms.map(({ name, kind, ms, times }, i) => ({
        label: name,
        value: (ms.median * 1e6) / work.rows,
        kind,
        ...(i === 0 ? {} : { note: `${times.ratio.toFixed(2)}×` }),
      })),
    })),
  };
}

async function ledger(run: Run): Promise<void> {
  run.progress('ledger: batch and row by row');
  const folder = mkdtempSync(join(tmpdir(), 'firn-bench-ledger-'));
  const database = await openPglite(join(folder, 'ledger'));
  try {
    run.add(await measureLedger(database, ROUNDS));
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const EPCIS: Part = {
  name: 'epcis',
  about: 'EPCIS documents: judging, memory, ledger, captures over HTTP',
  seconds: 5,
  run: async (run) => {
    // First, while this process, which is the client, is small.
    const halfLoad = await measureHalfLoad(Math.min(run.seconds, MOST_SECONDS), run.progress);
    const measured = await judging(run);
    run.plot(plotOf(measured, run));
    run.add(measureMemory(['json-urn', 'xml-1.2'], MEGABYTES, run.progress));
    await ledger(run);
    run.add(halfLoad);
  },
};

if (import.meta.filename === process.argv[1]) await runParts('epcis', [EPCIS]);
