// The streaming reader of EPCIS 2.0 in JSON: walks the few objects and arrays around the events token by token, and parses
// whole what lies in them, an event or a member of the head. A value that the window breaks off is parsed again from its
// start when the window has doubled, so memory is bounded by one event and bytes are parsed twice at most on average.

import type { DocumentHead, DocumentReader, DocumentSink, Finding, ReadLimits, Step } from '../model.ts';
import { BUILT_IN, type Context, NO_CONTEXT, readContext } from './context.ts';
import { readEvent } from './event.ts';
import { readHead } from './head.ts';
import { JsonFault, MORE, Parser } from './parse.ts';
import { pointer, stepsTo } from './pointer.ts';
import { isList, type Json, scalarOf } from './tree.ts';
import { Window } from './window.ts';

export interface JsonReaderOptions {
  /** The whole body is one event. */
  readonly single?: boolean;
  /**
   * Prefixes of the document from an earlier pass (`DocumentHead.prefixes`), for a context that stands behind the events.
   * Without them such a document is refused: its extensions would be read wrongly.
   */
  readonly prefixes?: readonly (readonly [string, string])[];
}

/** The objects and arrays that are walked; everything else is a value. */
const INNER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  root: { epcisBody: 'body' },
  body: { queryResults: 'results', eventList: 'events' },
  results: { resultsBody: 'resultsBody' },
  resultsBody: { eventList: 'events' },
  events: {},
};

interface Open {
  readonly place: string;
  readonly names: Set<string>;
  /** Where the walk is in it: name of the member, index of the item. */
  step: Step;
}

type State = 'start' | 'first' | 'name' | 'value' | 'after' | 'end';

/** Behind a byte order mark, which a parser may ignore (RFC 8259 §8.1). @throws MORE where there may be one. */
function afterMark(bytes: Buffer): number {
  const mark = [0xef, 0xbb, 0xbf];
  const at = mark.findIndex((byte, i) => bytes[i] !== byte);
  if (at > 0 && at === bytes.length) throw MORE;
  return at === -1 ? 3 : 0;
}

