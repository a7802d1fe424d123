// One engine per data folder. The file `lock` holds who has it: JSON, written whole before it gets its name (link), and
// never the same twice (it carries a random token).
//
// Whether the holder is alive: holder.ts. For those who can only watch, it touches its file every second.
//
// Taking over from a dead holder without a race: a *claim* on the content X of a lock is a file named after the hash of
// X, made by link, so exactly one taker gets it. A taker that dies leaves its claim, and the next one claims that: the
// holder in fact is the end of the chain lock → claim on it → claim on that … Names never come twice, as no content does.
// The winner gives its own file the name `lock` (rename) and removes the claims. A slow taker that claims a content which
// is no longer in the chain sees that `lock` has changed, and starts again.

import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  futimesSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './errors.ts';
import { holderName, isAlive, readText, self } from './holder.ts';
import { errorCode } from './storage.ts';

const TOUCH_MS = 1_000;
/** Rounds after which a lock that always changes under our hands is a sign of something else. */
const MAX_ROUNDS = 100;

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  EROFS: 'its disk is mounted read-only; remount it for writing',
  EACCES: 'this user may not write there; run as the owner of the folder',
  EPERM: 'this user may not write there; run as the owner of the folder',
  ENOSPC: 'its disk is full; make room there',
};

/** An engine's hold on its data folder. */
export interface Lock {
  /** Gives the folder free. Does nothing when the lock is not ours (any more). */
  release(): void;
}

/**
 * Takes the lock of the (existing) folder `folder`: file `folder/lock`. Blocks up to a few seconds where the holder is
 * on another machine.
 * @throws ConfigError when another engine holds it; it says who.
 */
export function acquireLock(folder: string): Lock {
  const path = join(folder, 'lock');
  const temporary = join(folder, `lock.new.${process.pid}.${randomBytes(6).toString('hex')}`);
  let fd = -1;
  try {
    const own = JSON.stringify(self());
    fd = openSync(temporary, 'wx', 0o600);
    writeSync(fd, own);
    fsyncSync(fd);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (tryLink(temporary, path)) return hold(path, own, fd, temporary);
      const head = readText(path);
      if (head !== null && takeOver(folder, path, head, temporary)) return hold(path, own, fd, temporary);
    }
    throw new ConfigError(`${path}: changes all the time; is something else than firn writing there?`);
  } catch (error) {
    if (fd !== -1) {
      closeSync(fd);
      remove(temporary);
    }
    if (error instanceof ConfigError) throw error;
    const why = errorCode(error) ?? String(error);
    const what = WHAT_TO_DO[why];
    throw new ConfigError(
      `${path}: the lock of the data folder cannot be taken (${why})${what === undefined ? '' : `: ${what}`}`,
      { cause: error },
    );
  }
}

/** @returns false when the lock changed meanwhile: look again. ConfigError when the holder is alive. */
function takeOver(folder: string, path: string, head: string, temporary: string): boolean {
  const claims: string[] = [];
  let file = path;
  let content = head;
  for (;;) {
    const claim = join(
      folder,
      `lock.claim.${createHash('sha256').update(content).digest('hex').slice(0, 32)}`,
    );
    const next = readText(claim);
    if (next === null) {
      // The end of the chain: whoever wrote this has the lock, or had it.
      if (isAlive(file, content)) throw new ConfigError(heldBy(path, content));
      if (!tryLink(temporary, claim)) return false;
      claims.push(claim);
      break;
    }
    claims.push(claim);
    file = claim;
    content = next;
  }
  if (readText(path) !== head) {
    // The chain was finished by its winner before our claim: it claims nothing. Only this last link of it is ours.
    remove(claims.at(-1) as string);
    return false;
  }
  renameSync(temporary, path);
  for (const claim of claims) remove(claim);
  return true;
}

/** The lock is ours: keeps it looking alive until it is released. */
function hold(path: string, own: string, fd: number, temporary: string): Lock {
  remove(temporary);
  // By descriptor: touches our file only, whatever may have taken its name.
  const timer = setInterval(() => {
    const now = Date.now() / 1000;
    try {
      futimesSync(fd, now, now);
    } catch {
      // A disk that fails here fails where it matters, too: in the journal.
    }
  }, TOUCH_MS);
  timer.unref();
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      clearInterval(timer);
      try {
        if (readText(path) === own) remove(path);
      } catch {
        // It names a process that is gone by then: the next start takes it over.
      }
      closeSync(fd);
    },
  };
}

function heldBy(path: string, content: string): string {
  const who = holderName(content);
  return `${path}: ${who} works on this data folder. Stop it first, or give this engine a folder of its own (--data)`;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
