// Judges an event by itself: what the reader met, what the rules say, its canonical form with digests. No history: that is
// for state/, and no document: that is rules/document.ts.

import { assert } from '../assert.ts';
import { canonicalise } from './canonical.ts';
import { bareWord } from './cbv.ts';
import { niHashWith } from './hash/ni.ts';
import type { JudgedEvent, Profile } from './judged.ts';
import type { Finding, ShapeFault, SourceEvent, Step } from './model.ts';
import { RULES, type RuleCode, severityOf } from './rule-codes.ts';
import { dscsaSteps } from './rules/dscsa.ts';
import { membership } from './rules/membership.ts';
import type { JudgeContext, Report, Rule, Subject } from './rules/rule.ts';
import { actionOf, structure, typeOf } from './rules/structure.ts';
import { times } from './rules/times.ts';
import { judgeRepeats, values } from './rules/values.ts';
import { words } from './rules/words.ts';

export type { JudgeContext } from './rules/rule.ts';

const RULES_OF_EVENTS: readonly Rule[] = [structure, times, words, values, dscsaSteps, membership];

/** Judges one event; pure, and the event is not kept. */
export function judge(event: SourceEvent, context: JudgeContext): JudgedEvent {
  const found = new Found(event, context.profile);
  for (const fault of event.faults) found.fault(fault);
  // Nothing of it was kept: whatever a rule would miss is not what is wrong with it.
  if (event.faults.some(({ code }) => code === 'F01_EVENT_TOO_LARGE'))
    return judgedOf(event, found.told(), null);
  const subject = subjectOf(event);
  for (const rule of RULES_OF_EVENTS) rule(subject, found.report, context);
  const { canonical, faults, distinct } = canonicalise(event, { profile: context.profile, ni: niHashWith });
  for (const fault of faults) found.fault(fault);
  judgeRepeats(event.fields, distinct, found.report);
  return judgedOf(event, found.told(), canonical);
}

function judgedOf(event: SourceEvent, findings: Finding[], canonical: JudgedEvent['canonical']): JudgedEvent {
  return {
    index: event.index,
    type: event.type,
    span: event.span,
    pointer: event.locate([]),
    findings,
    rejected: findings.some(({ severity }) => severity === 'reject'),
    canonical,
  };
}

function subjectOf(event: SourceEvent): Subject {
  const { fields, prefixes } = event;
  return {
    event,
    type: typeOf(event.type),
    action: actionOf(fields),
    step: bareWord('bizStep', fields.bizStep ?? '', prefixes),
    disposition: bareWord('disposition', fields.disposition ?? '', prefixes),
  };
}

/** Of one code and weight in one event so many are told one by one; the last says how many more there are. */
const MAX_TOLD = 20;

/** What is found in one event, each fault of a place once; bounded, however many objects the event has. */
class Found {
  readonly #event: SourceEvent;
  readonly #profile: Profile;
  readonly #findings: Finding[] = [];
  readonly #seen = new Set<string>();
  readonly #counts = new Map<string, number>();

  constructor(event: SourceEvent, profile: Profile) {
    this.#event = event;
    this.#profile = profile;
  }

  readonly report: Report = (code, path, detail) => {
    const severity = severityOf(code, this.#profile);
    if (severity !== 'off') this.#add(code, severity, path, detail);
  };

  /** A fault of the reader or of the canonical form. */
  fault({ code, path, detail, severity }: ShapeFault): void {
    assert(Object.hasOwn(RULES, code), 'every code is in the table of rules');
    const usual = severityOf(code as RuleCode, this.#profile);
    if (usual !== 'off') this.#add(code, severity ?? usual, path, detail);
  }

  #add(code: string, severity: Finding['severity'], path: readonly Step[], detail: string): void {
    const kind = `${code} ${severity}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    if (count > MAX_TOLD) {
      this.#counts.set(kind, count);
      return;
    }
    const place = `${code} ${path.join('/')}`;
    if (this.#seen.has(place)) return;
    this.#seen.add(place);
    this.#counts.set(kind, count);
    const { index, locate } = this.#event;
    this.#findings.push({ code, severity, event: index, pointer: locate(path), detail });
  }

  /**
   * The findings. Where the structure itself is refused, what DSCSA would like of a step (its warnings) is left out: the
   * sender has to send another event, and those would be guesses about this one. So is what only follows from the fault,
   * such as a list that lacks a type because the entry that should have it has none.
   */
  told(): Finding[] {
    for (const [kind, count] of this.#counts) {
      if (count <= MAX_TOLD) continue;
      const last = this.#findings.findLastIndex(({ code, severity }) => `${code} ${severity}` === kind);
      const finding = this.#findings[last] as Finding;
      this.#findings[last] = { ...finding, detail: `${finding.detail}, and ${count - MAX_TOLD} more` };
    }
    const broken = this.#findings.filter(
      ({ code, severity }) => code.startsWith('S') && severity === 'reject',
    );
    if (broken.length === 0) return this.#findings;
    const whole = this.#event.locate([]);
    return this.#findings.filter(({ code, severity, pointer }) => {
      if (!code.startsWith('P')) return true;
      const follows = pointer !== whole && broken.some((each) => isWithin(each.pointer, pointer));
      return severity === 'reject' && !follows;
    });
  }
}

/** True where `inner` points to `outer` or into it. */
function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}
