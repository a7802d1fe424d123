// EPCIS.md against the code: what it lists, and what it tells an auditor or a partner to run.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leafHash, merkleRoot } from '../../engine/batch/merkle.ts';
import { eventLine, type LineOrder } from '../../engine/capture/line.ts';
import { signatureOf } from '../../engine/capture/webhook-post.ts';
import { parseConfig } from '../../engine/config.ts';
import type { Canonical, JudgedEvent } from '../../engine/epcis/judged.ts';
import { loadKey } from '../../engine/seal/key.ts';
import { signNote, vkey } from '../../engine/seal/note.ts';
import { encodeBundle, TILE_WIDTH, tilePath } from '../../engine/seal/tiles.ts';
import { checkText } from '../support/epcis-check.ts';
import { documentText, dscsaPlan, MAKER_GLN } from '../support/epcis-documents.ts';
import { ruleTable } from '../support/rule-table.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'EPCIS.md'), 'utf8');
const sample = readFileSync(join(ROOT, 'examples/dscsa.xml'), 'utf8');

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1] as string,
  );
}

async function eventsOf(text: string): Promise<(JudgedEvent & { readonly canonical: Canonical })[]> {
  const events: (JudgedEvent & { readonly canonical: Canonical })[] = [];
  await checkText(text, {
    onEvent: (event) => events.push(event as JudgedEvent & { readonly canonical: Canonical }),
  });
  return events;
}

async function sampleLines(): Promise<string[]> {
  const order: LineOrder = {
    id: '00000000-0000-4000-8000-000000000000',
    partner: MAKER_GLN,
    receivedMs: 0,
    sha256: '0'.repeat(64),
    head: {
      form: 'xml-1',
      root: 'EPCISDocument',
      schemaVersion: '1.2',
      creationDate: null,
      sender: null,
      receiver: null,
      instanceIdentifier: null,
      createdAt: null,
      guidelineVersion: null,
      statement: null,
      events: 7,
    },
  };
  const bytes = Buffer.from(sample);
  return (await eventsOf(sample)).map((event) => {
    const { offset, length } = event.span;
    const { index, findings } = event;
    const verdict = { index, seq: String(index + 1), outcome: 'accepted', findings, recordMs: 0 } as const;
    return eventLine(order, event, verdict, bytes.subarray(offset, offset + length));
  });
}

const python = spawnSync('python3', ['--version']).status === 0;
const jq = spawnSync('jq', ['--version']).status === 0 && spawnSync('openssl', ['version']).status === 0;

