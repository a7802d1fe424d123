// Sources that are not sessions: one for each (principal, stream) that posts over HTTP or calls ingest(). The source entry
// goes into the ring directly before the first frame that names it.

import { FRAME_KIND, frameBytes } from '../ring/frame.ts';
import { controlPayload, type Intake } from './intake.ts';
import type { SessionTable } from './sessions.ts';

/** Control frames that must lie directly before a data frame, with their payloads. */
export interface Preface {
  readonly bytes: number;
  readonly frames: readonly { readonly kind: number; readonly payload: Uint8Array }[];
}

/** The source entry that a first frame needs (if it is one), followed by the given key entry (if there is one). */
export function preface(
  sessions: SessionTable,
  principal: string,
  stream: string,
  key: object | null,
): Preface {
  const frames: { kind: number; payload: Uint8Array }[] = [];
  if (sessions.find(principal, stream, null) === undefined) {
    const source = { no: sessions.nextSource, principal, stream, session: null, named: false };
    frames.push({ kind: FRAME_KIND.source, payload: controlPayload(source) });
  }
  if (key !== null) frames.push({ kind: FRAME_KIND.key, payload: controlPayload(key) });
  return { bytes: frames.reduce((sum, frame) => sum + frameBytes(frame.payload.length), 0), frames };
}

/** Puts the preface into room that was made; returns the number of the source. */
export function writePreface(
  intake: Intake,
  sessions: SessionTable,
  principal: string,
  stream: string,
  before: Preface,
  runningMs: number,
): number {
  const known = sessions.find(principal, stream, null);
  const row = known ?? sessions.adopt(principal, stream, null, false, runningMs);
  for (const { kind, payload } of before.frames) intake.control(kind, payload);
  return row.no;
}
