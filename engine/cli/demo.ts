// `firn demo`: an engine in this process, a fleet with honest trouble in another, and at the end the proof: drain, seal,
// verify the lake, compare it with what the fleet was told.

import type { Engine, EngineOptions } from '../engine.ts';
import type { FleetResult } from '../fleet/fleet.ts';
import { ZONE_MAX_C, ZONE_MIN_C, ZONES } from '../fleet/sensor.ts';
import { reportText } from '../verify/print.ts';
import { verifyLake } from '../verify/verify.ts';
import { type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { DemoFleet } from './demo-fleet.ts';
import { describe } from './fleet.ts';
import { liveLine } from './live-line.ts';
import { nextSteps } from './next-steps.ts';
import { progressBar } from './progress.ts';
import { onStopSignal } from './signals.ts';
import { type EngineView, viewOf } from './view.ts';
import { count, counted, milliseconds, percent } from './words.ts';

export const spec: CommandSpec = {
  name: 'demo',
  about: 'an engine and a simulated fleet with honest trouble in it; ends by verifying the lake',
  flags: {
    seconds: { value: 'S', help: 'how long the fleet sends (until Ctrl-C)' },
    sensors: { value: 'N', default: '1000', help: 'sensors, each with a connection of its own' },
    rate: { value: 'HZ', default: '2', help: 'readings a second from each sensor' },
    port: { value: 'PORT', default: '9400', help: 'port of the engine on 127.0.0.1' },
    data: { value: 'DIR', default: './firn-data', help: 'journal, keys, state and lake' },
    json: { help: 'print the result as JSON' },
  },
  examples: ['firn demo', 'firn demo --seconds 20', 'firn demo --sensors 100 --rate 20 --port 9500'],
  notes: 'exit: 0 the lake is sound, 1 it is not, 2 could not start',
};

/** Long enough for "until Ctrl-C". */
const FOR_EVER_S = 30 * 86_400;
const TICK_MS = 1000;
const STREAM = 'coldchain';
const TROUBLE = [
  '--malformed',
  '0.001',
  '--late',
  '0.005',
  '--excursions',
  '0.002',
  '--reconnects',
  '0.0005',
];

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const seconds = args.number('seconds', { min: 0.1 }) ?? FOR_EVER_S;
  const sensors = args.required('sensors', { min: 1, max: 15_000, integer: true });
  const rate = args.required('rate', { min: 0.01, max: 10_000 });
  const port = args.required('port', { min: 0, max: 65_535, integer: true });
  const { createEngine } = await import('../engine.ts');
  const engine = await createEngine(demoInput(args.text('data') as string, port));
  const url = engine.url as string;
  const before = viewOf(engine.status());
  const say = args.switch('json') ? () => {} : (text: string) => console.log(text);
  say(`firn listening on ${url}, codec ${before.codec}, lake ${before.lake}`);
  say(
    `${counted(sensors, 'sensor')} at ${rate} Hz, some of them in trouble, ${args.text('seconds') === undefined ? 'until Ctrl-C' : `for ${seconds} s`}`,
  );

  const fleet = new DemoFleet(
    [
      '--url',
      url,
      '--stream',
      STREAM,
      '--session-prefix',
      'sensor',
      '--seed',
      String(Date.now() % 1_000_000),
    ].concat(
      [
        '--sensors',
        String(sensors),
        '--rate',
        String(rate),
        '--records-per-frame',
        '2',
        '--seconds',
        String(seconds),
      ],
      TROUBLE,
    ),
  );
  const release = onStopSignal(
    () => fleet.stop(),
    () => fleet.kill(),
  );
  const result = await watch(engine, fleet, args.switch('json'));
  say(result === null ? 'the fleet ended without its counts' : describe(result));
  say('draining: what was acknowledged is being sealed');
  const published = await engine.close();
  const after = viewOf(engine.status());
  release();

  const bar = progressBar('seals');
  const report = await verifyLake({
    lake: after.lake,
    onProgress: ({ done, total, bytes }) => bar.update(done, total, bytes),
  });
  bar.end();
  const { agrees, text } = compare(result, before, after);
  say(`\n${reportText(report)}\n${text}\n`);
  if (!published)
    say(
      'The lake did not take everything in time; the rest is in the journal and follows at the next start.\n',
    );
  say(nextSteps(Number(new URL(url).port), after.data, after.lake));
  if (args.switch('json')) console.log(JSON.stringify({ fleet: result, agrees, published, verify: report }));
  return report.sound && agrees && published ? 0 : 1;
}

function demoInput(data: string, port: number): EngineOptions {
  const limits = Object.fromEntries(ZONES.map((zone) => [zone, { min: ZONE_MIN_C, max: ZONE_MAX_C }]));
  return {
    data,
    listen: { host: '127.0.0.1', port },
    streams: {
      [STREAM]: { zones: { by: 'zone_id', field: 'temperature_c', limits }, cut: { age: 5, lateAge: 15 } },
    },
    log: { level: 'warn' },
  };
}

/** Shows how it goes until the fleet has ended. */
async function watch(engine: Engine, fleet: DemoFleet, quiet: boolean): Promise<FleetResult | null> {
  const line = liveLine(process.stdout);
  let last = { ms: performance.now(), accepted: viewOf(engine.status()).accepted };
  const timer = setInterval(() => {
    const view = viewOf(engine.status());
    const ms = performance.now();
    const rate = ((view.accepted - last.accepted) * 1000) / (ms - last.ms);
    last = { ms, accepted: view.accepted };
    if (!quiet) line.show(liveText(rate, fleet, view));
  }, TICK_MS);
  try {
    return await fleet.ended;
  } finally {
    clearInterval(timer);
    line.end();
  }
}

function liveText(rate: number, fleet: DemoFleet, view: EngineView): string {
  const { ackMsP50 = 0, ackMsP99 = 0, refused = 0 } = fleet.progress ?? {};
  return [
    `${count(Math.round(rate))} records/s`,
    `ack p50 ${milliseconds(ackMsP50)} p99 ${milliseconds(ackMsP99)}`,
    `refused ${count(refused)}`,
    `sealed ${counted(view.sealed, 'batch')}`.replace('batchs', 'batches'),
    `ring ${percent(view.ring)}`,
    `journal ${percent(view.journal)}`,
  ].join('  ');
}

/** What the fleet was told against what the log's own account gained; verify has compared that account with the lake. */
function compare(
  result: FleetResult | null,
  before: EngineView,
  after: EngineView,
): { agrees: boolean; text: string } {
  const accepted = after.accepted - before.accepted;
  const rejected = after.rejected - before.rejected;
  const lake = `${count(accepted)} accepted and ${count(rejected)} refused`;
  if (result === null)
    return { agrees: false, text: `The lake gained ${lake}; the fleet's own counts are not known.` };
  const told = `${count(result.accepted)} accepted and ${count(result.refused)} refused`;
  if (accepted === result.accepted && rejected === result.refused) {
    return { agrees: true, text: `The fleet was told ${told} records, and exactly these are in the lake.` };
  }
  // Frames whose acknowledgement was still under way, and other clients, add to the lake; nothing may take from it.
  const agrees = accepted >= result.accepted && rejected >= result.refused;
  const word = agrees ? 'none of the fleet’s is missing' : 'records that were acknowledged are MISSING';
  return { agrees, text: `The fleet was told ${told} records, the lake gained ${lake}: ${word}.` };
}
