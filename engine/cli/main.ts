#!/usr/bin/env node
// The command `firn`: finds the subcommand, runs it, and turns errors into one line and an exit code: 2 = could not
// start as asked, 70 = stored state is not what it should be, 1 = anything else.

import { ConfigError, FatalError } from '../errors.ts';
import { version } from '../version.ts';
import { closest } from './arguments.ts';

interface Command {
  readonly about: string;
  load(): Promise<{ run(argv: string[]): Promise<number> }>;
}

const commands: Readonly<Record<string, Command>> = {
  serve: { about: 'run an engine', load: () => import('./serve.ts') },
  demo: {
    about: 'run an engine and a simulated fleet, then verify the lake',
    load: () => import('./demo.ts'),
  },
  fleet: { about: 'send simulated or real readings to an engine', load: () => import('./fleet.ts') },
  verify: {
    about: 'check a lake: every object, seal, checkpoint and count',
    load: () => import('./verify.ts'),
  },
  check: {
    about: 'validate EPCIS documents without sending them',
    load: () => import('./check.ts'),
  },
  inspect: {
    about: 'show what is in an object, a journal segment or a checkpoint',
    load: () => import('./inspect.ts'),
  },
  'dead-letter': {
    about: 'list, show and replay refused records',
    load: () => import('./dead-letter.ts'),
  },
  capture: {
    about: 'send EPCIS documents to an engine and tell what became of them',
    load: () => import('./capture.ts'),
  },
  ledger: {
    about: 'make the ledger of captured events again from the lake',
    load: () => import('./ledger.ts'),
  },
  bench: { about: 'measure firn on this machine, beside others', load: () => import('./bench.ts') },
  'build-native': {
    about: 'compile the native codec',
    load: () => import('./build-native.ts'),
  },
};

const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 2;
const help = `firn: durable, verifiable ingest for JSON telemetry and EPCIS events

usage: firn COMMAND [options]

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(width)}${about}`)
  .join('\n')}

examples:
  firn demo --seconds 20
  firn serve --data ./firn-data --port 9400
  firn fleet --sensors 1000 --rate 2 --seconds 30
  firn capture shipment.xml
  firn verify ./firn-data/lake

firn COMMAND --help shows the options of a command.
`;

async function runCommand(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    const { chooseCodec } = await import('../../workers/load-codec.ts');
    const { zstdName } = await import('../../workers/kernels.ts');
    const { name, note } = chooseCodec('auto');
    console.log(`${version()}, codec ${name}${note === null ? '' : ` (${note})`}, zstd ${zstdName()}`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const near = closest(name, Object.keys(commands));
    throw new ConfigError(
      `firn: unknown command ${name}${near === null ? '' : `, did you mean ${near}?`} (firn --help)`,
    );
  }
  const { run } = await command.load();
  return run(rest);
}

function tell(error: unknown): number {
  const debug = process.env['FIRN_DEBUG'] !== undefined;
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  console.error(debug && stack !== undefined ? stack : message);
  if (error instanceof ConfigError) return 2;
  if (error instanceof FatalError) return 70;
  if (!debug) console.error('FIRN_DEBUG=1 shows where this came from');
  return 1;
}

/** A reader that has seen enough (`firn inspect … | head`) or a terminal that was closed (EIO) is no error; the command still finishes what it does. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}

process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);
const code = await runCommand(process.argv.slice(2)).catch(tell);
// What is written goes out before the end; open handles do not keep a finished command alive.
process.stdout.write('', () => process.exit(code));
