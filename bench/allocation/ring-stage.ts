// The ring alone: reserve, append, publish, claim, release.

import { RingFeed } from '../micro/ring-feed.ts';
import { framesOf } from '../micro/slabs.ts';
import { makeWorkload } from '../workload.ts';
import { STEP_FRAMES, type Stage } from './stage.ts';

export const ringStage: Stage = {
  name: 'ring',
  owner: 'firn',
  about: 'reserve, append, publish, claim, release',
  prepare() {
    const frames = framesOf(makeWorkload({ count: STEP_FRAMES }).records, { records: 1, form: 'lines' });
    const feed = new RingFeed();
    return {
      frames: STEP_FRAMES,
      step(done) {
        for (let i = 0; i < frames.length; i++) feed.append(i, frames[i] as Buffer);
        feed.empty();
        done();
      },
    };
  },
};
