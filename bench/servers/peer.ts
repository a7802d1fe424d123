// A peer (bench/peers) as a server of a trial.

import type { Peer } from '../peers/peer.ts';
import type { Server } from './server.ts';

export function peerServer(peer: Peer): Server {
  return {
    name: peer.name,
    title: peer.title,
    kind: 'peer',
    missing: () => {
      const found = peer.available();
      return found.ok ? null : found;
    },
    start: async (folder) => {
      const running = await peer.start(folder);
      const web = peer.protocol === 'firn';
      return {
        target: {
          protocol: peer.protocol,
          port: running.port,
          ...(web ? { path: running.path } : { path: '/', topic: running.path }),
          pid: running.pids,
        },
        threadNames: async () => new Map(),
        finish: async ({ total }) => {
          const { records_acked: records, frames_acked: frames, rejects_told: rejects } = total;
          const { ok, stored, how } = await running.check({ records: records - rejects, frames });
          await running.stop();
          return { ok, how: `${stored} stored: ${how}` };
        },
        abandon: () => running.stop(),
      };
    },
  };
}
