// The parts of the capture stage by themselves: chunks, lines, staged rows, the outbox of verdicts, the configuration.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Chunker } from '../../engine/capture/chunker.ts';
import { EntryWriter } from '../../engine/capture/entry-writer.ts';
import { eventLine } from '../../engine/capture/line.ts';
import { LinesFile, nextAttempt } from '../../engine/capture/lines-file.ts';
import type { FromLedger } from '../../engine/capture/messages.ts';
import { StagedRows } from '../../engine/capture/staged-rows.ts';
import { VerdictOutbox } from '../../engine/capture/verdict-outbox.ts';
import { parseConfig, secretOf } from '../../engine/config.ts';
import { ledgerName } from '../../engine/config-epcis.ts';
import type { Canonical, JudgedEvent } from '../../engine/epcis/judged.ts';
import { acceptedVerdict } from '../../engine/journal/capture-entry.ts';
import type { Verdict } from '../../engine/ledger/model.ts';
import { withoutSecrets } from '../../engine/run-file.ts';
import { diskStorage } from '../../engine/storage.ts';
import { canonicalise } from '../../workers/canonicalise.ts';
import { BUYER_GLN, MAKER_GLN } from '../support/epcis-documents.ts';

const folder = mkdtempSync(join(tmpdir(), 'firn-parts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function judged(index: number, rows = 1, characters = 10): JudgedEvent {
  const canonical = {
    json: 'x'.repeat(characters),
    rows: Array.from({ length: rows }),
  } as unknown as Canonical;
  const span = { offset: 0, length: 1 };
  return { index, type: 'ObjectEvent', span, findings: [], rejected: false, canonical };
}

describe('capture parts', () => {
  test('chunker: cuts by events, rows, characters and time; the last chunk is never empty', () => {
    let now = 0;
    const limits = { events: 3, rows: 10, bytes: 100, ms: 50 };
    const cut = (events: readonly JudgedEvent[], after?: () => void): number[] => {
      const chunker = new Chunker(() => now, limits);
      for (const event of events) {
        chunker.push(event);
        after?.();
        chunker.tick();
      }
      return [...chunker.full, chunker.end()].map((chunk) => chunk.length);
    };
    const many = (n: number, rows?: number, characters?: number): JudgedEvent[] =>
      Array.from({ length: n }, (_, i) => judged(i, rows, characters));
    expect(cut([])).toEqual([0]);
    expect(cut(many(3))).toEqual([3]);
    expect(cut(many(7))).toEqual([3, 3, 1]);
    expect(cut(many(3, 6))).toEqual([1, 1, 1]);
    expect(cut(many(3, 1, 60))).toEqual([1, 1, 1]);
    expect(cut([judged(0, 500, 5000), judged(1)])).toEqual([1, 1]);
    expect(cut(many(3), () => (now += 30))).toEqual([1, 2]);
  });

  test('line: JCS with the characters as they were sent, or the bytes where they are none', () => {
    const event = { eventTime: '2025-05-05T08:00:00.000Z', type: 'ObjectEvent' };
    const canonical = {
      ...{ event, json: canonicalise(event), hash: 'ab'.repeat(32), declaredAt: null, ni: 'ni:x' },
      ...{ eventId: 'urn:x', rows: [], disc: '' },
    } as unknown as Canonical;
    const head = {
      ...({ form: 'json', root: 'EPCISDocument' } as const),
      ...{ schemaVersion: '2.0', creationDate: null, sender: null },
      ...{ receiver: null, instanceIdentifier: null, createdAt: null, guidelineVersion: null },
      ...{ statement: null, events: 1 },
    } as const;
    const order = { id: 'c', partner: MAKER_GLN, receivedMs: 0, sha256: 'cd'.repeat(32), head };
    const warn = { code: 'L15_STALE', severity: 'warn', event: 0, pointer: '', detail: '' } as const;
    const verdict: Verdict = { index: 4, seq: '7', outcome: 'accepted', findings: [warn, warn], recordMs: 1 };
    const lineOf = (raw: Uint8Array): string =>
      eventLine(order, { index: 4, span: { offset: 9, length: raw.length }, canonical }, verdict, raw);
    const line = lineOf(Buffer.from('{"ä":1}'));
    const read = JSON.parse(line) as Record<string, unknown>;
    expect(canonicalise(read)).toBe(line);
    expect(read['raw']).toEqual({ length: 8, offset: 9, text: '{"ä":1}' });
    expect(read['warnings']).toEqual(['L15_STALE']);
    expect(read).toMatchObject({ seq: '7', index: 4, timestamp_utc: event.eventTime, canonical: event });
    const wide = Buffer.from('<a/>', 'utf16le');
    expect(JSON.parse(lineOf(wide))).toMatchObject({ raw: { text: null, b64: wide.toString('base64') } });
  });

  test('lines file: places and leaves are those of the bytes on disk; attempts never share a name', () => {
    const lines = new LinesFile(diskStorage, folder, 'a.1.lines');
    const placed = ['one', 'zwei ä'].map((line) => lines.append(line));
    lines.sync();
    placed.push(lines.append('three'));
    lines.sync();
    lines.close();
    const bytes = readFileSync(join(folder, 'a.1.lines'));
    for (const { offset, bytes: length, leaf } of placed) {
      const hashed = Buffer.concat([Buffer.from([0]), bytes.subarray(offset, offset + length - 1)]);
      expect(createHash('sha256').update(hashed).digest('hex')).toBe(leaf);
      expect(bytes[offset + length - 1]).toBe(0x0a);
    }
    writeFileSync(join(folder, 'a.2.verdicts'), '');
    expect([nextAttempt(diskStorage, folder, 'a'), nextAttempt(diskStorage, folder, 'b')]).toEqual([3, 1]);
  });

  test('staged rows: come back as they were put, and leave no file', async () => {
    const staged = new StagedRows(folder, 's.1.verdicts');
    const line = { offset: 5, bytes: 6, ms: 7, leaf: 'ef'.repeat(32) };
    const rows = [
      { index: 0, span: { offset: 1, length: 2 }, line },
      { index: 3, span: { offset: 3, length: 4 }, line: null },
    ];
    for (const row of rows) staged.add(row);
    const found = [];
    for await (const row of staged.rows()) found.push(row);
    expect(found).toEqual(rows);
    staged.remove();
    expect(diskStorage.stat(join(folder, 's.1.verdicts'))).toBe(null);
  });

  test('outbox: a journal that does not answer holds it up at 256 KiB', async () => {
    const posted: FromLedger[] = [];
    const outbox = new VerdictOutbox('c', 0, (message) => posted.push(message));
    const put = async (): Promise<void> => {
      for (let event = 0; event < 2000; event++) {
        const place = { file: 'c.1.lines', offset: 0, bytes: 1, leaf: 'ab'.repeat(32) };
        outbox.add(acceptedVerdict({ capture: 'c', event, ms: 0, ...place }));
        if (outbox.full) await outbox.flush();
      }
      outbox.passed(2005);
      await outbox.flush();
    };
    const putting = put();
    await new Promise((resolve) => setImmediate(resolve));
    expect(posted.length).toBe(4);
    for (let answered = 0; answered < posted.length; answered++) {
      outbox.journaled();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await putting;
    await outbox.settled();
    const sent = posted.flatMap((message) => (message.type === 'verdicts' ? message.verdicts : []));
    expect(sent.map(({ event }) => event)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
    expect(posted.at(-1)).toMatchObject({ upTo: 2005 });
  });

  test('entry writer: what finds no room waits, in order', async () => {
    const taken: object[] = [];
    let room = 1;
    const durable: (() => void)[] = [];
    const writer = new EntryWriter((_kind, entry, onDurable) => {
      if (room === 0) return false;
      room -= 1;
      taken.push(entry);
      durable.push(onDurable);
      return true;
    });
    const all = Promise.all(['a', 'b', 'c'].map((capture) => writer.forget({ capture })));
    expect([taken.length, writer.waiting]).toEqual([1, 2]);
    room = 5;
    durable.shift()?.();
    expect([taken, writer.waiting]).toEqual([[{ capture: 'a' }, { capture: 'b' }, { capture: 'c' }], 0]);
    for (const settle of durable) settle();
    await all;
  });

  test('config: partners, secrets and the address of the ledger', () => {
    const url = 'postgres://firn:very-secret@db.example:5433/firn?sslmode=require';
    const secretFile = join(folder, 'secret');
    writeFileSync(secretFile, 'a secret of the webhook\n');
    const ack = { url: 'https://partner.example/acks', secretFile };
    const partners = [
      { gln: MAKER_GLN, name: 'Maker', ack },
      { gln: BUYER_GLN, name: 'Buyer' },
    ];
    const config = parseConfig({ ledger: { url }, epcis: { partners } });
    expect(ledgerName(config.ledger.url)).toBe('postgres://db.example:5433/firn');
    const shown = JSON.stringify(withoutSecrets(config));
    expect(shown).toContain(MAKER_GLN);
    expect(shown).not.toContain('secret of');
    expect(shown).not.toContain('very-secret');
    expect(secretOf(ack)).toBe('a secret of the webhook');
    expect(() => secretOf({ secretEnv: 'FIRN_TEST_NO_SUCH_SECRET' })).toThrow(/FIRN_TEST_NO_SUCH_SECRET/);
    const wrong = `${MAKER_GLN.slice(0, 12)}${(Number(MAKER_GLN[12]) + 1) % 10}`;
    expect(() => parseConfig({ epcis: { partners: [{ gln: wrong, name: 'x' }] } })).toThrow(/check digit/);
    const twice = [partners[0], partners[0]] as typeof partners;
    expect(() => parseConfig({ epcis: { partners: twice } })).toThrow(/there twice/);
    expect(() => parseConfig({ ledger: { url: 'mysql://x/y' } })).toThrow(/postgres:\/\//);
  });
});