function runPython(program: string, input: string): string {
  const { stdout, stderr, status } = spawnSync('python3', ['-B', '-c', program], { input, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('EPCIS.md', () => {
  test('its table of rule codes is that of the code', () => {
    const [, table] = /<!-- rule codes -->\n([\s\S]*)\n<!-- \/rule codes -->/.exec(page) ?? [];
    expect(table).toBe(ruleTable());
  });

  test('its configuration is one', () => {
    const [configuration] = blocks('json');
    const { epcis, ledger, tokens } = parseConfig(JSON.parse(configuration as string));
    expect(epcis === false ? null : epcis.partners?.length).toBe(2);
    expect(ledger.url).toContain('db.example');
    expect(tokens[0]?.gln).toBe(MAKER_GLN);
  });

  test('its defaults are those of the code', () => {
    const { epcis } = JSON.parse(blocks('json')[0] as string) as { epcis: Record<string, unknown> };
    const told: Record<string, unknown> = { ...epcis, profile: 'generic', extensions: {} };
    delete told['partners'];
    expect(parseConfig({}).epcis).toMatchObject(told);
  });

  test('it names every member of a line in the lake', async () => {
    const [, section] = /## The line in the lake[^\n]*\n([\s\S]*?)\n## /.exec(page) ?? [];
    const named = [...(section ?? '').matchAll(/^\| (`.*?) \|/gm)].flatMap((row) =>
      [...(row[1] as string).matchAll(/`(\w+)`/g)].map((name) => name[1] as string),
    );
    const [line] = await sampleLines();
    expect(named.sort()).toEqual(Object.keys(JSON.parse(line as string) as object));
  });

  test.skipIf(!python)('its Python finds the digest of each event (python3)', async () => {
    const lines = await sampleLines();
    const program = blocks('python').find((block) => block.includes('firn.event/1')) as string;
    const told = runPython(program, `${lines.join('\n')}\n`)
      .trim()
      .split('\n');
    const hashes = (await eventsOf(sample)).map(({ canonical }) => `True ${canonical.hash}`);
    expect(told).toEqual(hashes);
  });

  test.skipIf(!jq)('its jq and openssl find it too (jq, openssl)', async () => {
    const [line] = await sampleLines();
    const command = blocks('sh')
      .find((block) => block.includes('openssl'))
      ?.split('\n')[1]
      ?.replace(' line.json', '') as string;
    const { stdout } = spawnSync('bash', ['-c', command], { input: line, encoding: 'utf8' });
    expect(stdout).toContain((await eventsOf(sample))[0]?.canonical.hash);
  });

  test.skipIf(!python)('its Python finds the root of a batch (python3)', async () => {
    const lines = await sampleLines();
    const program = blocks('python').find((block) => block.includes('def root')) as string;
    for (const count of [1, 2, 3, 7]) {
      const some = lines.slice(0, count);
      const leaves = Buffer.concat(some.map((line) => leafHash(Buffer.from(line))));
      const root = Buffer.from(merkleRoot(leaves)).toString('hex');
      expect(runPython(program, `${some.join('\n')}\n`).trim()).toBe(root);
    }
  });

  test.skipIf(!python || !jq)(
    'its Python and openssl find a seal in the signed log (python3, openssl)',
    () => {
      const log = mkdtempSync(join(tmpdir(), 'firn-page-'));
      const seals = Array.from({ length: 600 }, (_, i) => Buffer.from(`{"seal":${i}}`));
      for (let first = 0; first < seals.length; first += TILE_WIDTH) {
        const some = seals.slice(first, first + TILE_WIDTH);
        const name = { level: 'entries', number: first / TILE_WIDTH, width: some.length } as const;
        const file = join(log, tilePath(name));
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, encodeBundle(some));
      }
      const root = Buffer.from(merkleRoot(Buffer.concat(seals.map((seal) => leafHash(seal))))).toString(
        'base64',
      );
      const key = loadKey(log, true);
      const checkpoint = signNote(`made.example/log\n${seals.length}\n${root}\n`, 'made.example/log', key);
      writeFileSync(join(log, 'checkpoint'), checkpoint);
      writeFileSync(join(log, 'policy'), `log ${vkey('made.example/log', key.publicKey)}\nquorum none\n`);

      const programs = blocks('python');
      const tree = programs
        .find((block) => block.includes('def root'))
        ?.split('\n')
        .slice(0, -3)
        .join('\n');
      const program = `${tree}\n${programs.find((block) => block.includes('def path'))}`;
      const ran = spawnSync('python3', ['-B', '-c', program, log, '257'], { encoding: 'utf8' });
      expect(ran).toMatchObject({ stderr: '', stdout: `{"seal":257}\n${root}\n` });

      const check = blocks('sh').find((block) => block.includes('pkeyutl')) as string;
      const sign = (): string => spawnSync('bash', ['-c', check], { cwd: log, encoding: 'utf8' }).stdout;
      expect(sign()).toContain('Verified Successfully');
      writeFileSync(join(log, 'checkpoint'), checkpoint.replace('\n600\n', '\n601\n'));
      expect(sign()).toContain('Failure');
      rmSync(log, { recursive: true });
    },
  );

  test.skipIf(!python)('its Python knows the signature of a webhook (python3)', () => {
    const program = blocks('python').find((block) => block.includes('hmac')) as string;
    const body = '{"seq":"1"}';
    const good = signatureOf('a secret of 22 letters', body);
    const ask = (signature: string): string =>
      `${program}\nprint(is_genuine(b'a secret of 22 letters', b'${body}', '${signature}'))`;
    expect(runPython(ask(good), '')).toBe('True\n');
    expect(runPython(ask(good.replace(/^./, (c) => (c === '0' ? '1' : '0'))), '')).toBe('False\n');
  });
});

describe('examples/dscsa.xml', () => {
  test('has nothing to find in any profile', async () => {
    for (const profile of ['generic', 'dscsa', 'r1.3-strict'] as const) {
      const { outcome, events, findings } = await checkText(sample, { profile });
      expect({ outcome, events, findings }).toEqual({ outcome: 'accept_all', events: 7, findings: [] });
    }
  });

  test('is the example of the tests, indented', async () => {
    const hashes = async (text: string): Promise<string[]> =>
      (await eventsOf(text)).map(({ canonical }) => canonical.hash);
    expect(await hashes(sample)).toEqual(await hashes(documentText(dscsaPlan(), 'json-dl')));
  });
});
