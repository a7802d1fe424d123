// XML documents: what it costs to get at the events (flat lines, the same bytes from every arm) by firn's streaming reader,
// by a stylesheet in libxslt, which is C, and by a DOM in JavaScript; and what it costs to have them judged from there, the
// same digests from every arm. The two others hold the document and its tree in memory; firn holds one event.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustAgree } from '../micro/subject.ts';
import { ROOT } from '../root.ts';
import { type DocumentArm, hasCommand, runCommand, type Work } from './arms.ts';
import { type Form, makeDocument, type Shape } from './documents.ts';
import { eventsByDom, loadDom } from './dom.ts';
import { eventOf, type Flat, flatLine } from './flat.ts';
import { EVENTS, mustBeWhole } from './judge-json.ts';
import { type Answer, Judging, judgeWhole, readEvents } from './judging.ts';

const STYLESHEET = join(ROOT, 'bench/epcis/flat.xsl');

export interface PreparedXml {
  /** Getting at the events, and having them judged. */
  readonly works: readonly { readonly work: Work; readonly arms: readonly DocumentArm[] }[];
  readonly missing: readonly string[];
  readonly answer: Answer;
  close(): void;
}

/** A way to the flat lines of a document, and the CPU milliseconds that it spent in other processes. */
interface Way {
  readonly name: string;
  readonly kind: DocumentArm['kind'];
  lines(): { readonly text: Buffer; readonly elsewhere: number };
  events(): { readonly flat: Iterable<Flat>; readonly elsewhere: number };
}

function* parsed(lines: Buffer): Generator<Flat> {
  for (const line of lines.toString().split('\n')) if (line !== '') yield JSON.parse(line) as Flat;
}

function otherWays(body: Buffer, folder: string): { ways: Way[]; missing: string[] } {
  const ways: Way[] = [];
  const missing: string[] = [];
  if (hasCommand('xsltproc')) {
    const path = join(folder, 'document.xml');
    writeFileSync(path, body);
    const lines = (): { text: Buffer; elsewhere: number } => {
      const { stdout, cpuMs } = runCommand('xsltproc', '--nonet', '--novalid', STYLESHEET, path);
      return { text: stdout, elsewhere: cpuMs };
    };
    const events = (): { flat: Iterable<Flat>; elsewhere: number } => {
      const { text, elsewhere } = lines();
      return { flat: parsed(text), elsewhere };
    };
    ways.push({ name: 'xsltproc (libxslt, C)', kind: 'peer', lines, events });
  } else missing.push('xsltproc is not there: apt-get install xsltproc');
  const dom = loadDom();
  if (dom.module === null) missing.push(dom.reason);
  else {
    const { module, version } = dom;
    const lines = (): { text: Buffer; elsewhere: number } => {
      const all = Array.from(eventsByDom(module, body), (flat) => `${JSON.stringify(flat)}\n`);
      return { text: Buffer.from(all.join('')), elsewhere: 0 };
    };
    const events = (): { flat: Iterable<Flat>; elsewhere: number } => ({
      flat: eventsByDom(module, body),
      elsewhere: 0,
    });
    ways.push({ name: `DOM (@xmldom/xmldom ${version})`, kind: 'peer', lines, events });
  }
  return { ways, missing };
}

export function prepareXml(form: Form, shape: Shape, events = EVENTS[shape]): PreparedXml {
  const folder = mkdtempSync(join(tmpdir(), 'firn-bench-xml-'));
  const made = makeDocument(form, shape, { events });
  const { body, rows, bytes } = made;
  const head = readEvents(body, form, null);
  const title = `${form}, ${shape} events`;
  const answer = mustBeWhole(title, made, judgeWhole(body, form, head));
  const { ways, missing } = otherWays(body, folder);

  const ownLines = (): Buffer => {
    const lines: string[] = [];
    readEvents(body, form, (event) => lines.push(flatLine(event)));
    return Buffer.from(lines.join(''));
  };
  const judged = (flat: Iterable<Flat>): Answer => {
    const judging = new Judging(head);
    let index = 0;
    for (const each of flat) judging.take(eventOf(each, index++));
    return judging.answer();
  };
  mustAgree(title, [['firn', ownLines()], ...ways.map(({ name, lines }) => [name, lines().text] as const)]);
  const sum = createHash('sha256').update(ownLines()).digest('hex');
  const check = (name: string, lines: Buffer): void => {
    if (createHash('sha256').update(lines).digest('hex') !== sum) throw new Error(`${name}: other lines`);
  };
  const mustBeSame = (name: string, each: Answer): void => {
    if (each.digest !== answer.digest || each.ni !== answer.ni) throw new Error(`${name}: other digests`);
  };

  const reading: DocumentArm[] = [
    {
      name: 'firn, streaming',
      kind: 'ours',
      run: () => {
        check('firn', ownLines());
        return 0;
      },
    },
    ...ways.map(({ name, kind, lines }) => ({
      name,
      kind,
      run: () => {
        const { text, elsewhere } = lines();
        check(name, text);
        return elsewhere;
      },
    })),
  ];
  const judging: DocumentArm[] = [
    {
      name: 'firn, streaming',
      kind: 'ours',
      run: () => {
        mustBeSame('firn', judgeWhole(body, form, head));
        return 0;
      },
    },
    ...ways.map(({ name, kind, events: take }) => ({
      name: `${name}, then the same rules`,
      kind,
      run: () => {
        const { flat, elsewhere } = take();
        mustBeSame(name, judged(flat));
        return elsewhere;
      },
    })),
  ];
  const about = { rows, bytes, notes: [] };
  return {
    works: [
      {
        work: { key: `read-${form}-${shape}`, title: `${title}: to flat lines`, ...about },
        arms: reading,
      },
      { work: { key: `judge-${form}-${shape}`, title: `${title}: judged`, ...about }, arms: judging },
    ],
    missing,
    answer,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
