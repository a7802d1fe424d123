// `firn fleet`: a simulated fleet against a running engine; ends with exact counts.

import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { Fleet, type FleetOptions, type FleetResult } from '../fleet/fleet.ts';
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { liveLine } from './live-line.ts';
import { onStopSignal } from './signals.ts';
import { count, counted, milliseconds } from './words.ts';

export const spec: CommandSpec = {
  name: 'fleet',
  about: 'simulates a fleet of sensors, or sends the readings of a file, and counts what was acknowledged',
  flags: {
    url: { value: 'URL', default: 'ws://127.0.0.1:9400', help: 'the engine' },
    stream: { value: 'NAME', default: 'coldchain', help: 'stream to send to' },
    schema: { value: 'NAME/V', help: "schema of the records (the stream's own)" },
    token: { value: 'TOKEN', help: 'bearer token' },
    sensors: { value: 'N', help: 'sensors, each with a session of its own (100; 1 with --from)' },
    rate: {
      value: 'HZ',
      help: 'readings a second from each sensor, 0 = as acknowledgements come (1; 0 with --from)',
    },
    'records-per-frame': { value: 'K', help: 'readings in a frame (1; 100 with --from)' },
    seconds: { value: 'S', help: 'how long to send (10; to the end of the file with --from)' },
    from: {
      value: 'FILE',
      help: 'send the lines of this NDJSON file, in order, instead of simulated readings',
    },
    malformed: { value: 'P', default: '0', help: 'probability that a reading is one that has to be refused' },
    late: { value: 'P', default: '0', help: 'probability that a reading is of an earlier day' },
    excursions: { value: 'P', default: '0', help: 'probability that a reading is outside 2–8 °C' },
    reconnects: {
      value: 'P',
      default: '0',
      help: 'probability that a sensor drops its connection after a frame',
    },
    'session-prefix': { value: 'P', help: 'beginning of session and sensor ids (fleet-<random>)' },
    seed: { value: 'N', default: '1', help: 'seed of the simulation' },
    ledger: {
      value: 'FILE',
      help: 'append what was sent and what was acknowledged to this file, as lines of JSON',
    },
    'give-up': { value: 'S', default: '60', help: 'seconds to try an engine that cannot be reached' },
    drain: { value: 'S', default: '30', help: 'seconds to wait at the end for acknowledgements' },
    json: { help: 'print the counts as JSON' },
    ipc: { help: 'report to the parent process', hidden: true },
  },
  examples: [
    'firn fleet --sensors 1000 --rate 2 --records-per-frame 4 --seconds 30',
    'firn fleet --url wss://firn.example --token "$TOKEN" --malformed 0.001 --late 0.01 --reconnects 0.001',
    'firn fleet --from readings.ndjson',
  ],
  notes: 'exit: 0 everything sent was acknowledged, 1 not, 2 could not start, 130 after Ctrl-C',
};

const SESSION = /^[A-Za-z0-9._:-]{1,58}$/;
const REPORT_MS = 1000;

