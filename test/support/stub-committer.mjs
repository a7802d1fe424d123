// A committer for tests of ring and pool: takes chunks in ring order by the protocol, checks their checksums, writes them
// to `<journalFolder>/groups` (u32 flags: 1 FIRST, 2 LAST; u32 bytes; the bytes) and says that they are durable.
// `failAfter` = throw when that many slabs are durable, or end the thread if `exit` is true; `endEarly` = end at once.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../dist/engine/crc32c.js';
import { CONTROL, outputOffset, SLAB, slabWord } from '../../dist/engine/ring/layout.js';
import { listen, park, ring as ringBell } from '../../dist/engine/ring/park.js';

export async function run({ ring, port, journalFolder, failAfter, exit, endEarly }) {
  if (endEarly) return;
  const { control, sizes } = ring;
  const file = openSync(join(journalFolder, 'groups'), 'a');
  let slabs = 0;
  for (;;) {
    const heard = listen(control, CONTROL.commitBell);
    const closed = Atomics.load(control, CONTROL.closed);
    const counter = Atomics.load(control, CONTROL.durable);
    const slab = counter & (sizes.slabs - 1);
    const chunk = Atomics.load(control, slabWord(slab, SLAB.chunk));
    if (chunk === Atomics.load(control, slabWord(slab, SLAB.taken))) {
      if (closed === 1 && counter === Atomics.load(control, CONTROL.published)) break;
      park(control, CONTROL.commitBell, heard, 1000);
      continue;
    }
    const bytes = Atomics.load(control, slabWord(slab, SLAB.chunkBytes));
    const last = Atomics.load(control, slabWord(slab, SLAB.chunkLast)) === chunk;
    const at = outputOffset(sizes, slab);
    const body = ring.data.subarray(at, at + bytes);
    if (crc32c(body) !== Atomics.load(control, slabWord(slab, SLAB.chunkCrc)) >>> 0)
      throw new Error('wrong checksum');
    const header = new Uint32Array([((chunk & 0xffff) === 1 ? 1 : 0) | (last ? 2 : 0), bytes]);
    writeSync(file, header);
    writeSync(file, body);
    Atomics.store(control, slabWord(slab, SLAB.taken), chunk);
    ringBell(control, CONTROL.takenBell);
    if (!last) continue;
    Atomics.add(control, CONTROL.durable, 1);
    ringBell(control, CONTROL.durableBell);
    if (Atomics.exchange(control, CONTROL.noticeFlag, 1) === 0) port.postMessage(0);
    slabs++;
    if (slabs === failAfter && exit) process.exit(9);
    if (slabs === failAfter) throw new TypeError('the disk said no');
  }
  closeSync(file);
}
