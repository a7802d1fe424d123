// `npm run bench`: the whole suite in one report: each step and the codec, the engine over sockets, and the peers.

import { ENGINE } from './engine/main.ts';
import { codec } from './micro/codec.ts';
import { sectionOf } from './micro/main.ts';
import { measure } from './micro/measure.ts';
import { VERSUS } from './peers/main.ts';
import { type Part, runParts } from './run.ts';

const RECORDS = 8192;
const SECONDS_EACH = 4;

/** Of the micro benches, the one that says most: the whole codec. The others have a command of their own. */
const CODEC: Part = {
  name: 'codec',
  about: 'the codec beside its twin and plain JavaScript (bench:micro has every step by itself)',
  seconds: 3,
  run: async (run) => {
    const prepared = await codec.prepare(RECORDS);
    for (const comparison of prepared.comparisons) {
      run.progress(comparison.title);
      run.add(sectionOf(await measure(comparison, { seconds: SECONDS_EACH, rounds: 7 })));
    }
    prepared.close?.();
  },
};

await runParts('all', [CODEC, ENGINE, VERSUS]);
