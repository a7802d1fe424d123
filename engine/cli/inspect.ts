// `firn inspect`: says what a file is and shows what is in it.

import { inspectFile, UnknownFile } from '../inspect/inspect.ts';
import type { Inspection } from '../inspect/inspection.ts';
import { UnfitFile, VerifyError } from '../verify/files.ts';
import { type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { s3Flags, s3Settings } from './s3-flags.ts';

export const spec: CommandSpec = {
  name: 'inspect',
  about:
    'shows what is in a file that firn wrote: object, journal segment, local log, checkpoint, policy, seal, tile, snapshot',
  operands: 'FILE',
  flags: { json: { help: 'print the facts as one JSON object' }, ...s3Flags },
  examples: [
    'firn inspect ./firn-data/lake/_log/localhost/firn-0a1b2c3d/checkpoint',
    'firn inspect s3://BUCKET/PREFIX/_log/localhost/firn-0a1b2c3d/checkpoint',
    'firn inspect ./firn-data/journal/records/00000000000000000000.firnj --json',
  ],
  notes: 'exit: 0 the file is whole, 1 something in it is wrong, 2 unknown file or could not read it',
};

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const file = args.operand('file');
  if (file === undefined) throw args.fault('which file?');
  let inspection: Inspection;
  try {
    inspection = await inspectFile(file, s3Settings(args, file));
  } catch (error) {
    if (!(error instanceof UnknownFile || error instanceof UnfitFile || error instanceof VerifyError))
      throw error;
    console.error(`firn inspect: ${file}: ${error.message}`);
    return 2;
  }
  const { kind, fault, facts } = inspection;
  process.stdout.write(
    args.switch('json')
      ? `${JSON.stringify({ file, kind, fault, facts }, null, 2)}\n`
      : inspectionText(file, inspection),
  );
  return fault === null ? 0 : 1;
}

function inspectionText(file: string, { kind, fault, rows }: Inspection): string {
  const width = Math.max(kind.length, 8, ...rows.map(([name]) => name.length)) + 2;
  const lines = [[kind, file] as const, ...rows].map(([name, text]) => `${name.padEnd(width)}${text}`);
  if (fault !== null) lines.push(`${'FAULT'.padEnd(width)}${fault}`);
  return `${lines.join('\n')}\n`;
}
