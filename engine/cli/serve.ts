// `firn serve`: an engine in this process until a signal ends it.

import { type ConfigInput, parseConfig } from '../config.ts';
import { readConfigFile } from '../config-file.ts';
import { ConfigError } from '../errors.ts';
import { version } from '../version.ts';
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { onStopSignal } from './signals.ts';
import { type EngineView, viewOf } from './view.ts';

export const spec: CommandSpec = {
  name: 'serve',
  about: 'takes frames and EPCIS documents, acknowledges what is durable, seals batches into the lake',
  flags: {
    config: {
      value: 'FILE',
      help: 'configuration (JSON, README.md and EPCIS.md); options given here come before it',
    },
    data: { value: 'DIR', help: 'journal, keys and state (./firn-data)' },
    lake: { value: 'LAKE', help: 'where sealed batches go: DIR or s3://BUCKET/PREFIX (DATA/lake)' },
    host: { value: 'ADDRESS', help: 'address to listen on (127.0.0.1)' },
    port: { value: 'PORT', help: 'port to listen on; 0 = any that is free (9400)' },
    codec: { value: 'NAME', help: 'auto, native or portable (auto: native where it is built)' },
    'new-origin': { value: 'NAME', help: 'go on under a new log name after data was restored from a backup' },
  },
  examples: [
    'firn serve',
    'firn serve --config firn.json --data /var/lib/firn --lake /srv/lake',
    'firn serve --lake s3://cold-lake/plant7',
    'firn serve --data /var/lib/firn --new-origin cold.example/plant7-b',
  ],
  notes:
    'DATABASE_URL=postgres://… puts the ledger of EPCIS events there (else it is embedded).\n' +
    'SIGTERM or Ctrl-C drains, seals and exits 0; a second one exits at once and loses nothing acknowledged.\n' +
    'exit: 0 stopped as asked, 2 could not start as asked, 70 stored state is damaged or not known (start again: it recovers),\n' +
    '130 stopped at once. Standard error: the log, JSON lines.',
};

/** What the command line asks for, over what the configuration file says. */
export function serveInput(args: Arguments): ConfigInput & { newOrigin?: string } {
  const file = args.text('config');
  const input: ConfigInput = file === undefined ? {} : readConfigFile(file);
  if (input.listen === false) throw args.fault(`${file} says "listen": false, so there is nothing to serve`);
  const host = args.text('host');
  const port = args.number('port', { min: 0, max: 65_535, integer: true });
  const listen = {
    ...input.listen,
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
  };
  const data = args.text('data');
  const lake = args.text('lake');
  const codec = args.text('codec');
  const newOrigin = args.text('new-origin');
  return {
    ...input,
    listen,
    ...(data !== undefined && { data }),
    ...(lake !== undefined && { lake }),
    // What is not a codec is told by the configuration's own check.
    ...(codec !== undefined && { codec: codec as 'auto' }),
    ...(newOrigin !== undefined && { newOrigin }),
  };
}

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const input = serveInput(args);
  // Told with the name of the file, before anything is opened.
  const { newOrigin: _, ...configuration } = input;
  const where = args.text('config') ?? 'command line';
  parseConfig(configuration, where);
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  // Heard from the start: a signal during recovery ends the engine as soon as it is up.
  onStopSignal(stop);
  // Loaded only now: the help and a wrong option need no engine, and no binary that may be missing here.
  const { createEngine } = await import('../engine.ts');
  const engine = await createEngine(input).catch((error: unknown) => {
    // The engine knows the member, this command where it was said.
    if (error instanceof ConfigError && /^(listen|epcis)\./.test(error.message))
      throw new ConfigError(`${where}: ${error.message}`, { cause: error });
    throw error;
  });
  const view = viewOf(engine.status());
  console.log(`firn ${version()} listening on ${engine.url}, codec ${view.codec}`);
  console.log(`data ${view.data}, lake ${view.lake}`);
  console.log(ledgerLine(view.epcis));
  console.log(memoryLine(view.memory));
  await stopped;
  console.log('draining: what was acknowledged is being sealed');
  const published = await engine.close();
  const waiting = engine.status().epcis?.openJobs ?? 0;
  if (waiting > 0) console.log(captures(waiting));
  else console.log(published ? 'drained: everything acknowledged is in the lake' : NOT_PUBLISHED);
  return 0;
}

/** Documents that have 202 and no verdict: the ledger is away, or they were too long for the time of a shutdown. */
function captures(waiting: number): string {
  const what = waiting === 1 ? '1 captured document is' : `${waiting} captured documents are`;
  return `stopped: ${what} not judged yet; what waits lies in the spool, and the next start goes on with it`;
}

/** Where EPCIS events go, if any are taken. */
export function ledgerLine(epcis: EngineView['epcis']): string {
  if (epcis === null) return 'EPCIS captures: none are taken';
  return `EPCIS captures: profile ${epcis.profile}, ledger ${epcis.ledger}`;
}

/** What memory may take if every limit is reached at once; the README's table says which setting lowers which part. */
export function memoryLine({ bound, parts, rss }: EngineView['memory']): string {
  const names: Readonly<Record<keyof typeof parts, string>> = {
    captures: 'captures',
    keys: 'Idempotency-Keys',
    connections: 'connections',
    sessions: 'sessions',
    node: 'Node',
    seal: 'sealing',
    ring: 'ring',
  };
  const told = (Object.keys(names) as (keyof typeof parts)[])
    .sort((a, b) => parts[b] - parts[a])
    .map((part) => `${names[part]} ${size(parts[part])}`);
  return `memory now ${size(rss)}, at most ${size(bound)} with every limit reached: ${told.join(', ')}`;
}

function size(bytes: number): string {
  const mebi = Math.ceil(bytes / 1024 / 1024);
  return mebi < 1024 ? `${mebi} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

const NOT_PUBLISHED =
  'stopped: everything acknowledged is in the journal; the lake did not take all of it and gets the rest at the next start';
