// What is known when an event is judged: in memory, either everything since the document began (`firn check`) or what the
// ledger fetched for one chunk. Only accepted events change it.

import { type Item, newItem } from './item.ts';

const NO_CHILDREN: ReadonlySet<string> = new Set();

/** Key of an event that is idempotent: a correction has the hash of what it corrects, and its own time of declaration. */
function eventKey(hash: string, declaredAt: string | null): string {
  return declaredAt === null ? hash : `${hash} ${declaredAt}`;
}

/** The composite key as text; times are canonical, so equal times are equal texts. */
export function compositeKey(item: string, eventTime: string, partner: string, disc: string): string {
  return `${partner} ${eventTime} ${disc} ${item}`;
}

/** What is known of a lot. */
export interface Lot {
  readonly gtin: string;
  readonly lot: string;
  /** `YYYY-MM-DD` */
  readonly expiry: string;
}

export class State {
  readonly #items = new Map<string, Item>();
  readonly #children = new Map<string, Set<string>>();
  readonly #lots = new Map<string, Lot>();
  readonly #newLots = new Map<string, Lot>();
  readonly #known = new Set<string>();
  readonly #declared = new Set<string>();
  readonly #keys = new Map<string, string>();
  readonly #changed = new Set<string>();

  item(key: string): Item | undefined {
    return this.#items.get(key);
  }

  /** The item, made when it is not there, to be changed by the caller. */
  change(key: string, at: number): Item {
    let item = this.#items.get(key);
    if (item === undefined) {
      item = newItem(key, at);
      this.#items.set(key, item);
    }
    this.#changed.add(key);
    return item;
  }

  /** Puts a stored item there; it does not count as changed. */
  load(key: string, item: Item): void {
    this.#items.set(key, item);
    if (item.parent !== null) this.#childrenOf(item.parent).add(key);
  }

  /** Keys of items that were changed. */
  get changed(): ReadonlySet<string> {
    return this.#changed;
  }

  children(parent: string): ReadonlySet<string> {
    return this.#children.get(parent) ?? NO_CHILDREN;
  }

  /** Moves an item into a parent, or out of any. */
  link(key: string, item: Item, parent: string | null): void {
    if (item.parent !== null) this.#children.get(item.parent)?.delete(key);
    item.parent = parent;
    if (parent !== null) this.#childrenOf(parent).add(key);
  }

  /** Expiry of a lot of a GTIN, `YYYY-MM-DD`. */
  expiryOf(gtin: string, lot: string): string | undefined {
    return this.#lots.get(`${gtin}/${lot}`)?.expiry;
  }

  /** Puts a stored lot there; it does not count as new. */
  loadLot(lot: Lot): void {
    this.#lots.set(`${lot.gtin}/${lot.lot}`, lot);
  }

  /** Gives a lot its expiry date, once. */
  addLot(lot: Lot): void {
    const key = `${lot.gtin}/${lot.lot}`;
    if (this.#lots.has(key)) return;
    this.#lots.set(key, lot);
    this.#newLots.set(key, lot);
  }

  /** Lots that were added. */
  get newLots(): Iterable<Lot> {
    return this.#newLots.values();
  }

  isKnown(hash: string, declaredAt: string | null): boolean {
    return this.#known.has(eventKey(hash, declaredAt));
  }

  addKnown(hash: string, declaredAt: string | null): void {
    this.#known.add(eventKey(hash, declaredAt));
    if (declaredAt !== null) this.#declared.add(hash);
  }

  /** Whether an event was declared erroneous, whoever said so. */
  isDeclared(hash: string): boolean {
    return this.#declared.has(hash);
  }

  /** Hash of the event that has this composite key. */
  hashAt(key: string): string | undefined {
    return this.#keys.get(key);
  }

  setHash(key: string, hash: string): void {
    this.#keys.set(key, hash);
  }

  #childrenOf(parent: string): Set<string> {
    let children = this.#children.get(parent);
    if (children === undefined) {
      children = new Set();
      this.#children.set(parent, children);
    }
    return children;
  }
}
