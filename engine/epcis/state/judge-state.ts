// The rules of history: what may be said of an object after what was said of it before. Pure: what is known comes in, and
// is moved on by accepted events only. Findings are one per rule and event; the detail names the first object and how many.

import type { JudgedEvent } from '../judged.ts';
import type { Finding } from '../model.ts';
import { RULES, type RuleCode } from '../rule-codes.ts';
import { advance, lotsOf } from './advance.ts';
import { within } from './hierarchy.ts';
import { type Item, ofKey, type Told } from './item.ts';
import { takenDisc } from './key-turns.ts';
import type { State } from './state.ts';
import { type Subject, subjectOf } from './subject.ts';

export interface StateContext {
  /** GLN-13 of the partner that sends, `''` = nobody said. */
  readonly partner: string;
  /** The capture: what one document tells out of order is a fault, what two tell out of order is usual. */
  readonly document: string;
  /** What was never commissioned here may not be packed or shipped. */
  readonly strictState: boolean;
}

export interface StateVerdict {
  readonly outcome: 'accepted' | 'duplicate' | 'refused';
  /** Those of the event, then those of its history. */
  readonly findings: readonly Finding[];
}

/** Objects that break one rule, and whether one of them makes the event unfit to be stored. */
interface Breach {
  readonly first: string;
  count: number;
  severity: Finding['severity'];
}

class Breaches {
  readonly #found = new Map<RuleCode, Breach>();

  add(code: RuleCode, what: string, severity: Finding['severity'] = RULES[code].severity): void {
    const breach = this.#found.get(code);
    if (breach === undefined) this.#found.set(code, { first: what, count: 1, severity });
    else {
      breach.count += 1;
      if (severity === 'reject') breach.severity = 'reject';
    }
  }

  findings(event: number, pointer: string): Finding[] {
    return [...this.#found].map(([code, breach]) => ({
      code,
      severity: breach.severity,
      event,
      pointer,
      detail: breach.count === 1 ? breach.first : `${breach.first}, and ${breach.count - 1} more`,
    }));
  }
}

function named(key: string): string {
  const { gtin, serial } = ofKey(key);
  if (gtin === '') return serial;
  return serial.startsWith('(10)') ? `(01)${gtin}${serial}` : `(01)${gtin}(21)${serial}`;
}

/** A fault of order rejects where one document tells both. */
const orderSeverity = (told: Told, context: StateContext): 'reject' | 'warn' =>
  told.document === context.document ? 'reject' : 'warn';

function judgeCommissioning(subject: Subject, state: State, breaches: Breaches): void {
  if (subject.act !== 'commission' || subject.step !== 'commissioning') return;
  for (const key of subject.items) {
    const item = state.item(key);
    if (item === undefined || item.commissioned === null || item.commissionVoid) continue;
    const isSame = item.lot === subject.lot;
    breaches.add(
      isSame ? 'L01_SERIAL_DUP_IN_LOT' : 'L02_SERIAL_LOT_CONFLICT',
      `${named(key)} has lot ${item.lot ?? '(none)'}${isSame ? '' : `, not ${subject.lot ?? '(none)'}`}`,
    );
  }
}

function judgeLots(subject: Subject, state: State, breaches: Breaches): void {
  if (subject.expiry === null) return;
  for (const { gtin, lot } of lotsOf(subject)) {
    const expiry = state.expiryOf(gtin, lot);
    if (expiry === undefined || expiry === subject.expiry) continue;
    breaches.add('L03_LOT_EXPIRY_CONFLICT', `lot ${lot} of ${gtin} expires ${expiry}, not ${subject.expiry}`);
  }
}

/** Everything in what is shipped: expired, ended, or packed only later. */
function judgeShipping(subject: Subject, state: State, context: StateContext, breaches: Breaches): void {
  const day = subject.time.slice(0, 10);
  const seen = new Set<string>();
  for (const top of [...subject.items, ...subject.parents]) {
    for (const key of within(state, top)) {
      if (seen.has(key)) continue;
      seen.add(key);
      const item = state.item(key);
      if (item === undefined) continue;
      const expiry = expiryOf(item, state);
      if (expiry !== null && expiry < day)
        breaches.add('L04_EXPIRED_SHIPPED', `${named(key)} expired ${expiry}`);
      if (item.linked !== null && key !== top && item.linked.at > subject.at) {
        breaches.add(
          'L07_OUT_OF_ORDER',
          `${named(key)} was packed later`,
          orderSeverity(item.linked, context),
        );
      }
      if (item.ended !== null && item.ended.at <= subject.at)
        breaches.add('L06_DECOMMISSIONED', `${named(key)} is ${item.state}`);
    }
  }
  for (const { gtin, lot } of subject.lots) {
    const expiry = state.expiryOf(gtin, lot);
    if (expiry !== undefined && expiry < day)
      breaches.add('L04_EXPIRED_SHIPPED', `lot ${lot} of ${gtin} expired ${expiry}`);
  }
}

