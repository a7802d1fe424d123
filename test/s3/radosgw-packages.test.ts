// `npm run test:services` on a machine without the server: it says what to install, and that it did not run.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each(['run.mjs', 'start.mjs'])('radosgw: %s without its packages names them and exits 3', (script) => {
  const folder = mkdtempSync(join(tmpdir(), 'firn-no-radosgw-'));
  try {
    const path = fileURLToPath(new URL(`../radosgw/${script}`, import.meta.url));
    const run = spawnSync(process.execPath, [path, 'start', join(folder, 'rgw')], {
      env: { PATH: folder },
      encoding: 'utf8',
    });
    expect(run.stderr).toContain(
      'apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common',
    );
    expect(run.status).toBe(3);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
