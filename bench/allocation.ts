// `npm run bench:allocation`: what the hot path makes on the heap. At least a million frames go through each stage, in a
// process of its own: bytes per frame in a heap in which nothing is collected, scavenges per million frames in the usual
// one. What belongs to uWebSockets.js and to the view that a copy needs is measured apart from firn's own.

import { parseArgs } from 'node:util';
import { loadNative } from '../workers/native.ts';
import { runStage } from './allocation/run-stage.ts';
import { STAGES } from './allocation/stages.ts';
import { readMachine } from './machine.ts';
import { printReport, type Report, reportJson } from './report.ts';
import type { Cell } from './table.ts';

const FRAMES = 1_000_000;

function rowOf(stage: string, owner: string, frames: number): Cell[] {
  const bytes = runStage(stage, frames, 'bytes');
  const { scavenges, fullCollections, frames: through } = runStage(stage, frames, 'collections');
  return [
    stage,
    owner,
    bytes.bytesPerFrame,
    bytes.medianBytesPerFrame,
    (scavenges / through) * 1e6,
    (fullCollections / through) * 1e6,
  ];
}

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: String(FRAMES) },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const frames = Number(values.frames);
const only = values.only?.split(',');
const native = loadNative();
const stages = STAGES.filter(({ name }) => only === undefined || only.includes(name)).filter(
  ({ name }) => native.addon !== null || name !== 'worker-native',
);
if (!(frames > 0) || stages.length === 0) {
  console.error(`usage: npm run bench:allocation -- [--frames N] [--only NAME,…] [--json]`);
  console.error(`  --only  ${STAGES.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
const startedUtc = new Date().toISOString();
const machine = readMachine();
const report: Report = {
  name: 'allocation',
  startedUtc,
  machine,
  sections: [
    {
      key: 'allocation',
      title: `heap of the hot path, ${frames.toLocaleString('en')} frames of one record through each stage`,
      columns: [
        { name: 'stage' },
        { name: 'owner' },
        { name: 'bytes/frame', digits: 2 },
        { name: 'median', digits: 2 },
        { name: 'scavenges/million', digits: 1 },
        { name: 'full/million', digits: 1 },
      ],
      rows: stages.map(({ name, owner }) => rowOf(name, owner, frames)),
      notes: [
        ...stages.map(({ name, about }) => `${name}: ${about}`),
        ...(native.addon === null ? [`worker-native: not run, ${native.reason}`] : []),
      ],
    },
  ],
  plots: [],
};
if (values.json) console.log(JSON.stringify(reportJson(report), null, 2));
else printReport(report);
