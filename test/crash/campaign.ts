// The campaign: epochs of some rounds each. An epoch draws a load and a configuration, on the folder of the epoch before
// or on a new one; each of its rounds ends the engine at a moment of some kind and starts it again; at its end the load
// stops, everything is acknowledged, the engine drains, and the lake is compared with the ledger and verified.
//
// What must hold (DESIGN.md §3): every acknowledged record is in the lake exactly once, every refused one in the dead
// letter exactly once, the conservation law is exact, and `verify` finds nothing.

import { setTimeout as delay } from 'node:timers/promises';
import { CrashFleet } from './fleet.ts';
import type { CrashLake } from './lake.ts';
import { Ledger, type Totals } from './ledger.ts';
import { end, endedBySelf, type Kind } from './moments.ts';
import { pick, seeded } from './random.ts';
import { describeShape, drawShape } from './shape.ts';
import { drawCuts, openSite, remainsOf, type Site } from './site.ts';

export interface CampaignOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly kinds: readonly Kind[];
  /** Keep the last folder, fault or not. */
  readonly keep: boolean;
  /** Where lakes are; default: in the folder of the site. */
  readonly lakeOf?: (folder: string) => CrashLake;
  readonly onEpoch?: (words: string) => void;
  readonly onRound?: (done: number, kind: Kind) => void;
}

/** Counts of one kind of moment. */
export interface KindCounts {
  rounds: number;
  /** The state that the kind is named after was met. */
  met: number;
  /** After the kill: objects in the outbox, an object half put, a file of the state half replaced. */
  outbox: number;
  unfinished: number;
  halfState: number;
}

export interface CampaignResult {
  readonly kinds: Map<Kind, KindCounts>;
  readonly totals: Totals;
  rounds: number;
  epochs: number;
  folders: number;
  restarts: number;
  verifyRuns: number;
  /** Most segments of the journal that a kill left. */
  segments: number;
  /** Sentences; with one the campaign ends. */
  readonly faults: string[];
  /** The folder to look at, else null. */
  kept: string | null;
}

const ACKNOWLEDGED_MS = 90_000;
/** Rounds of an epoch, least and most. */
const EPOCH_ROUNDS = [4, 12] as const;
const FRESH_SHARE = 0.25;
const MAX_FAULTS = 20;

