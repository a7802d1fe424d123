// `npm run test:crash`: the crash campaign as a command. The last line with --json is what test/run.mjs reads.
//
//   --rounds N  --seed N  --kinds work,start,…  --json  --keep (the last folder; that of a failure is kept anyway)

import { parseArgs } from 'node:util';
import { formatTable } from '../../bench/table.ts';
import { progressBar } from '../../engine/cli/progress.ts';
import { type CampaignResult, runCampaign } from './campaign.ts';
import { KINDS, type Kind } from './moments.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kinds: { type: 'string', default: KINDS.join(',') },
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

function tell(result: CampaignResult, seconds: number): void {
  const columns = ['kind', 'rounds', 'state met', 'outbox left', 'half put', 'half state'].map((name) => ({
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
console.log(`crash campaign: ${rounds} rounds, seed ${seed}`);
const began = performance.now();
const bar = progressBar('rounds');
const result = await runCampaign({
  rounds,
  seed,
  kinds: kindsOf(values.kinds),
  keep: values.keep,
  onEpoch: (words) => process.stderr.isTTY !== true && console.log(`epoch: ${words}`),
  onRound: (done) => bar.update(done, rounds, 0),
});
bar.end();
const seconds = (performance.now() - began) / 1000;
tell(result, seconds);
for (const fault of result.faults) console.log(`FAULT ${fault}`);
if (result.kept !== null) console.log(`kept: ${result.kept}; the same choices again: --seed ${seed}`);
if (values.json) {
  const failed = result.faults.length > 0 ? 1 : 0;
  const summary = { ...result, kinds: Object.fromEntries(result.kinds), seconds, seed };
  console.log(JSON.stringify({ passed: result.rounds - failed, failed, campaign: summary }));
}
process.exitCode = result.faults.length === 0 ? 0 : 1;
