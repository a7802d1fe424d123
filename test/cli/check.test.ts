// `firn check` from outside: exit codes, the two outputs for programs, the report for people.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { run } from '../../engine/cli/check.ts';
import { checkText } from '../../engine/cli/check-text.ts';
import { ConfigError } from '../../engine/errors.ts';
import {
  BUYER_GLN,
  documentJson,
  documentText,
  dscsaPlan,
  FORMS,
  GLNS,
  type JsonObject,
  MAKER_GLN,
} from '../support/epcis-documents.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-cli-check-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const main = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

const file = (name: string, text: string): string => {
  writeFileSync(join(top, name), text);
  return join(top, name);
};
const partners = file('glns.json', JSON.stringify(GLNS.map((gln) => ({ gln, name: 'example' }))));
const good = file('good.jsonld', documentText(dscsaPlan(), 'json-dl'));
const DSCSA = [
  '--profile',
  'dscsa',
  '--sender',
  MAKER_GLN,
  '--partners',
  partners,
  '--now',
  '2026-01-01T00:00:00Z',
];

/** The example with a change to its events. */
function changed(name: string, change: (events: JsonObject[], document: JsonObject) => void): string {
  const document = documentJson(dscsaPlan(), 'json-dl');
  change((document['epcisBody'] as JsonObject)['eventList'] as JsonObject[], document);
  return file(name, JSON.stringify(document));
}
const bad = changed('bad.jsonld', (events) => {
  (events[2] as JsonObject)['action'] = 'add';
});