/** The options of a run, from the command line. */
export function fleetOptions(args: Arguments): FleetOptions {
  const from = args.text('from');
  const replay = from !== undefined;
  if (replay) readable(from, args);
  const chance = (name: string): number => args.required(name, { min: 0, max: 1 });
  const whole = { min: 1, integer: true };
  const sessionPrefix = args.text('session-prefix') ?? `fleet-${randomBytes(4).toString('hex')}`;
  if (!SESSION.test(sessionPrefix)) throw args.fault('--session-prefix takes 1 to 58 of A–Z a–z 0–9 . _ : -');
  const url = args.text('url') as string;
  if (!/^(ws|http)s?:\/\//.test(url) || !URL.canParse(url))
    throw args.fault(`--url takes ws://HOST:PORT, not ${url}`);
  const schema = args.text('schema');
  const token = args.text('token');
  const ledger = args.text('ledger');
  return {
    url,
    stream: args.text('stream') as string,
    sensors: args.number('sensors', { ...whole, max: 99_999 }) ?? (replay ? 1 : 100),
    rate: args.number('rate', { min: 0, max: 100_000 }) ?? (replay ? 0 : 1),
    recordsPerFrame: args.number('records-per-frame', { ...whole, max: 16_384 }) ?? (replay ? 100 : 1),
    seconds: args.number('seconds', { min: 0 }) ?? (replay ? Number.POSITIVE_INFINITY : 10),
    sessionPrefix,
    seed: args.required('seed', { min: 0, integer: true }),
    trouble: { malformed: chance('malformed'), late: chance('late'), excursions: chance('excursions') },
    reconnects: chance('reconnects'),
    giveUpMs: args.required('give-up', { min: 0 }) * 1000,
    drainMs: args.required('drain', { min: 0 }) * 1000,
    abortDrainMs: 5000,
    ...(schema !== undefined && { schema }),
    ...(token !== undefined && { token }),
    ...(from !== undefined && { from }),
    ...(ledger !== undefined && { ledger }),
  };
}

function readable(path: string, args: Arguments): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw args.fault(`cannot read ${path}: ${(error as Error).message}`);
  }
}

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const abort = new AbortController();
  const fleet = new Fleet(fleetOptions(args), abort.signal);
  const release = onStopSignal(() => abort.abort());
  const stopReports = args.switch('ipc') ? reportToParent(fleet, abort) : reportToTerminal(fleet);
  let result: FleetResult;
  try {
    result = await fleet.run();
  } finally {
    stopReports();
    release();
  }
  if (args.switch('ipc')) {
    await new Promise((resolve) => process.send?.({ type: 'result', result }, resolve));
    process.disconnect?.();
  } else {
    console.log(args.switch('json') ? JSON.stringify(result) : describe(result));
  }
  if (abort.signal.aborted) return 130;
  return result.missing === 0 && result.error === null ? 0 : 1;
}

/** What came of a run, for people. */
export function describe(result: FleetResult): string {
  const seconds = result.seconds.toFixed(1);
  const lines = [
    `sent    ${counted(result.sent, 'record')} in ${counted(result.sentFrames, 'frame')} from ${counted(result.sensors, 'sensor')} in ${seconds} s`,
    `acked   ${counted(result.acked, 'record')}, p50 ${milliseconds(result.ackMsP50)}, p99 ${milliseconds(result.ackMsP99)}, ${counted(result.reconnects, 'reconnect')}`,
    `refused ${counted(result.refused, 'record')} of these`,
  ];
  if (result.owedFrames > 0) {
    lines.push(
      `behind  ${counted(result.owedFrames, 'frame')} due and not sent: acknowledgements came too slowly`,
    );
  }
  if (result.missing > 0) {
    const sessions = counted(result.missingSessions, 'session');
    lines.push(
      `missing ${counted(result.missing, 'record')} of ${sessions}: sent, and no acknowledgement came`,
    );
  }
  if (result.error !== null) lines.push(`stopped ${result.error}`);
  return lines.join('\n');
}

function reportToTerminal(fleet: Fleet): () => void {
  if (process.stderr.isTTY !== true) return () => {};
  const line = liveLine(process.stderr);
  const timer = setInterval(() => {
    const now = fleet.progress();
    line.show(
      `${count(now.connected)} connected  sent ${count(now.sent)}  acked ${count(now.acked)}  refused ${count(now.refused)}` +
        `  ack p50 ${milliseconds(now.ackMsP50)} p99 ${milliseconds(now.ackMsP99)}`,
    );
  }, REPORT_MS);
  return () => {
    clearInterval(timer);
    line.end();
  };
}

/** For `firn demo`: numbers every second, an orderly stop on request, and an end when the parent is gone. */
function reportToParent(fleet: Fleet, abort: AbortController): () => void {
  const timer = setInterval(
    () => process.send?.({ type: 'progress', progress: fleet.progress() }),
    REPORT_MS,
  );
  const onMessage = (message: unknown): void => {
    if (message === 'stop') abort.abort();
  };
  const onDisconnect = (): never => process.exit(1);
  process.on('message', onMessage);
  process.on('disconnect', onDisconnect);
  return () => {
    clearInterval(timer);
    process.off('message', onMessage);
    process.off('disconnect', onDisconnect);
  };
}
