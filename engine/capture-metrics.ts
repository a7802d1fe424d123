// What `/metrics` tells of captures: how far the ledger is behind, and how full the spool is. Read from the status.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { EpcisStatus } from './capture-part.ts';
import { addGauge } from './gauge.ts';

export function addCaptureMetrics(registry: Registry, status: () => EpcisStatus): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: (s: EpcisStatus) => number): void =>
    addGauge(registry, name, help, () => value(status()));
  gauge('firn_capture_open_jobs', 'Capture jobs that wait or run', (s) => s.openJobs);
  gauge('firn_capture_lag_seconds', 'Age of the oldest of them', (s) => s.lagSeconds);
  gauge('firn_capture_spool_bytes', 'Bytes in the spool of captures', (s) => s.spool.bytes);
  gauge('firn_capture_spool_quota_bytes', 'Bytes that it may hold', (s) => s.spool.quotaBytes);
  gauge('firn_ledger_up', '0 while the ledger cannot be reached', (s) => (s.outage === null ? 1 : 0));
  new Counter({
    name: 'firn_capture_events_total',
    help: 'Events of captures since the start, by what became of them',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(status().events)) this.inc({ outcome }, count);
    },
  });
  new Gauge({
    name: 'firn_webhook_pending',
    help: 'Acknowledgements that wait for the webhook of a partner, as of the last look',
    labelNames: ['partner'],
    registers,
    collect() {
      for (const { gln: partner, pending } of status().webhooks) this.set({ partner }, pending);
    },
  });
  gauge('firn_webhooks_blocked', 'Partners whose webhook does not take acknowledgements', (s) => {
    return s.webhooks.filter(({ open }) => open).length;
  });
}
