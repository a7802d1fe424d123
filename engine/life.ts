// The life of a run in the audit trail: start, change of configuration, schema or name, and stop. Beside it `run.json`,
// so that the next start can say how this one ended.

import { type AuditTrail, auditEntry } from './audit.ts';
import type { Boot } from './boot.ts';
import { utc } from './clock.ts';
import { ledgerName } from './config-epcis.ts';
import type { AuditEntry } from './journal/entry.ts';
import type { Logger } from './log.ts';
import { configChange, type Run, readRun, secretDigests, withoutSecrets, writeRun } from './run-file.ts';
import { version } from './version.ts';

function thisRun(boot: Boot, stopped: string | null, started: string): Run {
  return {
    started_utc: started,
    stopped_utc: stopped,
    version: version(),
    codec: boot.codec.name,
    config: withoutSecrets(boot.config),
    secrets: secretDigests(boot.config),
  };
}

/** Writes the events of a start, in the order in which a reader wants them, and marks the run as running. */
export function tellStart(boot: Boot, audit: AuditTrail, frontend: { flushed(): Promise<void> }): void {
  const { storage, folders, identity, registry, recovered, clock } = boot;
  const last = readRun(storage, folders.state);
  const run = thisRun(boot, null, utc(clock.wallMs()));
  audit.event('start', identity.engine, {
    old:
      last === null
        ? null
        : { started_utc: last.started_utc, stopped_utc: last.stopped_utc, version: last.version },
    new: {
      codec: run.codec,
      ledger: boot.config.epcis === false ? null : ledgerName(boot.config.ledger.url),
      node: process.version,
      torn_bytes: recovered.truncatedBytes,
      version: run.version,
    },
    ...(last !== null &&
      last.stopped_utc === null && { reason: 'the run before did not stop in good order' }),
  });
  if (identity.previous !== null) {
    audit.event('origin.change', identity.engine, {
      old: identity.previous,
      new: identity.engine,
      reason: 'restored data goes on under a new name: records since the backup may be in the lake twice',
    });
    void frontend.flushed().then(() => identity.settle());
  }
  for (const change of registry.changes) {
    audit.event('schema.change', change.stream, { old: change.old, new: change.new });
  }
  const change = last === null ? null : configChange(last, run);
  if (change !== null) audit.event('config.change', identity.engine, change);
  writeRun(storage, folders.state, run);
}

/** Writes the stop event, the last of the run. @returns its time. */
export function tellStop(boot: Boot, frontend: { audit(entry: AuditEntry): void }): string {
  const entry = auditEntry(boot.clock, 'stop', boot.identity.engine, { reason: 'orderly shutdown' });
  frontend.audit(entry);
  return entry.at_utc;
}

/** Marks the run as stopped in good order: the stop event is durable, and sealed unless the lake was away. */
export function markStopped(boot: Boot, stoppedUtc: string): void {
  const { storage, folders } = boot;
  const started = readRun(storage, folders.state)?.started_utc ?? stoppedUtc;
  writeRun(storage, folders.state, thisRun(boot, stoppedUtc, started));
}

/** Events of the seal stage that an operator should hear of at once. */
export function tellOperator(log: Logger, { action, target, reason }: AuditEntry): void {
  if (action === 'lake.lost') log.error({ lake: target, reason }, 'lake lost');
  if (action === 'object.quarantined')
    log.error({ object: target, reason }, 'in quarantine: the store refuses this object');
}
