// `firn ledger rebuild`: the ledger of captured events once more, out of the lake. The engine must not run; the old
// embedded ledger stays beside the new one until somebody removes it.

import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { allSeals, rebuildLedger } from '../capture/rebuild.ts';
import { type Config, type ConfigInput, parseConfig } from '../config.ts';
import { ledgerName } from '../config-epcis.ts';
import { readConfigFile } from '../config-file.ts';
import { openLake } from '../dead-letter/lake.ts';
import { ConfigError } from '../errors.ts';
import { openLedger } from '../ledger/ledger.ts';
import { acquireLock } from '../lock.ts';
import { readRun } from '../run-file.ts';
import { diskStorage } from '../storage.ts';
import { type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { progressBar } from './progress.ts';
import { count } from './words.ts';

const spec: CommandSpec = {
  name: 'ledger',
  about: 'makes the ledger of captured events again from the sealed lake',
  operands: 'rebuild',
  flags: {
    config: { value: 'FILE', help: 'configuration of the engine (JSON)' },
    data: { value: 'DIR', help: "the engine's data folder (./firn-data)" },
    lake: { value: 'LAKE', help: 'DIR or s3://BUCKET/PREFIX (DATA/lake)' },
    json: { help: 'print the counts as JSON' },
  },
  examples: ['firn ledger rebuild --data /var/lib/firn', 'firn ledger rebuild --config firn.json --json'],
  notes:
    'The engine must be stopped, in good order, so that everything accepted is sealed. Events, items and proofs come back;\n' +
    'jobs and acknowledgements are not in the lake. The embedded ledger is replaced (the old one stays as\n' +
    'ledger.before-rebuild); in PostgreSQL the schema "firn" must not be there.\n' +
    'exit: 0 rebuilt, 2 could not start as asked, 1 anything else.',
};

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  if (args.operands.length !== 1 || args.operands[0] !== 'rebuild')
    throw args.fault('say what to do: rebuild');
  const file = args.text('config');
  const input: ConfigInput = file === undefined ? {} : readConfigFile(file);
  const data = args.text('data');
  const lake = args.text('lake');
  const config = parseConfig(
    { ...input, ...(data !== undefined && { data }), ...(lake !== undefined && { lake }) },
    file ?? 'command line',
  );
  const state = join(config.data, 'state');
  if (!existsSync(state)) throw args.fault(`${config.data} is no data folder of an engine`);
  const lock = acquireLock(state);
  try {
    await rebuild(config, state, args.switch('json'));
  } finally {
    lock.release();
  }
  return 0;
}

/** Sorting and comparing go over all rows in one statement: minutes, where there are tens of millions. */
const DAY_MS = 86_400_000;

async function rebuild(config: Config, state: string, json: boolean): Promise<void> {
  const last = readRun(diskStorage, state);
  if (last !== null && last.stopped_utc === null)
    throw new ConfigError(
      'the engine was not stopped in good order, so accepted events may not be sealed yet: start it, stop it, then rebuild',
    );
  const { url } = config.ledger;
  const own = join(config.data, 'ledger');
  const made = `${own}.rebuild`;
  rmSync(made, { recursive: true, force: true });
  const logs = allSeals(diskStorage, join(state, 'log'));
  const total = logs.reduce((sum, log) => sum + log.length, 0);
  const lake = await openLake({ lake: config.lake, ...(config.s3 !== null && { s3: config.s3 }) });
  const ledger = await openLedger(url === null ? { folder: made } : { url, statementMs: DAY_MS });
  const bar = progressBar('batches');
  try {
    const { batches, events, rows } = await rebuildLedger(ledger, lake, logs, (done, bytes) =>
      bar.update(done, total, bytes),
    );
    const digest = await ledger.digest();
    bar.end();
    if (json) console.log(JSON.stringify({ batches, events, rows, digest }));
    else
      console.log(
        `${ledgerName(url)}: ${count(events)} events with ${count(rows)} rows out of ${count(batches)} batches`,
      );
  } finally {
    bar.end();
    await ledger.close();
    lake.close();
  }
  if (url === null) replaceFolder(own, made);
}

function replaceFolder(own: string, made: string): void {
  const before = `${own}.before-rebuild`;
  rmSync(before, { recursive: true, force: true });
  if (existsSync(own)) renameSync(own, before);
  renameSync(made, own);
  // Last: until here the old one's doubt, if there is one, holds.
  rmSync(`${own}.boot`, { force: true });
}
