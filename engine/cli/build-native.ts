// `firn build-native`: compiles the native codec where npm or setup did not, and says which codec runs then.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.ts';
import { type CommandSpec, helpOf, readArguments } from './arguments.ts';

export const spec: CommandSpec = {
  name: 'build-native',
  about: 'compiles the native codec; without it the portable one runs, same bytes, slower',
  flags: {},
  examples: ['firn build-native'],
  notes: 'Needs a C++20 compiler, make and python3, and node-gyp, which comes with npm.',
};

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const script = findScript();
  console.log('native codec: building (half a minute)');
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
  if (status !== 0) return 1;
  const { chooseCodec } = await import('../../workers/load-codec.ts');
  const { name, note } = chooseCodec('auto');
  console.log(
    note === null ? `native codec: built; firn runs with the ${name} codec` : `native codec: ${note}`,
  );
  return note === null ? 0 : 1;
}

/** native/build.mjs of the package that this file belongs to. */
function findScript(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const script = join(folder, 'native/build.mjs');
    if (existsSync(script)) return script;
    if (folder === dirname(folder))
      throw new ConfigError('firn build-native: the sources in native/ are not here');
  }
}
