// What an error of the database means for the one who called: one table over SQLSTATE (PostgreSQL, Appendix A) and errno.

import { DatabaseError, type Trouble } from './database.ts';

/** Longest match wins: a class is two characters, a condition five. */
const STATES: Readonly<Record<string, Trouble>> = {
  '08': 'outage', // connection exception
  '25006': 'outage', // read-only transaction: a standby answers during a failover
  '25P03': 'outage', // idle in transaction for too long
  '28': 'refused', // authorisation
  '3D000': 'refused', // no such database
  '40': 'again', // serialization failure, deadlock
  '42501': 'refused', // insufficient privilege
  '53': 'outage', // no disk, memory, connections
  '55P03': 'again', // lock not available
  '57014': 'outage', // statement timeout
  '57P': 'outage', // shutdown, crash, cannot connect now, terminated by an administrator
  '58030': 'outage', // I/O error
};

const ERRNOS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // no socket file
  'ENOSPC',
  'EMFILE',
]);

/** What node-postgres says without a code when the connection ends or is not made in time. */
const LOST =
  /^(Connection terminated|timeout (exceeded|expired)|Query read timeout|Client has encountered|Client was closed)/;

function troubleOf(code: string, message: string): Trouble {
  if (ERRNOS.has(code) || (code === '' && LOST.test(message))) return 'outage';
  for (const length of [5, 3, 2]) {
    const trouble = STATES[code.slice(0, length)];
    if (trouble !== undefined) return trouble;
  }
  return 'fault';
}

/** Any error of a driver as a DatabaseError. */
export function databaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code, message, errors } = error as { code?: unknown; message?: string; errors?: unknown[] };
  // A name with several addresses fails with all their errors at once.
  if (code === undefined && Array.isArray(errors) && errors.length > 0) return databaseError(errors[0]);
  const name = typeof code === 'string' ? code : '';
  const text = message ?? String(error);
  return new DatabaseError(troubleOf(name, text), name, text, error);
}
