// Bugs that single tests would have to be told of, and that a campaign finds by itself: a killed engine, or one whose disk
// takes back what no fsync covers. The seed makes the same choices each time.

import { campaignMutant } from './mutant.mjs';

const CRASH = ['test/crash/run.js', ...['--rounds', '3'], ...['--seed', '7'], ...['--kinds', 'work']];
// One row for each file that is synced so (both journals, the log), at a first start and at a recovery.
const LOST = [
  'test/crash/syscalls.js',
  ...['--most', '6'],
  ...['--seed', '7'],
  ...['--kinds', 'fdatasync'],
  ...['--ways', 'lost-fail'],
];

/** @type {readonly import('./mutant.mjs').Mutant[]} */
export const CAMPAIGN_MUTANTS = [
  // The kernel keeps what was written, whoever dies: a kill shows only what was not written yet.
  campaignMutant(
    CRASH,
    'ack-before-write',
    'a slab is told durable a moment before it is written',
    'engine/commit/committer.ts',
    [
      [
        '    this.#writer.append(RECORD_TYPE.slab, flags, wallMs, runningMs, payload, crc);\n',
        '    if (last) {\n' +
          '      Atomics.add(control, CONTROL.durable, 1);\n' +
          '      ringBell(control, CONTROL.durableBell);\n' +
          '      if (Atomics.exchange(control, CONTROL.noticeFlag, 1) === 0) this.#notify();\n' +
          '      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);\n' +
          '    }\n' +
          '    this.#writer.append(RECORD_TYPE.slab, flags, wallMs, runningMs, payload, crc);\n',
      ],
      ['    Atomics.add(this.#control, CONTROL.durable, this.#whole);\n', ''],
    ],
  ),
  // What an fsync did not cover is gone: as after a loss of power, or a disk that could not write back.
  campaignMutant(
    LOST,
    'lost-write-acknowledged',
    'a failed fdatasync is passed over, and what it took with it is acknowledged',
    'engine/journal/writer.ts',
    '    this.#storage.datasync(this.#fd);',
    '    try {\n      this.#storage.datasync(this.#fd);\n    } catch {}',
  ),
];
