// Hostile documents against an engine in a process of its own, over real sockets: each gets the status and type it deserves,
// the engine lives and takes the next good document, what was refused lies in the dead letter byte for byte, and the lake
// verifies at the end.

import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLake } from '../../engine/dead-letter/lake.ts';
import { letterObjects, lettersOf } from '../../engine/dead-letter/letters.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { type JobAnswer, overAt, sendText } from '../support/capture.ts';
import { documentText, dscsaPlan, MAKER, sgtin, UNIT } from '../support/epcis-documents.ts';
import { type ServedCaptures, startServed } from '../support/served-captures.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const JSON_TYPE = 'application/json';
const XML_TYPE = 'application/xml';
const CONTEXT = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld';
const MIB = 1024 * 1024;
let serials = 0;

/** An event that is right, but for `over`. */
function event(over: object = {}): object {
  serials += 1;
  return {
    type: 'ObjectEvent',
    eventTime: '2025-05-05T08:00:00Z',
    eventTimeZoneOffset: '+00:00',
    action: 'OBSERVE',
    bizStep: 'inspecting',
    epcList: [sgtin(MAKER, UNIT, `a${serials}`).urn],
    ...over,
  };
}

function document(events: readonly object[], over: object = {}): string {
  return JSON.stringify({
    '@context': [CONTEXT, { ex: 'urn:example:' }],
    type: 'EPCISDocument',
    schemaVersion: '2.0',
    creationDate: '2025-05-05T08:00:00Z',
    ...over,
    epcisBody: { eventList: events },
  });
}

function xmlEvent(inside = ''): string {
  serials += 1;
  return `<ObjectEvent><eventTime>2025-05-05T08:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset><epcList><epc>${sgtin(MAKER, UNIT, `a${serials}`).urn}</epc></epcList><action>OBSERVE</action>${inside}</ObjectEvent>`;
}

function xml(events: string, { prolog = '', root = '' } = {}): string {
  return `<?xml version="1.0"?>${prolog}<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" xmlns:ex="urn:example:" schemaVersion="2.0" creationDate="2025-05-05T08:00:00Z"${root}><EPCISBody><EventList>${events}</EventList></EPCISBody></e:EPCISDocument>`;
}

const utf16 = (text: string, big: boolean): Bytes => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return new Uint8Array(big ? bytes.swap16() : bytes);
};
const raw = (text: string, at: string, bytes: readonly number[]): Bytes => {
  const [before = '', behind = ''] = text.split(at);
  return new Uint8Array(Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(behind)]));
};
const many = (count: number, make: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => make(n)).join('');

