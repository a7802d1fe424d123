// `npm run bench:allocation`: what the hot path makes on the heap. At least a million frames go through each stage, in a
// process of its own: bytes per frame in a heap in which nothing is collected, scavenges per million frames in the usual
// one. What belongs to uWebSockets.js is measured apart from firn's own.

import { loadNative } from '../../workers/native.ts';
import { commandLine, only, positive } from '../command-line.ts';
import { readMachine } from '../machine.ts';
import { printReport, type Report, reportJson } from '../report.ts';
import type { Cell } from '../table.ts';
import { runStage } from './run-stage.ts';
import type { Stage } from './stage.ts';
import { STAGES } from './stages.ts';

const FRAMES = 1_000_000;
const USAGE = `usage: npm run bench:allocation -- (or: firn bench allocation) [--frames N] [--only NAME,…] [--json]
  --frames  that go through each stage, default ${FRAMES}
  --only    ${STAGES.map(({ name }) => name).join(', ')}
  --json    print JSON instead of a table`;

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

function measure(chosen: readonly Stage[], frames: number): Report {
  const startedUtc = new Date().toISOString();
  const machine = readMachine();
  const native = loadNative();
  const stages = chosen.filter(({ name }) => native.addon !== null || name !== 'worker-native');
  const missing = stages.length < chosen.length && native.addon === null ? [native.reason] : [];
  return {
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
          ...missing.map((reason) => `worker-native: not run, ${reason}`),
        ],
      },
    ],
    plots: [],
  };
}

const flags = {
  frames: { type: 'string', default: String(FRAMES) },
  only: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;
const options = commandLine(USAGE, flags, (values) => ({
  frames: positive('frames', values.frames),
  stages: only(values.only, STAGES),
  json: values.json,
}));
if (options !== null) {
  const report = measure(options.stages, options.frames);
  if (options.json) console.log(JSON.stringify(reportJson(report), null, 2));
  else printReport(report);
}
