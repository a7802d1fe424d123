// `firn dead-letter`: finds its subcommand. Refused records, and objects that the sink set aside, are listed, shown and sent
// again.

import { ConfigError } from '../errors.ts';
import { closest } from './arguments.ts';

interface Subcommand {
  readonly about: string;
  load(): Promise<{ run(argv: string[]): Promise<number> }>;
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  list: {
    about: 'list refused records, by stream, code and time, and objects in quarantine',
    load: () => import('./dead-letter-list.ts'),
  },
  show: {
    about: 'show refused records whole: their bytes, and what became of them',
    load: () => import('./dead-letter-show.ts'),
  },
  replay: {
    about: 'send refused records, or what is in quarantine, through a running engine again',
    load: () => import('./dead-letter-replay.ts'),
  },
};

const help = `firn dead-letter: lists, shows and replays what was refused

usage: firn dead-letter list|show|replay [options]

${Object.entries(subcommands)
  .map(([name, { about }]) => `  ${name.padEnd(8)}${about}`)
  .join('\n')}

examples:
  firn dead-letter list ./firn-data/lake --summary
  firn dead-letter show ./firn-data/lake 057e19ab34cd:7
  firn dead-letter replay ./firn-data/lake --code field.unknown --to http://127.0.0.1:9400 --reason "fields added"

firn dead-letter SUBCOMMAND --help shows the options of each.
`;

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help);
    return name === undefined ? 2 : 0;
  }
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined) {
    const near = closest(name, Object.keys(subcommands));
    throw new ConfigError(
      `firn dead-letter: unknown subcommand ${name}${near === null ? '' : `, did you mean ${near}?`} (firn dead-letter --help)`,
    );
  }
  const { run: runSubcommand } = await subcommand.load();
  return runSubcommand(rest);
}
