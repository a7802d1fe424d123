// Runs `firn dead-letter` as built, beside an engine that runs in the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

/** What FIRN_TOKEN holds. */
export const TOKEN = 'operator-secret-0001';

const children: ChildProcess[] = [];

/** Ends what still runs. */
export function endCommands(): void {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
}

export interface Ran {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
  /** The lines of `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
  readonly json: any[];
}

/** Runs `firn dead-letter …`. `onOutput` hears of each piece. */
export async function deadLetter(argv: readonly string[], onOutput: () => void = () => {}): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, 'dead-letter', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FIRN_TOKEN: TOKEN },
  });
  children.push(child);
  const out: Buffer[] = [];
  let err = '';
  child.stdout?.on('data', (piece: Buffer) => {
    out.push(piece);
    onOutput();
  });
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    err += piece;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const all = Buffer.concat(out);
  const lines = all
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return { code, out: all, err, json: argv.includes('--json') ? lines.map((line) => JSON.parse(line)) : [] };
}
