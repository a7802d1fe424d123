// The streaming reader of EPCIS 2.0 in JSON: walks the few objects and arrays around the events token by token, and parses
// whole what lies in them, an event or a member of the head. A value that the window breaks off is parsed again from its
// start when the window has doubled, so memory is bounded by one event and bytes are parsed twice at most on average. An event
// over the limit is passed over to its end and told without its fields.

import type { DocumentHead, DocumentReader, DocumentSink, Finding, ReadLimits, Step } from '../model.ts';
import { BUILT_IN, type Context, NO_CONTEXT, readContext } from './context.ts';
import { largeEvent, readEvent } from './event.ts';
import { isOfHead, readHead } from './head.ts';
import { JsonFault, MANY, MORE, Parser } from './parse.ts';
import { INNER, type Open, type State } from './places.ts';
import { pointer, stepsTo } from './pointer.ts';
import { Skip } from './skip.ts';
import { isList, type Json, JsonObject, scalarOf } from './tree.ts';
import { afterMark, Window } from './window.ts';

export interface JsonReaderOptions {
  /** The whole body is one event. */
  readonly single?: boolean;
  /**
   * Prefixes of the document from an earlier pass (`DocumentHead.prefixes`), for a context that stands behind the events.
   * Without them such a document is refused: its extensions would be read wrongly.
   */
  readonly prefixes?: readonly (readonly [string, string])[];
}

/** Bytes of an event or a member of the head to each value that it may be made of: a bound on what `[[],[],…]` costs. */
const BYTES_PER_VALUE = 16;
/** Members of one object around the events. */
const MAX_MEMBERS = 10_000;
/** Contexts that are told as unknown. */
const MAX_UNKNOWN = 10;

const TOO_LARGE = 'F01_EVENT_TOO_LARGE';

/** An event that is passed over. */
interface Over {
  readonly skip: Skip;
  /** Its first byte in the document. */
  readonly start: number;
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
  let over: Over | null = null;
  const maxValues = limits.maxEventBytes / BYTES_PER_VALUE;

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
      else if (parser.peek() === 0x5b) refuse('D06_ROOT', [], 'an EPCIS document is an object, not a list');
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
      if (inner.names.size === MAX_MEMBERS) throw new JsonFault(start, `more than ${MAX_MEMBERS} members`);
      inner.names.add(name);
      inner.step = name;
    }
    state = 'value';
  }

  function takeValue(parser: Parser, inner: Open): void {
    const name = String(inner.step);
    if (isEvent()) {
      takeEvent(parser, open.length + 1);
      return;
    }
    const place = INNER[inner.place]?.get(name);
    const opening = place === 'events' ? 0x5b : 0x7b;
    if (place !== undefined && parser.peek() === opening) {
      enter(parser, place);
      return;
    }
    const start = parser.at;
    const value = parser.whole(open.length + 1, maxValues);
    if (parser.at - start > limits.maxEventBytes) tooLarge();
    else if (inner.place === 'root') takeMember(name, value);
    state = 'after';
  }

  function takeMember(name: string, value: Json): void {
    if (name !== '@context') {
      if (isOfHead(name)) members.set(name, value);
      return;
    }
    hasContext = typeof value === 'string' || value instanceof JsonObject || isList(value);
    const late = known === undefined && sink.event !== null && events > 0;
    const found = readContext(value, context.prefixes);
    context = found;
    if (late && found.declared.length > 0)
      refuse('D09_CONTEXT_MISSING', ['@context'], 'the prefixes stand behind the events that use them');
    for (const url of found.unknown.slice(0, MAX_UNKNOWN))
      sink.fault({
        code: 'D09_CONTEXT_MISSING',
        severity: 'warn',
        event: null,
        pointer: '/@context',
        detail: `the context ${url.slice(0, 120).toWellFormed()} is not known here and is not fetched`,
      });
  }

  /** Whether what comes next is an event. */
  function isEvent(): boolean {
    const inner = open.at(-1);
    if (inner === undefined) return state === 'start' && options.single === true;
    return inner.place === 'events' || (inner.place === 'body' && inner.step === 'event');
  }

  function takeEvent(parser: Parser, depth: number): void {
    const start = parser.at;
    const value = parser.whole(depth, maxValues);
    tellEvent(window.offset + start, parser.at - start, value);
  }

  /** @param value null = nothing is kept of it */
  function tellEvent(offset: number, length: number, value: Json | null): void {
    if (open.length === 0 || open.at(-1)?.place === 'body') hasList = true;
    const { prefixes } = context;
    const place = { index: events, span: { offset, length }, steps: steps(), prefixes };
    const isLarge = value === null || length > limits.maxEventBytes;
    sink.event?.(isLarge ? largeEvent(place, limits.maxEventBytes) : readEvent(value, place));
    events++;
    state = open.length === 0 ? 'end' : 'after';
  }

  /** Goes on passing over. @returns whether the event has ended */
  function passOver(parser: Parser, bytes: Buffer, { skip, start }: Over): boolean {
    const end = skip.run(bytes, parser.at);
    parser.at = end < 0 ? bytes.length : end;
    if (end < 0) {
      const detail = `an event of more than ${limits.maxPassedBytes} bytes`;
      if (window.total - start > limits.maxPassedBytes) refuse(TOO_LARGE, steps(), detail);
      return false;
    }
    over = null;
    tellEvent(start, window.offset + end - start, null);
    return true;
  }

  /** What stands at `from` is over a limit: an event is passed over, a member of the head refuses the document. */
  function beyond(from: number): boolean {
    if (!isEvent()) return tooLarge();
    window.keepFrom(from);
    const skip = new Skip(open.length + 1, limits.maxDepth, limits.maxTextLength);
    over = { skip, start: window.offset };
    return run();
  }

  function tooLarge(): false {
    const detail = `a member of more than ${limits.maxEventBytes} bytes or ${maxValues} values`;
    refuse('D02_BYTE_LIMIT', steps(), detail);
    return false;
  }

  /** Takes what the window has. @returns false when the document is refused. */
  function run(): boolean {
    const bytes = window.bytes();
    const parser = new Parser(bytes, limits.maxDepth, limits.maxTextLength);
    let from = 0;
    try {
      if (state === 'start' && window.offset === 0) parser.at = afterMark(bytes);
      while (!refused) {
        if (over !== null && !passOver(parser, bytes, over)) {
          from = parser.at;
          break;
        }
        const more = parser.more();
        from = parser.at;
        if (!more) break;
        step(parser);
      }
      window.keepFrom(from);
    } catch (error) {
      if (error === MANY) return beyond(from);
      if (error === MORE) {
        if (bytes.length - from > limits.maxEventBytes) return beyond(from);
        window.keepFrom(from);
      } else if (error instanceof JsonFault) malformed(bytes, from, error);
      else throw error;
    }
    return !refused;
  }

  function malformed(bytes: Buffer, from: number, fault: JsonFault): void {
    // Of an event that is passed over the window has only a part.
    const within = over === null ? stepsTo(bytes.toString('latin1', 0, fault.at), from, fault.at) : [];
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
        `the type of the document is ${name === '' ? 'missing' : name.slice(0, 80).toWellFormed()}`,
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
          window.total === 0 ? 'the document is empty' : `byte ${window.total}: the document breaks off`,
        );
        return null;
      }
      return finish();
    },
  };
}