/** The object's own expiry, or that of its lot where only that was told. */
function expiryOf(item: Item, state: State): string | null {
  if (item.expiry !== null || item.lot === null) return item.expiry;
  return state.expiryOf(item.gtin, item.lot) ?? null;
}

function judgePacking(subject: Subject, state: State, context: StateContext, breaches: Breaches): void {
  const parent = subject.parents[0] ?? null;
  for (const key of [...subject.parents, ...subject.children]) {
    const item = state.item(key);
    if (item?.ended != null && item.ended.at <= subject.at)
      breaches.add('L06_DECOMMISSIONED', `${named(key)} is ${item.state}`);
    if (subject.step === 'packing' && item?.shipped != null && item.shipped.at < subject.at) {
      breaches.add(
        'L07_OUT_OF_ORDER',
        `${named(key)} was shipped before`,
        orderSeverity(item.shipped, context),
      );
    }
  }
  for (const key of subject.children) {
    const held = state.item(key)?.parent ?? null;
    if (held !== null && held !== parent)
      breaches.add('L08_MULTIPLE_PARENTS', `${named(key)} is in ${named(held)}`);
  }
}

function judgeUnpacking(subject: Subject, state: State, breaches: Breaches): void {
  const parent = subject.parents[0];
  if (parent === undefined) return;
  for (const key of subject.children) {
    if (state.item(key)?.parent !== parent)
      breaches.add('L09_NOT_A_CHILD', `${named(key)} is not in ${named(parent)}`);
  }
}

/** Objects that can be commissioned: trade items and logistic units. */
const isCommissionable = (key: string): boolean => !key.startsWith('/') || key.startsWith('/(00)');

function judgeKnown(subject: Subject, state: State, context: StateContext, breaches: Breaches): void {
  if (subject.act === 'commission') return;
  // A transformation makes its outputs.
  const items = subject.act === 'transform' ? [] : subject.items;
  const mustBeKnown = subject.act === 'pack' || subject.act === 'ship';
  for (const key of [...items, ...subject.parents, ...subject.children, ...subject.inputs]) {
    const commissioned = state.item(key)?.commissioned ?? null;
    if (commissioned === null) {
      if (mustBeKnown && isCommissionable(key)) {
        breaches.add('L05_NOT_COMMISSIONED', named(key), context.strictState ? 'reject' : 'warn');
      }
    } else if (subject.at < commissioned.at) {
      breaches.add(
        'L07_OUT_OF_ORDER',
        `${named(key)} was commissioned later`,
        orderSeverity(commissioned, context),
      );
    }
  }
  for (const key of subject.inputs) {
    const item = state.item(key);
    if (item?.ended != null && item.ended.at <= subject.at)
      breaches.add('L06_DECOMMISSIONED', `${named(key)} is ${item.state}`);
  }
}

function judgeKeys(subject: Subject, state: State, context: StateContext, breaches: Breaches): void {
  for (const key of subject.keys) {
    if (takenDisc(state, subject, key, context.partner) === null) {
      breaches.add('L13_KEY_CONFLICT', `${named(key)} has another event at ${subject.time}`);
    }
  }
}

function judgeHistory(subject: Subject, state: State, context: StateContext, breaches: Breaches): void {
  judgeCommissioning(subject, state, breaches);
  judgeLots(subject, state, breaches);
  judgeKnown(subject, state, context, breaches);
  if (subject.act === 'pack') judgePacking(subject, state, context, breaches);
  if (subject.act === 'unpack') judgeUnpacking(subject, state, breaches);
  if (subject.step === 'shipping' && subject.act !== 'commission')
    judgeShipping(subject, state, context, breaches);
}

/**
 * Judges an event by what is known, and moves that on when it is accepted. One that was refused already leaves no trace
 * and is not judged further. A duplicate is the same event again: a no-op, told with L12.
 */
export function judgeState(judged: JudgedEvent, state: State, context: StateContext): StateVerdict {
  const { canonical } = judged;
  if (judged.rejected || canonical === null) return { outcome: 'refused', findings: judged.findings };
  const subject = subjectOf(canonical);
  const pointer = judged.pointer ?? '';
  const breaches = new Breaches();
  if (state.isKnown(subject.hash, subject.declaredAt)) {
    breaches.add('L12_DUPLICATE_EVENT', canonical.eventId);
    return {
      outcome: 'duplicate',
      findings: [...judged.findings, ...breaches.findings(judged.index, pointer)],
    };
  }
  judgeKeys(subject, state, context, breaches);
  if (subject.isDeclaration) {
    if (!state.isKnown(subject.hash, null)) breaches.add('L16_ERRDECL_TARGET', canonical.eventId);
  } else judgeHistory(subject, state, context, breaches);
  const found = breaches.findings(judged.index, pointer);
  const outcome = found.some((finding) => finding.severity === 'reject') ? 'refused' : 'accepted';
  if (outcome === 'accepted') advance(state, subject, context);
  return { outcome, findings: [...judged.findings, ...found] };
}