/** Runs the rounds. The same seed makes the same choices; what the engine does meanwhile is its own affair. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const random = seeded(options.seed);
  const ledger = new Ledger();
  const numbers = { next: 1 };
  const result: CampaignResult & { totals: Totals } = {
    kinds: new Map(),
    totals: ledger.totals,
    ...{ rounds: 0, epochs: 0, folders: 0, restarts: 0, verifyRuns: 0, segments: 0 },
    faults: [],
    kept: null,
  };
  let site: Site | null = null;
  while (result.rounds < options.rounds && result.faults.length === 0) {
    if (site === null || random() < FRESH_SHARE) {
      site?.remove();
      site = await openSite(options.lakeOf);
      result.folders += 1;
    }
    const [least, most] = EPOCH_ROUNDS;
    const rounds = Math.min(
      options.rounds - result.rounds,
      least + Math.floor(random() * (most - least + 1)),
    );
    const starts = site.engine.starts;
    const faults = await new Epoch(site, ledger, numbers, seeded(random() * 2 ** 32), options, result).run(
      rounds,
    );
    result.restarts += site.engine.starts - starts - 1;
    result.epochs += 1;
    result.totals = ledger.totals;
    if (faults.length > 0) result.kept = site.folder;
    result.faults.push(...faults.slice(0, MAX_FAULTS));
    if (faults.length > MAX_FAULTS) result.faults.push(`… and ${faults.length - MAX_FAULTS} more`);
  }
  if (result.kept === null && options.keep) result.kept = site?.folder ?? null;
  if (result.kept === null) site?.remove();
  else site?.lake.keep();
  return result;
}

class Epoch {
  readonly #site: Site;
  readonly #ledger: Ledger;
  readonly #fleet: CrashFleet;
  readonly #random: () => number;
  readonly #options: CampaignOptions;
  readonly #result: CampaignResult;
  readonly #words: string;

  constructor(
    site: Site,
    ledger: Ledger,
    numbers: { next: number },
    random: () => number,
    options: CampaignOptions,
    result: CampaignResult,
  ) {
    this.#site = site;
    this.#ledger = ledger;
    this.#random = random;
    this.#options = options;
    this.#result = result;
    site.configure(drawCuts(random));
    const shape = drawShape(random);
    this.#words = describeShape(shape);
    // Its own numbers: how often the fleet draws depends on time, and must not change what the campaign chooses.
    this.#fleet = new CrashFleet({
      url: site.url,
      shape,
      ledger,
      numbers,
      random: seeded(random() * 2 ** 32),
    });
  }

  /** @returns faults. */
  async run(rounds: number): Promise<string[]> {
    const { engine } = this.#site;
    this.#options.onEpoch?.(this.#words);
    let kind: Kind | null = null;
    try {
      await this.#site.start();
      this.#fleet.start();
      for (let round = 0; round < rounds; round += 1) {
        kind = pick(this.#random, this.#options.kinds);
        await this.#round(kind);
        await this.#site.start();
      }
      kind = null;
      await this.#fleet.stop(ACKNOWLEDGED_MS);
      // A signal would be too early for one that has nothing left to acknowledge and has only just been started.
      await engine.until(() => engine.listening, ACKNOWLEDGED_MS);
      const code = await engine.stop();
      if (code !== 0) throw endedBySelf(engine, 'in its drain');
      return await this.#judge();
    } catch (error) {
      const where = kind === null ? 'at the end of an epoch' : `in a round of kind ${kind}`;
      return [
        `round ${this.#result.rounds} (seed ${this.#options.seed}), ${where}: ${(error as Error).message}`,
      ];
    } finally {
      await this.#fleet.abandon();
      await engine.kill();
    }
  }

  async #round(kind: Kind): Promise<void> {
    const { kinds } = this.#result;
    const counts = kinds.get(kind) ?? { rounds: 0, met: 0, outbox: 0, unfinished: 0, halfState: 0 };
    kinds.set(kind, counts);
    this.#result.rounds += 1;
    counts.rounds += 1;
    const met = await end(kind, {
      site: this.#site,
      random: this.#random,
      progress: () => this.#progress(),
    });
    if (met) counts.met += 1;
    const remains = remainsOf(this.#site);
    for (const what of ['outbox', 'unfinished', 'halfState'] as const)
      if (remains[what] > 0) counts[what] += 1;
    this.#result.segments = Math.max(this.#result.segments, remains.segments);
    this.#options.onRound?.(this.#result.rounds, kind);
  }

  async #progress(): Promise<void> {
    const { engine } = this.#site;
    const before = this.#ledger.totals.acknowledged;
    for (let waitedMs = 0; this.#ledger.totals.acknowledged === before; waitedMs += 20) {
      if (this.#fleet.fault !== null) throw this.#fleet.fault;
      if (!engine.running) throw endedBySelf(engine, 'before it acknowledged anything');
      if (waitedMs > ACKNOWLEDGED_MS)
        throw new Error(`nothing was acknowledged within ${ACKNOWLEDGED_MS} ms: ${engine.errors}`);
      await delay(20);
    }
    await this.#site.lake.trouble('work');
  }

  async #judge(): Promise<string[]> {
    const { lake } = this.#site;
    await lake.trouble('none');
    const content = await lake.content();
    const faults = this.#ledger.compare(content);
    if (content.crashed.length > 0)
      faults.push(`${content.crashed.length} frames were refused as codec.crash`);
    if (content.stops === 0) faults.push('no stop event: the drain was not orderly');
    faults.push(...(await lake.verify()));
    this.#result.verifyRuns += 1;
    this.#ledger.forget();
    return faults;
  }
}
