// The engine's own log: JSON lines on standard error. Levels by consequence: error = data lost or an operator must act,
// warn = degraded and recovering by itself, info = life cycle. Never a line per record, never a secret.

import { type Logger, pino } from 'pino';

export type { Logger };

/** Makes the log of one engine. Standard error, so that standard output stays for what a command prints. */
export function createLog(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}
