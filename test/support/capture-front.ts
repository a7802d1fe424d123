// A front end on a real port with a real spool and the stand-in service behind its capture routes.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaptureOptions } from '../../engine/capture/http/parts.ts';
import { CaptureApi } from '../../engine/capture/http/routes.ts';
import { Spool, type SpoolOptions } from '../../engine/capture/spool.ts';
import type { ConfigInput } from '../../engine/config.ts';
import { StandInService } from './capture-service.ts';
import { type Answer, call, closeFronts, type Front, startFront } from './front.ts';

export interface CaptureFront extends Front {
  readonly service: StandInService;
  readonly spool: Spool;
  readonly api: CaptureApi;
  readonly fatal: Error[];
  /** Names in the spool. */
  files(): string[];
}

export interface CaptureSetup {
  readonly config?: ConfigInput;
  readonly spool?: Partial<SpoolOptions>;
  readonly options?: Partial<CaptureOptions>;
}

const folders: string[] = [];

/** A folder that `closeCaptureFronts` removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-capture-'));
  folders.push(folder);
  return folder;
}

export async function startCaptureFront(setup: CaptureSetup = {}): Promise<CaptureFront> {
  const folder = temporaryFolder();
  const fatal: Error[] = [];
  const spool = await Spool.open({
    folder,
    maxBytes: 8 * 1024 * 1024,
    quotaBytes: 64 * 1024 * 1024,
    onFatal: (error) => fatal.push(error),
    ...setup.spool,
  });
  const service = new StandInService(folder);
  const api = new CaptureApi({ service, spool, maxEvents: 500, ...setup.options });
  const front = await startFront({
    captures: api,
    ...(setup.config === undefined ? {} : { config: setup.config }),
  });
  return { ...front, service, spool, api, fatal, files: () => readdirSync(folder).sort() };
}

export function closeCaptureFronts(): void {
  closeFronts();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export const DOCUMENT = JSON.stringify({ type: 'EPCISDocument', schemaVersion: '2.0', serial: 1 });

/** POST /epcis/capture, JSON unless the headers say otherwise. */
export function capture(
  front: Front,
  body: string | Uint8Array = DOCUMENT,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return call(front, '/epcis/capture', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}