describe('capture attacks', () => {
  let bed: ServedCaptures;
  let canary: Server;
  let canaryCalls = 0;
  let canaryUrl = '';
  /** Bodies and spans that must be in the dead letter, by their code. */
  const refused: { code: string; bytes: Buffer }[] = [];

  beforeAll(async () => {
    canary = createServer((_, res) => {
      canaryCalls += 1;
      res.end('owned');
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/x`;
    bed = await startServed({}, { DATABASE_URL: process.env['FIRN_TEST_DATABASE_URL'] ?? '' });
    await good();
  }, 120_000);

  afterAll(async () => {
    canary?.close();
    await bed?.remove();
  });

  const proceed = { 'gs1-capture-error-behaviour': 'proceed' };

  async function jobOf(body: string | Bytes, type: string): Promise<JobAnswer> {
    const sent = await sendText(bed.http, body, type, proceed);
    expect([sent.status, sent.body]).toEqual([202, '']);
    return overAt(bed.http, sent.location);
  }

  /** The next document is taken as if nothing had happened. */
  async function good(): Promise<void> {
    const job = await jobOf(document([event()]), JSON_TYPE);
    expect([job.success, job.errors]).toEqual([true, []]);
  }

  /** Refused whole, with this code, and kept. */
  async function refuses(code: string, body: string | Bytes, type: string, status = 400): Promise<void> {
    const sent = await sendText(bed.http, body, type, proceed);
    expect([sent.status, sent.body.slice(0, 400)]).toEqual([status, expect.stringContaining(code)]);
    const problem = JSON.parse(sent.body) as { type: string; code: string; detail: string };
    expect(problem.type).toMatch(/^epcisException:/);
    expect(problem.detail.length).toBeLessThan(1000);
    refused.push({ code, bytes: Buffer.from(body as string) });
    expect(bed.alive()).toBe(true);
  }

  /** Taken; of its events only the first is refused, with this code. */
  async function refusesFirst(code: string, body: string | Bytes, type: string, span: string): Promise<void> {
    const job = await jobOf(body, type);
    expect([...new Set(job.errors.map((each) => `${each.eventIndex} ${each.code}`))]).toContain(`0 ${code}`);
    expect(job.errors.every(({ eventIndex }) => eventIndex === 0)).toBe(true);
    refused.push({ code, bytes: Buffer.from(span) });
  }

  const twoEvents = (first: object): [body: string, span: string] => [
    document([first, event()]),
    JSON.stringify(first),
  ];

  test('attacks: entities and document types', async () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${many(9, (n) => `<!ENTITY ${'bcdefghij'[n]} "${`&${'abcdefghi'[n]};`.repeat(10)}">`)}]>`;
    await refuses('D05_DTD_ENTITY', xml(xmlEvent('<ex:a>&j;</ex:a>'), { prolog: bomb }), XML_TYPE);
    for (const declared of [
      `<!DOCTYPE x [<!ENTITY x SYSTEM "${canaryUrl}">]>`,
      '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
      `<!DOCTYPE x [<!ENTITY % p SYSTEM "${canaryUrl}"> %p;]>`,
      `<!DOCTYPE x SYSTEM "${canaryUrl}">`,
      `<!DOCTYPE x PUBLIC "-//x//y" "${canaryUrl}">`,
      '<!DOCTYPE x [<!ATTLIST x a CDATA "b">]>',
    ])
      await refuses('D05_DTD_ENTITY', xml(xmlEvent('<ex:a>&x;</ex:a>'), { prolog: declared }), XML_TYPE);
    await refuses('D04_MALFORMED', xml(xmlEvent('<ex:a>&nbsp;</ex:a>')), XML_TYPE);
    expect((await jobOf(xml(xmlEvent(), { prolog: '<!DOCTYPE x>' }), XML_TYPE)).success).toBe(true);
    const hint = ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x ${canaryUrl}"`;
    const include = `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${canaryUrl}"/>`;
    const stylesheet = `<?xml-stylesheet href="${canaryUrl}"?>`;
    await jobOf(xml(xmlEvent(include), { prolog: stylesheet, root: hint }), XML_TYPE);
    const { '@context': _, ...rest } = JSON.parse(document([event()])) as Record<string, unknown>;
    await jobOf(JSON.stringify({ '@context': [CONTEXT, canaryUrl], ...rest }), JSON_TYPE);
    expect(canaryCalls).toBe(0);
    await good();
  });

  test('attacks: depth', async () => {
    const deep = 10_000;
    await refuses(
      'D04_MALFORMED',
      xml(xmlEvent(`${'<ex:a>'.repeat(deep)}${'</ex:a>'.repeat(deep)}`)),
      XML_TYPE,
    );
    await refuses('D06_ROOT', '<a>'.repeat(deep), XML_TYPE);
    await refuses('D04_MALFORMED', document([]).replace('[]', '['.repeat(deep)), JSON_TYPE);
    await refuses(
      'D04_MALFORMED',
      document([event({ 'ex:a': 1 })]).replace(
        '"ex:a":1',
        `"ex:a":${'{"ex:a":'.repeat(deep)}1${'}'.repeat(deep)}`,
      ),
      JSON_TYPE,
    );
    await good();
  });

  test('attacks: encodings', async () => {
    for (const big of [false, true])
      expect(
        (
          await jobOf(
            utf16(xml(xmlEvent('<ex:a>Größe 😀</ex:a>')).replace('?>', ' encoding="UTF-16"?>'), big),
            XML_TYPE,
          )
        ).success,
      ).toBe(true);
    await refuses('D04_MALFORMED', utf16(document([event()]), false), JSON_TYPE);
    await refuses(
      'D04_MALFORMED',
      utf16(xml(xmlEvent()).replace('?>', ' encoding="UTF-8"?>'), false),
      XML_TYPE,
    );
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      await refuses('D04_MALFORMED', raw(document([event({ 'ex:a': 'HERE' })]), 'HERE', bytes), JSON_TYPE);
      await refuses('D04_MALFORMED', raw(xml(xmlEvent('<ex:a>HERE</ex:a>')), 'HERE', bytes), XML_TYPE);
    }
    for (const text of ['\\ud83d', '\\ude00', '\\ud83d\\ud83d'])
      await refuses('D04_MALFORMED', document([event({ 'ex:a': 'HERE' })]).replace('HERE', text), JSON_TYPE);
    await refuses('D04_MALFORMED', xml(xmlEvent('<ex:a>&#0;</ex:a>')), XML_TYPE);
    await refuses('D04_MALFORMED', xml(xmlEvent('<ex:a>&#xd800;</ex:a>')), XML_TYPE);
    await good();
  });

  test('attacks: what is no document', async () => {
    const whole = document([event()]);
    const marked = xml(xmlEvent());
    for (const share of [0.1, 0.5, 0.999]) {
      await refuses('D04_MALFORMED', whole.slice(0, Math.floor(whole.length * share)), JSON_TYPE);
      await refuses('D04_MALFORMED', marked.slice(0, Math.floor(marked.length * share)), XML_TYPE);
    }
    await refuses('D04_MALFORMED', whole, XML_TYPE);
    await refuses('D04_MALFORMED', marked, JSON_TYPE);
    await refuses('D04_MALFORMED', `${whole}${whole}`, JSON_TYPE);
    await refuses(
      'D04_MALFORMED',
      document([event()]).replace('"type":"ObjectEvent"', '"type":"ObjectEvent","type":"ObjectEvent"'),
      JSON_TYPE,
    );
    await refuses(
      'D04_MALFORMED',
      document([event()]).replace('"schemaVersion"', '"type":"EPCISDocument","schemaVersion"'),
      JSON_TYPE,
    );
    for (const number of ['NaN', 'Infinity', '-', '01', '1e', '0x10', `${'9'.repeat(10_000_000)}`])
      await refuses(
        'D04_MALFORMED',
        document([event({ 'ex:a': 7 })]).replace('"ex:a":7', `"ex:a":${number}`),
        JSON_TYPE,
      );
    const boundary = `--b\r\nContent-Disposition: form-data; name="f"; filename="a\r\nX: y"\r\n\r\n${whole}\r\n--b--`;
    for (const type of [
      'text/plain',
      'application/octet-stream',
      'multipart/form-data; boundary=b',
      'application/json; charset=utf-16',
      'x'.repeat(3000),
    ]) {
      const { status, body } = await sendText(bed.http, boundary, type, proceed);
      expect([type.slice(0, 40), status, (JSON.parse(body) as { type: string }).type]).toEqual([
        type.slice(0, 40),
        415,
        'epcisException:UnsupportedMediaTypeException',
      ]);
    }
    await refuses('D04_MALFORMED', boundary, JSON_TYPE);
    const zipped = new Uint8Array(gzipSync(whole));
    expect((await sendText(bed.http, zipped, JSON_TYPE, { 'content-encoding': 'gzip' })).status).toBe(415);
    await refuses('D04_MALFORMED', zipped, JSON_TYPE);
    await good();
  });

  test('attacks: giants and floods', async () => {
    const giant = 'g'.repeat(2 * MIB);
    for (const inside of [
      `<ex:a b="${giant}"/>`,
      `<ex:a>${giant}</ex:a>`,
      `<!--${giant}-->`,
      `<![CDATA[${giant}]]>`,
      `<?pi ${giant}?>`,
      `<${giant}/>`,
    ])
      await refuses('D04_MALFORMED', xml(xmlEvent(inside)), XML_TYPE);
    await refuses('D04_MALFORMED', xml(xmlEvent(`<ex:a ${many(1_000_000, (n) => `a${n}="" `)}/>`)), XML_TYPE);
    await refuses(
      'D04_MALFORMED',
      xml(xmlEvent(`<ex:a ${many(50_000, (n) => `xmlns:n${n}="urn:n:${n}" `)}/>`)),
      XML_TYPE,
    );
    await refuses('D04_MALFORMED', document([event({ 'ex:a': giant })]), JSON_TYPE);
    await refuses(
      'D04_MALFORMED',
      document([]).replace('"schemaVersion"', `${many(20_000, (n) => `"m${n}":1,`)}"schemaVersion"`),
      JSON_TYPE,
    );
    const prefixes = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`p${n}`, `urn:p:${n}`]));
    expect(
      (await jobOf(document([event({ 'p99999:a': 1 })], { '@context': [CONTEXT, prefixes] }), JSON_TYPE))
        .success,
    ).toBe(true);
    await good();
  }, 120_000);

  test('attacks: an event over 8 MiB is refused alone, and one over 32 MiB with its document', async () => {
    const parts = (mib: number): string[] =>
      Array.from({ length: mib * 10 }, (_, n) => `${n} ${'x'.repeat(MIB / 10)}`);
    await refusesFirst('F01_EVENT_TOO_LARGE', ...jsonOf(event({ 'ex:a': parts(9) })));
    const large = xmlEvent(
      parts(9)
        .map((text) => `<ex:a>${text}</ex:a>`)
        .join(''),
    );
    await refusesFirst('F01_EVENT_TOO_LARGE', xml(large + xmlEvent()), XML_TYPE, large);
    await refusesFirst(
      'F01_EVENT_TOO_LARGE',
      ...jsonOf(event({ 'ex:a': Array.from({ length: 600_000 }, () => []) })),
    );
    await refuses('F01_EVENT_TOO_LARGE', document([event({ 'ex:a': parts(40) })]), JSON_TYPE);
    await refuses(
      'F01_EVENT_TOO_LARGE',
      xml(
        xmlEvent(
          parts(40)
            .map((text) => `<ex:a>${text}</ex:a>`)
            .join(''),
        ),
      ),
      XML_TYPE,
    );
    await good();
  }, 120_000);

  const jsonOf = (first: object): [string, string, string] => {
    const [body, span] = twoEvents(first);
    return [body, JSON_TYPE, span];
  };

  test('attacks: values that a ledger would choke on', async () => {
    const long = (bytes: number): string =>
      many(bytes / 8, () => Math.random().toString(36).slice(2, 10).padEnd(8, 'q'));
    const ilmd = (lot: string, expiry: string) => ({
      action: 'ADD',
      bizStep: 'commissioning',
      ilmd: { 'cbvmda:lotNumber': lot, 'cbvmda:itemExpirationDate': expiry },
    });
    const wrong: [code: string, event: object][] = [
      ['S20_URI', { eventID: 'urn:x:\u0000a' }],
      ['S20_URI', { epcList: ['urn:x:a\u0000'] }],
      ['S16_CBV_VALUE', { bizStep: 'https://example.org/\u0000' }],
      ['S16_CBV_VALUE', { disposition: 'urn:x:\u0000' }],
      ['S04_ACTION', { action: 'ADD\u0000' }],
      ['S01_EVENT_TYPE', { type: 'Object\u0000Event' }],
      ['S02_EVENT_TIME', { eventTime: '2025-05-05T08:00:00Z\u0000' }],
      ['I06_SERIAL_CHARSET', { epcList: ['urn:epc:id:sgtin:9521234.012345.%00'] }],
      ['I08_LOT_SYNTAX', ilmd('a\u0000', '2027-01-01')],
      ['S20_URI', { eventID: `urn:x:${long(20_000)}` }],
      ['S20_URI', { epcList: [`urn:x:${long(4000)}`] }],
      ['S20_URI', { epcList: [`https://example.org/${long(4000)}`] }],
      ['S16_CBV_VALUE', { bizStep: `urn:x:${long(4000)}` }],
      [
        'S17_ERROR_DECLARATION',
        { errorDeclaration: { declarationTime: '0000-01-01T00:00:00Z', reason: 'did_not_occur' } },
      ],
      ['S02_EVENT_TIME', { eventTime: '0000-01-01T00:00:00Z' }],
      ['S02_EVENT_TIME', { eventTime: '9999-12-31T23:59:59-14:00' }],
      ['S02_EVENT_TIME', { eventTime: '10000-01-01T00:00:00Z' }],
      ['L14_FUTURE_TIME', { eventTime: '9999-12-31T23:59:59Z' }],
      ['S13_UNKNOWN_FIELD', { constructor: { prototype: { polluted: 1 } } }],
      ['S01_EVENT_TYPE', { type: '__proto__' }],
      // Where a detail is cut there is a pair of surrogates.
      ['S01_EVENT_TYPE', { type: '😀'.repeat(200) }],
      ['S20_URI', { epcList: [`x${'😀'.repeat(200)}`] }],
    ];
    for (const [code, over] of wrong) await refusesFirst(code, ...jsonOf(event(over)));
    const right: object[] = [
      { 'ex:a': 'b\u0000c', 'ex:d\u0000': '\u0001\ufffe😀' },
      ilmd('Z0', '0000-01-01'),
      { errorDeclaration: { declarationTime: '0001-01-01T00:00:00Z', reason: 'did_not_occur' } },
      { eventID: `urn:x:${long(1016)}`, bizStep: `urn:x:${long(1016)}`, epcList: [`urn:x:${long(1016)}`] },
    ];
    for (const over of right) {
      const job = await jobOf(document([event(over)]), JSON_TYPE);
      expect([over, job.success, job.errors]).toEqual([over, true, []]);
    }
    const heads = { instanceIdentifier: 'a\u0000b', sender: '\u0000' };
    expect((await jobOf(document([event()], heads), JSON_TYPE)).success).toBe(true);
    const quantity = (text: string): string =>
      document([
        event({ quantityList: [{ epcClass: 'urn:epc:class:lgtin:9521234.012345.L1', quantity: 7 }] }),
      ]).replace('"quantity":7', `"quantity":${text}`);
    expect((await jobOf(quantity('1e400'), JSON_TYPE)).success).toBe(true);
    for (const text of ['1e999999999', '1e-99999999999999999999', '9'.repeat(1_000_000)])
      expect((await jobOf(quantity(text), JSON_TYPE)).errors.map(({ code }) => code)).toEqual([
        'S14_QUANTITY',
      ]);
    const polluted = document([event()]).replace(
      '"schemaVersion"',
      '"__proto__":{"epcisBody":{}},"constructor":{},"toString":[],"schemaVersion"',
    );
    expect((await jobOf(polluted, JSON_TYPE)).success).toBe(true);
    await good();
  }, 120_000);

  test('attacks: values that a pattern could be slow on', async () => {
    const long = 500_000;
    const before = performance.now();
    for (const over of [
      { eventTime: `2025-05-05T08:00:00.${'0'.repeat(long)}x` },
      { eventTimeZoneOffset: '+'.repeat(long) },
      { epcList: [`urn:epc:id:sgtin:${'1.'.repeat(long)}`] },
      { epcList: [`urn:epc:id:sgtin:9521234.012345.${'%2'.repeat(long / 2)}`] },
      { epcList: [`https://id.gs1.org/${'01/'.repeat(long / 3)}`] },
      { epcList: [`https://${'a.'.repeat(long)}`] },
      { bizStep: `${' '.repeat(long)}x${' '.repeat(long)}y` },
      { eventID: `${'a'.repeat(long)}:` },
      { readPoint: { id: `geo:${'1,'.repeat(long)}` } },
      { 'ex:a': `${' '.repeat(long)}x` },
    ])
      await jobOf(document([event(over)]), JSON_TYPE);
    const spaces = ' '.repeat(long);
    await sendText(
      bed.http,
      xml(xmlEvent(), { prolog: `<!DOCTYPE x${' '.repeat(3000)}${'<!---->'.repeat(100)}x>` }),
      XML_TYPE,
    );
    await jobOf(xml(xmlEvent(`<ex:a>${spaces}x${spaces}</ex:a>`)), XML_TYPE);
    // A pattern that backtracks takes hours for half a million characters.
    expect(performance.now() - before).toBeLessThan(60_000);
    await good();
  }, 120_000);

  test('attacks: 50,000 findings are a bounded job', async () => {
    const events = Array.from({ length: 50_000 }, () => event({ eventTime: 'yesterday', action: 'MAYBE' }));
    const job = await jobOf(document(events), JSON_TYPE);
    const codes = job.errors.map(({ code }) => code);
    expect(codes.length).toBeLessThan(500);
    const all = [...job.errors, ...((job['warnings'] ?? []) as { code: string }[])].map(({ code }) => code);
    expect(all).toContain('FINDINGS_TRUNCATED');
    await good();
  }, 240_000);

  test('attacks: uploads that drip, break off, or name too much', async () => {
    const body = document([event()]);
    const { hostname, port } = new URL(bed.http);
    const speak = (write: (send: (text: string) => Promise<void>) => Promise<void>): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname);
        let said = '';
        socket.setNoDelay(true).setEncoding('latin1');
        socket.on('data', (text: string) => {
          said += text;
        });
        socket.on('close', () => resolve(said));
        socket.on('error', () => resolve(said));
        const send = (text: string): Promise<void> => new Promise((sent) => socket.write(text, () => sent()));
        socket.once(
          'connect',
          () => void write(send).then(() => setTimeout(() => socket.destroy(), 1500), reject),
        );
      });
    const head = (length: number): string =>
      `POST /epcis/capture HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    const dripped = await speak(async (send) => {
      await send(head(body.length));
      for (const byte of body) await send(byte);
    });
    expect(dripped).toMatch(/^HTTP\/1\.1 202 /);
    const cutOff = await speak(async (send) => {
      await send(head(body.length + 10));
      await send(body);
    });
    expect(cutOff).toBe('');
    const over = await speak((send) => send(head(301 * MIB)));
    expect(over).toMatch(/^HTTP\/1\.1 413 /);
    expect(over).toMatch(/GS1-EPCIS-Capture-File-Size-Limit: 314572800/i);
    const injected = await speak((send) =>
      send(
        `GET /epcis/capture?nextPageToken=%0d%0aX-Evil:%201&perPage=1 HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`,
      ),
    );
    expect(injected).not.toMatch(/^X-Evil/im);
    for (const path of [
      `/epcis/events/${'x'.repeat(3000)}`,
      '/epcis/events/%ff',
      '/epcis/events/%00',
      '/epcis/events/urn:x:%0d%0aX-Evil:1',
      `/epcis/items/09521234123454/${'x'.repeat(300)}`,
      '/epcis/items/09521234123454/%00',
      '/epcis/items/00/%00',
      '/epcis/capture/..%2f..%2fetc',
      '/epcis/acks?after=99999999999999999999',
      '/epcis/acks?after=9223372036854775808',
    ]) {
      const answer = await fetch(`${bed.http}${path}`);
      expect([path.slice(0, 40), answer.status >= 400 && answer.status < 500]).toEqual([
        path.slice(0, 40),
        true,
      ]);
      expect(answer.headers.get('x-evil')).toBeNull();
    }
    const single = await sendText(
      bed.http,
      JSON.stringify({ '@context': CONTEXT, ...event({ eventID: 'urn:x:é"<>;,\\' }) }),
      JSON_TYPE,
      {},
      '/epcis/events',
    );
    expect([single.status, single.location]).toEqual([
      201,
      '/epcis/events/urn%3Ax%3A%C3%A9%22%3C%3E%3B%2C%5C',
    ]);
    expect((await fetch(`${bed.http}${single.location}`)).status).toBe(200);
    await good();
  }, 120_000);

  test('attacks: the dead letter has every refused byte, the lake is sound, and the ledger never saw a fault', async () => {
    expect((await sendText(bed.http, documentText(dscsaPlan(), 'xml-1.2'), XML_TYPE)).status).toBe(202);
    expect(await bed.stop()).toBe(0);
    expect(bed.said()).not.toMatch(/"level":(50|60)/);
    const report = await verifyLake({ lake: bed.lake });
    expect(report.findings).toEqual([]);
    const lake = await openLake({ lake: bed.lake });
    const kept = new Map<string, { at: number; bytes: Buffer }[]>();
    for await (const object of letterObjects(lake, { stream: 'epcis' }))
      for (const { members } of await lettersOf(lake, object, { stream: 'epcis' })) {
        const { session, frame, record } = members.source;
        const key = `${session} ${frame} ${members.code}`;
        kept.set(key, [
          ...(kept.get(key) ?? []),
          { at: record ?? 0, bytes: Buffer.from(members.raw_b64, 'base64') },
        ]);
      }
    lake.close();
    const whole = [...kept].map(
      ([key, pieces]) =>
        `${key.split(' ')[2]} ${Buffer.concat(pieces.sort((a, b) => a.at - b.at).map(({ bytes }) => bytes)).toString('base64')}`,
    );
    const found = new Set(whole);
    const missing = refused.filter(({ code, bytes }) => !found.has(`${code} ${bytes.toString('base64')}`));
    expect(
      missing.map(({ code, bytes }) => `${code} ${bytes.length} ${bytes.toString('latin1', 0, 200)}`),
    ).toEqual([]);
  }, 240_000);
});
