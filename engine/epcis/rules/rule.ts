// What every rule of an event looks like: it reads the event and tells what is wrong, by code and place. Whether that
// rejects, warns or is not told at all is for the profile to say, in rule-codes.ts.

import type { Profile } from '../judged.ts';
import type { DocumentHead, EventType, SourceEvent, Step } from '../model.ts';
import type { RuleCode } from '../rule-codes.ts';

/** What the rules need to know beside the event. */
export interface JudgeContext {
  readonly profile: Profile;
  readonly head: DocumentHead;
  /** Unix ms: what is later by more than 300 s lies in the future (L14). */
  readonly nowMs: number;
  /** GLN-13 of the directory; null = there is none, and membership is not judged (L10). */
  readonly partners: ReadonlySet<string> | null;
  /** Events older than this are stale (L15); null = the rule is off. */
  readonly staleMs: number | null;
}

export type Action = 'ADD' | 'OBSERVE' | 'DELETE';

/** An event with what many rules ask of it. */
export interface Subject {
  readonly event: SourceEvent;
  /** Null = none of the five. */
  readonly type: EventType | null;
  /** Null = missing or no action. */
  readonly action: Action | null;
  /** Bare word of the CBV, else the value as sent, `''` = none. */
  readonly step: string;
  readonly disposition: string;
}

/** `path` is in terms of the event model, as for `Locate`. */
export type Report = (code: RuleCode, path: readonly Step[], detail: string) => void;

export type Rule = (subject: Subject, report: Report, context: JudgeContext) => void;

const MAX_SHOWN = 80;

/** A value within a detail: short whatever was sent, and `none` where nothing was. */
export function told(value: string | null | undefined): string {
  if (value === undefined || value === null) return 'none';
  return JSON.stringify(value.length <= MAX_SHOWN ? value : `${value.slice(0, MAX_SHOWN - 3)}...`);
}
