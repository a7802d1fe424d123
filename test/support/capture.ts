// An engine that takes captures, and small ways to send documents to it over real sockets.

import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineOptions } from '../../engine/engine.ts';
import { startEngine, type TestEngine } from './engine.ts';
import { type DocumentForm, type DocumentPlan, documentText } from './epcis-documents.ts';

export interface JobAnswer {
  readonly running: boolean;
  readonly success: boolean;
  readonly errors: readonly {
    readonly code: string;
    readonly eventIndex: number | null;
    readonly eventHash?: string;
  }[];
  readonly [member: string]: unknown;
}

export interface SentCapture {
  readonly status: number;
  /** Path of the job, `''` = none. */
  readonly location: string;
  readonly replay: boolean;
  readonly body: string;
}

export function startCapturing(options: EngineOptions = {}, folder?: string): Promise<TestEngine> {
  const epcis = options.epcis === false ? false : { cut: { age: 1, lateAge: 1 }, ...options.epcis };
  return startEngine({ ...options, epcis }, folder);
}

export function mediaTypeOf(form: DocumentForm): string {
  return form.startsWith('json') ? 'application/json' : 'application/xml';
}

export async function sendText(
  http: string,
  body: string | Uint8Array<ArrayBuffer>,
  mediaType: string,
  headers: Record<string, string> = {},
  path = '/epcis/capture',
): Promise<SentCapture> {
  const answer = await fetch(`${http}${path}`, {
    method: 'POST',
    headers: { 'content-type': mediaType, ...headers },
    body,
  });
  return {
    status: answer.status,
    location: answer.headers.get('location') ?? '',
    replay: answer.headers.get('firn-replay') === 'true',
    body: await answer.text(),
  };
}

export function sendPlan(
  http: string,
  plan: DocumentPlan,
  form: DocumentForm,
  headers: Record<string, string> = {},
): Promise<SentCapture> {
  return sendText(http, documentText(plan, form), mediaTypeOf(form), headers);
}

/** The job when it is over. */
export async function overAt(
  http: string,
  location: string,
  headers: Record<string, string> = {},
): Promise<JobAnswer> {
  for (;;) {
    const answer = await fetch(`${http}${location}`, { headers });
    if (answer.status === 200) {
      const job = (await answer.json()) as JobAnswer;
      if (!job.running) return job;
    } else if (answer.status !== 503) {
      throw new Error(`${location}: ${answer.status} ${await answer.text()}`);
    }
    await sleep(50);
  }
}
