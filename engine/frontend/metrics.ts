// `/metrics` in Prometheus' text format. Nothing is counted twice: every number is read from the status when somebody asks.

import { Counter, Gauge, Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import { addGauge } from '../gauge.ts';
import { quarantined, type SinkLag, sinkLag } from '../lag.ts';
import type { FrontendStatus } from './counters.ts';

/** A registry of its own (never prom-client's global one: several engines may live in one process). */
export function frontendMetrics(
  status: () => FrontendStatus,
  positions: BigInt64Array,
  clock: Clock,
): Registry {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, value: (s: FrontendStatus) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value(status()));
      },
    });
  };
  const gauge = (name: string, help: string, value: (s: FrontendStatus) => number): void =>
    addGauge(registry, name, help, () => value(status()));
  counter('firn_records_received_total', 'Records that became durable since the start', (s) => s.received);
  counter('firn_records_accepted_total', 'Records that were accepted', (s) => s.accepted);
  counter('firn_records_rejected_total', 'Records that went to the dead letter', (s) => s.rejected);
  counter('firn_records_duplicate_total', 'Records of retried requests', (s) => s.duplicate);
  counter('firn_frames_total', 'Frames taken in', (s) => s.frames);
  counter('firn_received_bytes_total', 'Bytes of frames as they lie in the ring', (s) => s.bytes);
  counter('firn_refusals_total', 'Connections and requests refused', (s) => s.refused);
  gauge('firn_connections', 'Open WebSockets', (s) => s.connections);
  gauge('firn_sessions', 'Rows in the table of sessions', (s) => s.sessions);
  gauge('firn_idempotency_keys', 'Rows in the table of Idempotency-Keys', (s) => s.keys);
  gauge('firn_requests', 'Requests that wait for their records to be durable', (s) => s.requests);
  gauge('firn_window_frames', 'Frames a connection may have unacknowledged', (s) => s.window);
  gauge('firn_ring_occupancy_ratio', 'Slabs in flight per slabs of the ring', (s) => s.ring);
  gauge('firn_journal_occupancy_ratio', 'Journal and outbox per quota', (s) => s.journal);
  gauge('firn_accepting', '1 while frames are accepted', (s) => (s.accepting ? 1 : 0));
  const lag = (): SinkLag => sinkLag(positions, clock);
  gauge('firn_sink_waiting_batches', 'Sealed batches that are not in the lake yet', () => lag().batches);
  gauge('firn_sink_waiting_bytes', 'Their objects in the outbox', () => lag().bytes);
  gauge('firn_sink_lag_seconds', 'Age of the oldest of them', () => lag().seconds);
  gauge('firn_quarantined_objects', 'Objects that the store refuses for their own sake', () =>
    quarantined(positions),
  );
  new Gauge({
    name: 'firn_ack_seconds',
    help: 'From the arrival of a frame to its acknowledgement, since the start',
    labelNames: ['quantile'],
    registers,
    collect() {
      const { p50, p99, max } = status().ackMs;
      this.set({ quantile: '0.5' }, p50 / 1000);
      this.set({ quantile: '0.99' }, p99 / 1000);
      this.set({ quantile: '1' }, max / 1000);
    },
  });
  return registry;
}
