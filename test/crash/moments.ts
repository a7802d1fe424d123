// The kinds of moments at which an engine is ended. Each finds the engine started (perhaps still recovering), leaves it
// ended, and says whether the state that it is named after was really met.
//
//   work    anywhere in its work                     seal    an object appears in the outbox, or the seal journal grows
//   start   while it recovers                        upload  an object is being put into the lake
//   twice   while it recovers, two times in a row    drain   SIGTERM, and a kill within half a second
//   stop    no kill: an orderly end, exit 0

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineProcess } from './engine-process.ts';
import type { Random } from './random.ts';
import type { Site } from './site.ts';
import { watchFolder } from './watch.ts';

export const KINDS = ['work', 'start', 'seal', 'upload', 'drain', 'twice', 'stop'] as const;
export type Kind = (typeof KINDS)[number];

export interface Stage {
  readonly site: Site;
  readonly random: Random;
  /** Waits until something new was acknowledged: the engine is up and works. */
  progress(): Promise<void>;
}

/** How long a file event is waited for; the kill comes all the same. */
const EVENT_MS = 5_000;

/** Ends the engine. @returns whether the state was met; throws where an end that should be orderly was not. */
export async function end(kind: Kind, stage: Stage): Promise<boolean> {
  const { site, random } = stage;
  const { engine } = site;
  switch (kind) {
    case 'work':
      await stage.progress();
      await delay(random() * 1500);
      return kill(engine);
    case 'start':
      if (random() < 0.5) await stage.progress();
      await engine.kill();
      return killAtStart(stage);
    case 'twice': {
      await stage.progress();
      await engine.kill();
      const first = await killAtStart(stage);
      return (await killAtStart(stage)) && first;
    }
    case 'seal': {
      await stage.progress();
      const outbox = random() < 0.7;
      const folder = join(site.data, outbox ? 'state/outbox' : 'journal/seals');
      return killAfter(stage, watchFolder(folder, () => true).seen(EVENT_MS), 20);
    }
    case 'upload':
      await stage.progress();
      return killAfter(stage, site.lake.put(EVENT_MS), 3);
    case 'drain': {
      await stage.progress();
      engine.send('SIGTERM');
      await delay(500 * random() ** 3);
      const { draining } = engine;
      const killed = await kill(engine);
      // It may have been faster, but then orderly.
      if (!killed && engine.exited !== 0) throw endedBySelf(engine, 'at SIGTERM');
      return draining && killed;
    }
    case 'stop': {
      // Half of the time while it may still recover.
      if (random() < 0.5) await stage.progress();
      else await delay(random() * 1000);
      const code = await engine.stop();
      // A signal before the command listens to signals ends it, and it has touched nothing yet.
      if (engine.signalled === 'SIGTERM' && holderOf(site) !== engine.pid) return false;
      if (code !== 0) throw endedBySelf(engine, 'when it was stopped');
      return true;
    }
  }
}

/** Kills at an event, at once or a few milliseconds later. */
async function killAfter(stage: Stage, event: Promise<boolean>, mostMs: number): Promise<boolean> {
  const seen = await event;
  if (stage.random() < 0.5) await delay(stage.random() * mostMs);
  return (await kill(stage.site.engine)) && seen;
}

/** Starts the engine and kills it before it takes frames: mostly some time after it took its lock, else at any moment. */
async function killAtStart({ site, random }: Stage): Promise<boolean> {
  const { engine } = site;
  const state = join(site.data, 'state');
  // Where an engine was killed before it made its folders there is nothing to watch yet.
  const byLock = random() < 0.75 && existsSync(state);
  const afterMs = random() * (byLock ? 80 : 300);
  const lock = byLock ? watchFolder(state, (name) => name === 'lock') : null;
  await site.start();
  await lock?.seen(EVENT_MS);
  await delay(afterMs);
  const { listening } = engine;
  return (await kill(engine)) && !listening && holderOf(site) === engine.pid;
}

/** @returns false when the engine had ended by itself. */
async function kill(engine: EngineProcess): Promise<boolean> {
  await engine.kill();
  return engine.signalled === 'SIGKILL';
}

/** The process that the lock names. */
function holderOf(site: Site): number {
  try {
    return JSON.parse(readFileSync(join(site.data, 'state', 'lock'), 'utf8')).pid;
  } catch {
    return 0;
  }
}

export function endedBySelf(engine: EngineProcess, when: string): Error {
  const how = engine.signalled ?? `with ${engine.exited}`;
  return new Error(`the engine ended by itself ${when} (${how}): ${engine.errors}`);
}
