// `npm run test:crash`: the crash campaign as a command. The last line with --json is what test/run.mjs reads.
//
//   --rounds N  --seed N  --kinds work,start,…  --store directory|s3  --json  --keep (the last folder; that of a failure is kept anyway)
//
// With s3 the lakes are in this process, and their store has trouble of its own (store-trouble.ts).

import { parseArgs } from 'node:util';
import { formatTable } from '../../bench/table.ts';
import { progressBar } from '../../engine/cli/progress.ts';
import { S3_ENV, type S3Server, startS3 } from '../support/s3-server.ts';
import { type CampaignResult, runCampaign } from './campaign.ts';
import { KINDS, type Kind } from './moments.ts';
import { seeded } from './random.ts';
import { s3Lake } from './s3-lake.ts';
import { freePort } from './site.ts';
import { StoreTrouble } from './store-trouble.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kinds: { type: 'string', default: KINDS.join(',') },
    store: { type: 'string', default: 'directory' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

function kindsOf(list: string): Kind[] {
  return list.split(',').map((name) => {
    const kind = KINDS.find((each) => each === name);
    if (kind === undefined) throw new Error(`--kinds: ${name} is none of ${KINDS.join(', ')}`);
    return kind;
  });
}

interface Stored {
  readonly s3: S3Server;
  readonly trouble: StoreTrouble;
}

/** Credentials go into the environment of this process, which engines inherit and `verify` reads. */
async function openStore(): Promise<Stored | null> {
  if (values.store === 'directory') return null;
  if (values.store !== 's3') throw new Error('--store is directory or s3');
  Object.assign(process.env, S3_ENV);
  const s3 = await startS3(await freePort());
  // Its own numbers: rounds are the same with and without trouble.
  return { s3, trouble: new StoreTrouble(s3, seeded(seed + 1)) };
}

function tellTrouble({ s3, trouble }: Stored): void {
  const met = [...s3.faults.met].sort().map(([name, count]) => `${name} ${count}`);
  console.log(`trouble of the store: ${[...met, `down ${trouble.downs}`].join(', ')}`);
}

function tell(result: CampaignResult, seconds: number): void {
  const halfPut = stored === null ? 'half put' : 'no checkpoint';
  const columns = ['kind', 'rounds', 'state met', 'outbox left', halfPut, 'half state'].map((name) => ({
    name,
    digits: 0,
  }));
  const rows = [...result.kinds]
    .sort(([a], [b]) => KINDS.indexOf(a) - KINDS.indexOf(b))
    .map(([kind, counts]) => [
      kind,
      counts.rounds,
      counts.met,
      counts.outbox,
      counts.unfinished,
      counts.halfState,
    ]);
  console.log('');
  for (const line of formatTable(columns, rows)) console.log(line);
  const { sent, acknowledged, refused } = result.totals;
  console.log(
    `\n${result.rounds} rounds in ${result.epochs} epochs on ${result.folders} folders, ${Math.round(seconds)} s: ` +
      `${sent} records sent, ${acknowledged} acknowledged, ${refused} of them to be refused; ${result.restarts} restarts, ` +
      `at most ${result.segments} segments left; ${result.verifyRuns} lakes verified and compared, ${result.faults.length} faults`,
  );
}

const rounds = Number(values.rounds);
const seed = Number(values.seed);
const stored = await openStore();
console.log(`crash campaign: ${rounds} rounds, seed ${seed}, ${values.store}`);
const began = performance.now();
const bar = progressBar('rounds');
const result = await runCampaign({
  rounds,
  seed,
  kinds: kindsOf(values.kinds),
  keep: values.keep,
  ...(stored !== null && { lakeOf: (folder: string) => s3Lake(stored.s3, stored.trouble, folder) }),
  onEpoch: (words) => process.stderr.isTTY !== true && console.log(`epoch: ${words}`),
  onRound: (done) => bar.update(done, rounds, 0),
});
bar.end();
const seconds = (performance.now() - began) / 1000;
tell(result, seconds);
if (stored !== null) {
  tellTrouble(stored);
  await stored.s3.close();
}
for (const fault of result.faults) console.log(`FAULT ${fault}`);
if (result.kept !== null) console.log(`kept: ${result.kept}; the same choices again: --seed ${seed}`);
if (values.json) {
  const failed = result.faults.length > 0 ? 1 : 0;
  const summary = { ...result, kinds: Object.fromEntries(result.kinds), seconds, seed };
  console.log(JSON.stringify({ passed: result.rounds - failed, failed, campaign: summary }));
}
process.exitCode = result.faults.length === 0 ? 0 : 1;