/** Runs the command and takes what it prints. */
async function command(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [vi.spyOn(process.stdout, 'write'), vi.spyOn(console, 'error')];
  out.mockImplementation(() => true);
  err.mockImplementation(() => {});
  try {
    const code = await run(argv);
    const text = (calls: unknown[][]): string => calls.map(([first]) => `${first}`).join('');
    return { code, out: text(out.mock.calls), err: text(err.mock.calls) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('firn check', () => {
  test('--json prints one line per file, members in their order', async () => {
    const { code, out } = await command('--json', ...DSCSA, good, bad);
    expect(code).toBe(1);
    const [first, second, rest] = out.split('\n');
    expect(rest).toBe('');
    expect(first).toBe(
      `{"file":${JSON.stringify(good)},"outcome":"accept_all","events":7,"accepted":7,"findings":[]}`,
    );
    expect(second).toBe(
      `{"file":${JSON.stringify(bad)},"outcome":"accept_partial","events":7,"accepted":0,"findings":[{` +
        '"code":"S04_ACTION","severity":"reject","event":2,"pointer":"/epcisBody/eventList/2/action",' +
        '"detail":"\\"add\\", not ADD, OBSERVE or DELETE"}]}',
    );
  });

  test('--behaviour proceed counts the events that would be stored', async () => {
    const { code, out } = await command('--json', '--behaviour', 'proceed', ...DSCSA, bad);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'accept_partial', accepted: 6 });
  });

  test('the profile is generic and the clock that of the machine, where nobody says otherwise', async () => {
    const ahead = changed('ahead.jsonld', (events, document) => {
      delete (document['epcisHeader'] as JsonObject)['gs1ushc:dscsaTransactionStatement'];
      (events[6] as JsonObject)['eventTime'] = '2999-01-01T00:00:00Z';
    });
    const { findings } = JSON.parse((await command('--json', ahead)).out);
    const codes = (findings as { code: string }[]).map((each) => each.code);
    expect(codes).toEqual(['L10_UNVERIFIED', 'L14_FUTURE_TIME']);
  });

  test('a document of another sender is refused whole', async () => {
    const { code, out } = await command('--json', ...DSCSA, '--sender', BUYER_GLN, good);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'reject_document', events: 7, accepted: 0 });
  });

  test('nothing is known before each file, and a duplicate in one is not stored again', async () => {
    const twice = changed('twice.jsonld', (events) => events.push({ ...(events[6] as JsonObject) }));
    const { code, out } = await command('--json', ...DSCSA, good, good, twice);
    expect(code).toBe(0);
    const accepted = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(accepted.map((each) => each.accepted)).toEqual([7, 7, 7]);
    expect(accepted[2].findings).toMatchObject([{ code: 'L12_DUPLICATE_EVENT', severity: 'info', event: 7 }]);
  });

  test('--events prints canonical form, digest and event hash: the same from all four forms', async () => {
    const outs = [];
    for (const form of FORMS) {
      const { code, out } = await command(
        '--events',
        file(`events-${form}`, documentText(dscsaPlan(), form)),
      );
      expect(code).toBe(0);
      const lines = out.trim().split('\n');
      for (const [i, line] of lines.entries())
        expect(line).toMatch(
          new RegExp(
            `^\\{"event":${i},"event_hash":"[0-9a-f]{64}","ni":"ni:///sha-256;[0-9a-f]{64}\\?ver=CBV2.0","canonical":\\{"action":`,
          ),
        );
      outs.push(lines.map((line) => [JSON.parse(line).event_hash, JSON.parse(line).canonical]));
    }
    expect(outs[0]).toHaveLength(7);
    for (const each of outs) expect(each).toEqual(outs[0]);
  });

  test('--events of a document that breaks off tells it on stderr and exits 1', async () => {
    const { code, out, err } = await command(
      '--events',
      file('cut.json', '{"type":"EPCISDocument","epcisBody":'),
    );
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('D04_MALFORMED');
  });

  test('a bare event is checked as POST /epcis/events takes it', async () => {
    const event = (
      (documentJson(dscsaPlan(), 'json-urn')['epcisBody'] as JsonObject)['eventList'] as JsonObject[]
    )[2];
    const { code, out } = await command('--json', file('event.json', JSON.stringify(event)));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'accept_all', events: 1, accepted: 1 });
  });

  test('people get a verdict, findings by code, values, places and advice', async () => {
    const { code, out } = await command(...DSCSA, bad);
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      `${bad}: 1 of 7 events refused, none is stored`,
      '',
      '  reject S04_ACTION',
      '         event 2  "add", not ADD, OBSERVE or DELETE',
      '                  at /epcisBody/eventList/2/action',
      '         Give action ADD, OBSERVE or DELETE; a TransformationEvent has none.',
      '',
    ]);
    expect((await command(...DSCSA, good)).out).toBe(`${good}: accepted, 7 events\n`);
  });

  test('the report for people cannot be made to look otherwise by what a sender wrote', () => {
    const finding = {
      code: 'S13_UNKNOWN_FIELD',
      severity: 'reject',
      event: 0,
      pointer: '/\u001b[2J',
      detail: '\r',
    };
    const report = { outcome: 'accept_partial', events: 1, accepted: 0, findings: Array(12).fill(finding) };
    const text = checkText('a\nb', report as Parameters<typeof checkText>[1], false);
    for (const control of ['\r', '\u001b']) expect(text).not.toContain(control);
    expect(text).toContain('S13_UNKNOWN_FIELD, 12 times');
    expect(text).toContain('and 2 more');
    expect(checkText('a', report as Parameters<typeof checkText>[1], true)).toContain('\u001b[31mreject');
  });

  test('a command line that makes no sense is a word and exit code 2', async () => {
    const digit = file('digit.json', '[{"gln":"9521234000013"},{"gln":"9521234000012"}]');
    const nameless = file('nameless.json', '[{"name":"Example"}]');
    const faults: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /which document/],
      [['-', '-'], /read once/],
      [['--json', '--events', good], /two outputs/],
      [['--profile', 'dsca', good], /--profile is generic or dscsa or r1.3-strict, not "dsca"/],
      [['--behaviour', 'all', good], /--behaviour is rollback or proceed/],
      [['--sender', '9521234000012', good], /--sender takes a GLN, .*check digit: 3 for 952123400001 /],
      [['--sender', '123', good], /--sender takes a GLN, not "123": a GLN is 13 digits/],
      [['--sender', 'urn:epc:id:sgtin:1', good], /--sender takes a GLN, not "urn:epc:id:sgtin:1": \S/],
      [['--now', 'noon', good], /--now takes a time/],
      [['--partners', good, good], /not a JSON array/],
      [['--partners', digit, good], /entry 1 needs a GLN, not "9521234000012": .*check digit: 3/],
      [['--partners', nameless, good], /entry 0 has no text as gln/],
      [['--partners', join(top, 'missing'), good], /ENOENT/],
      [['--jason', good], /did you mean --json/],
    ];
    for (const [argv, words] of faults) {
      await expect(run([...argv])).rejects.toThrow(ConfigError);
      await expect(run([...argv])).rejects.toThrow(words);
    }
  });

  test('a pipe is a document like any other', async () => {
    const pipe = join(top, 'pipe');
    spawnSync('mkfifo', [pipe]);
    spawn('sh', ['-c', 'cat "$0" > "$1"', good, pipe]);
    const { code, out } = await command('--json', ...DSCSA, pipe);
    expect([code, JSON.parse(out).outcome]).toEqual([0, 'accept_all']);
  });

  test('a file that cannot be read is exit code 2, and the others are checked', async () => {
    const { code, out, err } = await command('--json', ...DSCSA, join(top, 'missing.xml'), top, good);
    expect(code).toBe(2);
    expect(err).toMatch(/cannot read .*missing\.xml/);
    expect(err).toMatch(/it is a folder: name the files in it/);
    expect(out.trim().split('\n')).toHaveLength(1);
  });

  test.skipIf(!existsSync(main))('the installed command reads its standard input', () => {
    const input = documentText(dscsaPlan(), 'xml-1.2');
    const child = spawnSync(process.execPath, [main, 'check', '--json', ...DSCSA, '-'], {
      input,
      encoding: 'utf8',
    });
    expect(child.stderr).toBe('');
    expect(JSON.parse(child.stdout)).toMatchObject({ file: '-', outcome: 'accept_all', accepted: 7 });
    expect(child.status).toBe(0);
  });

  test.skipIf(!existsSync(main))('Ctrl-C ends with 130 and no verdict', async () => {
    const plan = dscsaPlan();
    const long = file(
      'long.xml',
      documentText({ ...plan, events: Array(40_000).fill(plan.events[6]) }, 'xml-2.0'),
    );
    const child = spawn(process.execPath, [main, 'check', '--events', long], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.once('data', () => {
      child.kill('SIGINT');
      child.stdout.resume();
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(err).toContain('stopped before the end, so there is no verdict');
    expect(code).toBe(130);
  });
});