export function createJsonReader(
  sink: DocumentSink,
  limits: ReadLimits,
  options: JsonReaderOptions = {},
): DocumentReader {
  const window = new Window();
  const open: Open[] = [];
  const members = new Map<string, Json>();
  const known = options.prefixes;
  let context: Context =
    known === undefined ? NO_CONTEXT : { ...NO_CONTEXT, prefixes: new Map([...BUILT_IN, ...known]) };
  let hasContext = false;
  let hasList = false;
  let state: State = 'start';
  let events = 0;
  let refused = false;

  const steps = (): Step[] => open.map((each) => each.step);

  function refuse(code: string, at: Step[], detail: string): void {
    const finding: Finding = { code, severity: 'reject', event: null, pointer: pointer(at), detail };
    refused = true;
    sink.fault(finding);
  }

  /** One token or value. @throws MORE or JsonFault */
  function step(parser: Parser): void {
    const inner = open.at(-1);
    if (state === 'start') {
      if (options.single === true) takeEvent(parser, 1);
      else if (parser.peek() === 0x7b) enter(parser, 'root');
      else throw parser.fault('an EPCIS document is an object');
    } else if (state === 'end') {
      parser.peek();
      throw parser.fault('something behind the end of the document');
    } else if (inner === undefined) state = 'end';
    else if (state === 'value') takeValue(parser, inner);
    else if (state === 'after') {
      const byte = parser.peek();
      const close = inner.place === 'events' ? 0x5d : 0x7d;
      if (byte !== 0x2c && byte !== close) throw parser.fault('neither comma nor end behind a value');
      parser.at++;
      if (byte === close) leave();
      else if (inner.place === 'events') {
        inner.step = (inner.step as number) + 1;
        state = 'value';
      } else state = 'name';
    } else takeName(parser, inner);
  }

  function enter(parser: Parser, place: string): void {
    if (open.length >= limits.maxDepth) throw parser.fault(`more than ${limits.maxDepth} levels`);
    parser.at++;
    open.push({ place, names: new Set(), step: place === 'events' ? 0 : '' });
    if (place === 'events') hasList = true;
    state = 'first';
  }

  function leave(): void {
    open.pop();
    state = open.length === 0 ? 'end' : 'after';
  }

  /** A name, or the end of what has just begun. */
  function takeName(parser: Parser, inner: Open): void {
    const byte = parser.peek();
    if (state === 'first' && byte === (inner.place === 'events' ? 0x5d : 0x7d)) {
      parser.at++;
      leave();
      return;
    }
    if (inner.place !== 'events') {
      const start = parser.at;
      const name = parser.name();
      if (inner.names.has(name)) throw new JsonFault(start, 'a member is there twice');
      inner.names.add(name);
      inner.step = name;
    }
    state = 'value';
  }

  function takeValue(parser: Parser, inner: Open): void {
    const name = String(inner.step);
    if (inner.place === 'events' || (inner.place === 'body' && name === 'event')) {
      takeEvent(parser, open.length + 1);
      return;
    }
    const place = INNER[inner.place]?.[name];
    const opening = place === 'events' ? 0x5b : 0x7b;
    if (place !== undefined && parser.peek() === opening) {
      enter(parser, place);
      return;
    }
    const start = parser.at;
    const value = parser.value(open.length + 1);
    if (parser.at - start > limits.maxEventBytes) tooLarge(parser.at - start);
    else if (inner.place === 'root') takeMember(name, value);
    state = 'after';
  }

  function takeMember(name: string, value: Json): void {
    if (name !== '@context') {
      members.set(name, value);
      return;
    }
    hasContext = true;
    const late = known === undefined && sink.event !== null && events > 0;
    const found = readContext(value, context.prefixes);
    context = found;
    if (late && found.declared.length > 0)
      refuse('D09_CONTEXT_MISSING', ['@context'], 'the prefixes stand behind the events that use them');
    for (const url of found.unknown)
      sink.fault({
        code: 'D09_CONTEXT_MISSING',
        severity: 'warn',
        event: null,
        pointer: '/@context',
        detail: `the context ${url.slice(0, 120)} is not known here and is not fetched`,
      });
  }

  function takeEvent(parser: Parser, depth: number): void {
    const start = parser.at;
    const value = parser.value(depth);
    const length = parser.at - start;
    if (length > limits.maxEventBytes) {
      tooLarge(length);
      return;
    }
    if (open.length === 0 || open.at(-1)?.place === 'body') hasList = true;
    const { prefixes } = context;
    const span = { offset: window.offset + start, length };
    sink.event?.(readEvent(value, { index: events, span, steps: steps(), prefixes }));
    events++;
    state = open.length === 0 ? 'end' : 'after';
  }

  function tooLarge(length: number): void {
    const isEvent = open.length === 0 || open.at(-1)?.place === 'events' || open.at(-1)?.step === 'event';
    const detail = `more than ${limits.maxEventBytes} bytes: ${length} or more`;
    refuse(isEvent ? 'F01_EVENT_TOO_LARGE' : 'D02_BYTE_LIMIT', steps(), detail);
  }

  /** Takes what the window has. @returns false when the document is refused. */
  function run(): boolean {
    const bytes = window.bytes();
    const parser = new Parser(bytes, limits.maxDepth, limits.maxTextLength);
    let from = 0;
    try {
      if (state === 'start' && window.offset === 0) parser.at = afterMark(bytes);
      while (!refused) {
        const more = parser.more();
        from = parser.at;
        if (!more) break;
        step(parser);
      }
      window.keepFrom(from);
    } catch (error) {
      if (error === MORE) {
        if (bytes.length - from > limits.maxEventBytes) tooLarge(bytes.length - from);
        else window.keepFrom(from);
      } else if (error instanceof JsonFault) malformed(bytes, from, error);
      else throw error;
    }
    return !refused;
  }

  function malformed(bytes: Buffer, from: number, fault: JsonFault): void {
    const within = stepsTo(bytes.toString('latin1', 0, fault.at), from, fault.at);
    const at = state === 'value' || state === 'after' ? [...steps(), ...within] : steps();
    refuse(
      'D04_MALFORMED',
      at.filter((each) => each !== ''),
      `byte ${window.offset + fault.at}: ${fault.message}`,
    );
  }

  function finish(): DocumentHead | null {
    if (options.single === true)
      return readHead({ members, context, hasContext, hasList, root: 'event', events });
    const type = members.get('type') ?? members.get('isA');
    const name = (scalarOf(isList(type) ? type[0] : type) ?? '').replace(/^epcis:/, '');
    if (name !== 'EPCISDocument' && name !== 'EPCISQueryDocument') {
      refuse(
        'D06_ROOT',
        ['type'],
        `the type of the document is ${name === '' ? 'missing' : name.slice(0, 80)}`,
      );
      return null;
    }
    return readHead({ members, context, hasContext, hasList, root: name, events });
  }

  return {
    write(chunk) {
      if (refused) return false;
      // In pieces, so that a large chunk does not become as large a window.
      for (let at = 0; at < chunk.length && !refused; at += Window.PIECE)
        if (window.add(chunk.subarray(at, at + Window.PIECE))) run();
      return !refused;
    },
    end() {
      if (refused) return null;
      if (!run()) return null;
      if (state !== 'end') {
        refuse(
          'D04_MALFORMED',
          steps().filter((each) => each !== ''),
          `byte ${window.total}: the document breaks off`,
        );
        return null;
      }
      return finish();
    },
  };
}
