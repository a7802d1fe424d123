// `firn bench`: runs parts of the bench suite, each in a process of its own that gets the options as they stand here and
// gives its exit code. The suite is no part of the engine: this finds it, and says what is missing before anything runs.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.ts';
import { type CommandSpec, closest, helpOf } from './arguments.ts';
import { onStopSignal } from './signals.ts';

interface Part {
  readonly about: string;
  /** Calls its arms with tinybench, which comes with a checkout only. */
  readonly tinybench?: true;
  /** Drives servers with the load generator, which is compiled when it is first wanted. */
  readonly load?: true;
}

const PARTS: Readonly<Record<string, Part>> = {
  micro: { about: 'each step and the whole codec, beside others', tinybench: true },
  engine: { about: 'the engine over real sockets', load: true },
  peers: { about: 'the engine beside what people would use instead', load: true },
  guard: { about: 'ratios of one run against the floors in bench/floors.json', tinybench: true, load: true },
  allocation: { about: 'heap that the hot path makes for a frame' },
};
const WHOLE: Part = { about: 'everything', tinybench: true, load: true };

export const spec: CommandSpec = {
  name: 'bench',
  about: 'measures firn on this machine; without PART the whole suite, some ten minutes',
  operands: '[PART…]',
  flags: {
    seconds: { value: 'N', help: 'measured in one trial or comparison' },
    json: { help: 'print JSON instead of tables' },
    out: { value: 'FOLDER', help: 'where reports and plots go' },
  },
  examples: [
    'firn bench',
    'firn bench micro --only codec,ring --seconds 2',
    'firn bench engine --json --out ./figures',
  ],
  notes: [
    'parts:',
    ...Object.entries(PARTS).map(([name, { about }]) => `  ${name.padEnd(12)}${about}`),
    '',
    'Parts come before options; firn bench PART --help shows the options of a part. bench/README.md says how to read figures.',
    'exit: that of the first part that fails, else 0',
  ].join('\n'),
};

/** @returns the exit code */
export function run(argv: string[]): Promise<number> {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return runBench(argv, folder);
    if (folder === dirname(folder)) throw fault('no package.json is above this file');
  }
}

/**
 * @param root folder of a package.json, below which the built suite and the load generator's sources lie
 * @throws ConfigError when a part is unknown, or it or something that it needs is not there
 */
export async function runBench(argv: readonly string[], root: string): Promise<number> {
  const first = argv.findIndex((word) => word.startsWith('-'));
  const names = argv.slice(0, first === -1 ? argv.length : first);
  const options = argv.slice(names.length);
  if (names.length === 0 && options.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const chosen =
    names.length === 0 ? [['', WHOLE] as const] : names.map((name) => [name, partOf(name)] as const);
  const suite = join(root, 'dist/bench');
  if (!existsSync(suite)) {
    throw fault(`the bench suite is not in ${suite}: in a checkout of firn, npm run setup builds it`);
  }
  const programs = chosen.map(([name]) => join(suite, name, 'main.js'));
  for (const [i, program] of programs.entries()) {
    if (!existsSync(program))
      throw fault(`this firn has no ${names[i] ?? 'whole suite'}: ${program} is not there`);
  }
  if (!options.includes('--help')) {
    if (chosen.some(([, part]) => part.tinybench)) findTinybench(root, names);
    if (chosen.some(([, part]) => part.load)) buildLoad(root);
  }
  for (const program of programs) {
    const code = await runProgram(program, options);
    if (code !== 0) return code;
  }
  return 0;
}

function partOf(name: string): Part {
  const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
  if (part !== undefined) return part;
  const near = closest(name, Object.keys(PARTS));
  throw fault(
    `there is no part ${name}${near === null ? '' : `, did you mean ${near}?`} (firn bench --help)`,
  );
}

function findTinybench(root: string, names: readonly string[]): void {
  const main = join(root, 'package.json');
  try {
    createRequire(main).resolve('tinybench');
  } catch {
    const { devDependencies } = JSON.parse(readFileSync(main, 'utf8')) as {
      devDependencies?: Record<string, string>;
    };
    const wanted = `tinybench@${devDependencies?.['tinybench'] ?? 'latest'}`;
    throw fault(
      `${names.join(' ') || 'the whole suite'} needs a package that does not come with firn: npm install ${wanted}`,
    );
  }
}

/** Compiles the load generator where it is not built yet. @throws ConfigError when that fails; its words are printed. */
function buildLoad(root: string): void {
  const script = join(root, 'bench/load/build.mjs');
  if (!existsSync(script)) throw fault(`the sources of the load generator are not there: ${script}`);
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw fault('the load generator is not built, see above');
}

function runProgram(program: string, options: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [program, ...options], { stdio: 'inherit' });
  const off = onStopSignal(
    () => child.kill('SIGTERM'),
    () => child.kill('SIGKILL'),
  );
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  }).finally(off);
}

function fault(message: string): ConfigError {
  return new ConfigError(`firn bench: ${message}`);
}
