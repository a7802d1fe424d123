// `npm run bench:engine`: the whole engine over real sockets: how much, how soon, how many, and what it costs.

import type { Section } from '../report.ts';
import { type Part, type Run, runParts } from '../run.ts';
import { measureEndpoints } from './endpoints.ts';
import { measureLatency } from './latency.ts';
import {
  measureThroughput,
  shareOf,
  type Throughput,
  throughputPlot,
  throughputSection,
} from './throughput.ts';

const SECONDS = 3;

/** What a lake costs: to seal it, and to verify it. */
function lakeSection(throughput: readonly Throughput[]): Section {
  return {
    key: 'lake',
    title: 'Sealing and verifying',
    columns: [
      { name: 'load' },
      { name: 'sealing, share of engine CPU' },
      { name: 'records verified', digits: 0 },
      { name: 'verified records/s', digits: 0 },
    ],
    rows: throughput.map(({ shape, firn }) => {
      const { records = 0, seconds = 0 } = firn.proof.verified ?? {};
      const share = `${Math.round(100 * shareOf(firn, 'seal'))} %`;
      return [shape.title, share, records, seconds === 0 ? null : Math.round(records / seconds)];
    }),
    notes: ['verifying: `firn verify` of the lake that the run above left, every object, seal and proof'],
  };
}

export const ENGINE: Part = {
  name: 'engine',
  about: 'the engine over real sockets: throughput, latency, endpoints, sealing, verifying',
  seconds: SECONDS,
  run: async (run: Run) => {
    const throughput = await measureThroughput(run);
    run.add(throughputSection(throughput));
    run.plot(
      throughputPlot(throughput, `${run.machine.cpu}, ${run.machine.cores} cores with the load generator`),
    );
    run.add(lakeSection(throughput));
    run.add(await measureLatency(run, throughput));
    run.add(await measureEndpoints(run));
  },
};

if (import.meta.filename === process.argv[1]) await runParts('engine', [ENGINE]);
