// Who holds a lock, and whether that process is alive. On this machine, boot and process namespace: its process exists
// and began when the lock says. Elsewhere nobody can ask: there a holder is alive while it keeps touching its file.

import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from './storage.ts';

/** Who holds a lock. Null where the system does not tell. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Start of the process in clock ticks after boot (proc(5), `stat` field 22). */
  readonly start: string | null;
  readonly boot: string | null;
  /** Process namespace: the same pid in two containers is not the same process. */
  readonly namespace: string | null;
  readonly token: string;
}

/** A holder touches its file every second; this long without it means that nobody does. */
const WATCH_MS = 3_200;

/**
 * Whether the one that wrote `content` into `file` is alive. Blocks for seconds where only watching can tell.
 */
export function isAlive(file: string, content: string): boolean {
  const holder = parse(content);
  const us = self();
  const near =
    holder !== null &&
    holder.host === us.host &&
    holder.boot === us.boot &&
    holder.namespace === us.namespace;
  if (!near) return isTouched(file);
  const found = processOf(holder.pid);
  // No /proc, or no such process in it that we may see: a signal 0 tells whether there is one at all.
  if (found === null) return exists(holder.pid);
  // A zombie has ended; only its parent has not asked yet.
  if (found.state === 'Z' || found.state === 'X') return false;
  return holder.start === null || holder.start === found.start;
}

/** Whether someone keeps touching the file. Blocks for as long as it takes to see that nobody does. */
function isTouched(file: string): boolean {
  const before = modified(file);
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < WATCH_MS; waited += 200) {
    Atomics.wait(sleep, 0, 0, 200);
    if (modified(file) !== before) return true;
  }
  return false;
}

/** State and start (clock ticks after boot) of a process as /proc tells them (proc(5)), or null where it does not. */
function processOf(pid: number): { state: string; start: string } | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the name in parentheses, and may hold anything: fields 3 and on follow the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? null : { state, start };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** Who we are: never the same twice. */
export function self(): Holder {
  return {
    host: hostname(),
    pid: process.pid,
    start: processOf(process.pid)?.start ?? null,
    boot: readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null,
    namespace: namespaceOf(),
    token: randomBytes(16).toString('hex'),
  };
}

function namespaceOf(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function parse(content: string): Holder | null {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null && 'pid' in value && 'host' in value
      ? (value as Holder)
      : null;
  } catch {
    return null;
  }
}

/** Who wrote `content`, for people. */
export function holderName(content: string): string {
  const holder = parse(content);
  return holder === null ? 'another engine' : `process ${holder.pid} on ${holder.host}`;
}

/** A small file as text, null where there is none. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Not there, not ours to see (/proc with hidepid), or a process that ended while its file under /proc was read.
    if (path.startsWith('/proc/') || errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function modified(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
