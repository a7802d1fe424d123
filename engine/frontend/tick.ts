// What the front end looks at about once a second: who does not read, who may go on, and what is past its retention. All
// of it is bounded work; nothing here is needed for a frame to be taken or acknowledged.

import { MAX_UNREAD_MS } from '../limits.ts';
import { CLOSE } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Counters } from './counters.ts';
import type { WindowGauge } from './window.ts';

/** Connections woken from a window of 0 in one tick. */
const WAKE_AT_ONCE = 1000;

/** Closes connections that have left something unread for MAX_UNREAD_MS, and begins to count anew who sends. */
export function lookAtConnections(
  connections: Connections,
  gauge: WindowGauge,
  counters: Counters,
  nowMs: number,
): void {
  connections.visitOpen((c, ws) => {
    c.active = false;
    if (ws.getBufferedAmount() === 0) {
      c.unreadSinceMs = 0;
    } else if (c.unreadSinceMs === 0) {
      c.unreadSinceMs = nowMs;
    } else if (nowMs - c.unreadSinceMs >= MAX_UNREAD_MS) {
      counters.refused += 1;
      ws.end(CLOSE.busy, 'acknowledgements are not read');
    }
  });
  gauge.tick();
  gauge.update();
  connections.wake(WAKE_AT_ONCE);
}
