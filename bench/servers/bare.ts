// The bound of every front end in this language: uWebSockets.js that only counts frames (bench/bare-server.ts).

import { join } from 'node:path';
import { startChild } from '../peers/child.ts';
import { ROOT } from '../root.ts';
import type { Server } from './server.ts';

export const BARE_SERVER: Server = {
  name: 'bare',
  title: 'bare uWebSockets.js, discards',
  kind: 'bound',
  missing: () => null,
  start: async () => {
    const child = await startChild({
      name: 'bare',
      command: process.execPath,
      args: [join(ROOT, 'dist/bench/bare-server.js')],
      ready: /^ready (\d+)$/,
    });
    return {
      target: { protocol: 'discard', port: Number(child.ready[1]), path: '/', pid: child.pid },
      threadNames: async () => new Map([[child.pid, 'frontend']]),
      finish: async () => {
        await child.stop();
        return { ok: true, how: 'keeps nothing' };
      },
      abandon: () => child.stop(),
    };
  },
};
