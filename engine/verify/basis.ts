// On what a verdict rests and what was not checked: the part of the report that says how far to trust it.

import type { Lake } from './lake.ts';
import type { Trust } from './report.ts';

export interface BasisInput {
  readonly lake: Lake;
  readonly quick: boolean;
  /** Whether the keys are the auditor's. */
  readonly policy: boolean;
  readonly origins: readonly string[];
  readonly since: Trust['since'];
  readonly locks: {
    readonly lock: Trust['lock'];
    readonly expired: number;
    readonly notChecked: readonly string[];
  };
}

/** Needed after everything else was done: a lake knows by then what it could not tell. */
export function trustOf({ lake, quick, policy, origins, since, locks }: BasisInput): Trust {
  const notChecked: string[] = [];
  if (since === null) {
    notChecked.push(
      'whether the lake is the newest there is: only a checkpoint that someone else kept tells (--since)',
    );
  }
  const others = since === null ? [] : origins.filter((origin) => origin !== since.origin);
  if (others.length > 0) {
    notChecked.push(
      `whether the other logs are the newest there are (${others.join(', ')}): the checkpoint given is not theirs`,
    );
  }
  notChecked.push(
    'whether a copy in checkpoints/ was deleted: nothing else names those copies',
    'whether lines fit the schema that their seal names: they are compared with their seal, not judged again',
  );
  if (quick)
    notChecked.push(
      lake.notQuick(),
      'the conservation law at each stop: it needs the lines of the audit stream (--quick)',
    );
  notChecked.push(...lake.notChecked(), ...locks.notChecked);
  const { lock, expired } = locks;
  return {
    keys: policy ? 'policy' : 'lake',
    witnesses: 'none',
    lock,
    expiredLocks: expired,
    since,
    notChecked,
  };
}
