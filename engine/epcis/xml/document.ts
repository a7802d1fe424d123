// The parts of an EPCIS document, as its elements come: which belong to the head, where an event begins, and where it ends.

import {
  type DocumentHead,
  type DocumentSink,
  EVENT_TYPES,
  type ReadLimits,
  type SourceForm,
} from '../model.ts';
import { mapEvent } from './event.ts';
import { HeadReader } from './head.ts';
import { Locator } from './locate.ts';
import { type Attribute, copy, type Name, type Scope, shown } from './names.ts';
import { EPCIS_NAMESPACES, isStandard, isWrapper, XmlNode } from './node.ts';
import { type Frame, formOfPrefixes, frame, placeOf, position, rootForm } from './places.ts';
import { Refusal } from './refusal.ts';
import type { Offsets, TokenSink } from './tokens.ts';

/** Bytes of an event to each element that it may have: a bound on what an event of nothing but tags costs in memory. */
const BYTES_PER_ELEMENT = 32;

const NO_FIELDS = { ext: [] };

interface OpenEvent {
  readonly index: number;
  readonly type: string;
  readonly path: string;
  readonly start: number;
  readonly scope: Scope;
  /** From the event down to the innermost element. Empty when the event is not built. */
  readonly nodes: XmlNode[];
  /** Null when the event is not built, or no longer. */
  root: XmlNode | null;
  depth: number;
  elements: number;
  isDropped: boolean;
}

export class XmlDocument implements TokenSink {
  readonly #sink: DocumentSink;
  readonly #limits: ReadLimits;
  readonly #header = new HeadReader();
  readonly #frames: Frame[] = [];
  #event: OpenEvent | null = null;
  /** Levels within an element of which nothing is read. */
  #skipped = 0;
  #form: SourceForm = 'xml-2';
  #root: DocumentHead['root'] = 'EPCISDocument';
  #schemaVersion: string | null = null;
  #creationDate: string | null = null;
  #events = 0;
  /** Characters of text since the last tag. */
  #run = 0;
  #hasEventList = false;

  constructor(sink: DocumentSink, limits: ReadLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  head(): DocumentHead {
    return {
      form: this.#form,
      root: this.#root,
      schemaVersion: this.#schemaVersion,
      creationDate: this.#creationDate,
      ...this.#header.values(),
      events: this.#events,
      ...(this.#hasEventList ? {} : { noEventList: true }),
    };
  }

  /** Between two pieces: an event that is too large already is not kept any further. */
  seen(bytes: number): void {
    const event = this.#event;
    if (event === null || bytes - event.start <= this.#limits.maxEventBytes) return;
    drop(event);
    const { maxPassedBytes } = this.#limits;
    if (bytes - event.start > maxPassedBytes) {
      throw new Refusal('F01_EVENT_TOO_LARGE', `An event of more than ${maxPassedBytes} bytes.`, event.path);
    }
  }

  get wantsStart(): boolean {
    if (this.#event !== null || this.#skipped > 0) {
      return false;
    }
    const place = this.#frames.at(-1)?.place;
    return place === 'list' || place === undefined;
  }

  open(name: Name, attributes: readonly Attribute[], scope: Scope, at: Offsets): void {
    this.#run = 0;
    const event = this.#event;
    if (event !== null) {
      this.#openWithin(event, name, attributes);
      return;
    }
    if (this.#skipped > 0) {
      this.#skipped++;
      return;
    }
    const parent = this.#frames.at(-1);
    if (parent === undefined) {
      this.#openRoot(name, attributes, scope, at);
      return;
    }
    if (parent.place === 'header') {
      this.#header.open(name, attributes);
      this.#frames.push(parent);
      return;
    }
    if (parent.place === 'list') {
      const path = `${parent.path}/${position(parent, name.raw)}`;
      if (isWrapper(name)) {
        this.#frames.push(frame('list', path));
      } else {
        this.#openEvent(name, attributes, scope, at, path);
      }
      return;
    }
    const place = placeOf(parent.place, name);
    if (place === 'else') {
      this.#skipped = 1;
      return;
    }
    this.#hasEventList ||= place === 'list';
    this.#frames.push(frame(place, `${parent.path}/${shown(name.raw)}`));
  }

  text(text: string): void {
    const event = this.#event;
    let length = 0;
    if (event !== null) {
      event.nodes.at(-1)?.addText(text);
      this.#run += text.length;
      length = this.#run;
    } else if (this.#skipped === 0 && this.#frames.at(-1)?.place === 'header') {
      length = this.#header.text(text);
    }
    if (length > this.#limits.maxTextLength) {
      throw new Refusal('D04_MALFORMED', `A text is longer than ${this.#limits.maxTextLength} characters.`);
    }
  }

  close(at: Offsets): void {
    this.#run = 0;
    const event = this.#event;
    if (event !== null) {
      event.nodes.pop();
      event.depth--;
      if (event.depth === 0) {
        this.#event = null;
        this.#tell(event, at.endByte());
      }
      return;
    }
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    if (this.#frames.pop()?.place === 'header' && this.#frames.at(-1)?.place === 'header') {
      this.#header.close();
    }
  }

  #openRoot(name: Name, attributes: readonly Attribute[], scope: Scope, at: Offsets): void {
    for (const attribute of attributes) {
      if (attribute.name.raw === 'schemaVersion') {
        this.#schemaVersion = copy(attribute.value.trim());
      } else if (attribute.name.raw === 'creationDate') {
        this.#creationDate = copy(attribute.value.trim());
      }
    }
    const path = `/${shown(name.raw)}`;
    if (isStandard(name) && (EVENT_TYPES as readonly string[]).includes(name.local)) {
      this.#root = 'event';
      this.#hasEventList = true;
      this.#form = EPCIS_NAMESPACES.get(name.ns) ?? formOfPrefixes(scope);
      this.#openEvent(name, attributes, scope, at, path);
      return;
    }
    const form = rootForm(name);
    if (form === null) {
      const ns = name.ns === '' ? 'no namespace' : name.ns;
      throw new Refusal('D06_ROOT', `The root is ${name.local} in ${ns}.`, path);
    }
    this.#root = name.local === 'EPCISDocument' ? 'EPCISDocument' : 'EPCISQueryDocument';
    this.#form = form;
    this.#frames.push(frame('root', path));
  }

  #openEvent(name: Name, attributes: readonly Attribute[], scope: Scope, at: Offsets, path: string): void {
    const index = this.#events++;
    const root = this.#sink.event === null ? null : new XmlNode(name, attributes);
    this.#event = {
      index,
      type: isStandard(name) ? name.local : name.raw,
      path,
      start: at.startByte(),
      scope,
      nodes: root === null ? [] : [root],
      root,
      depth: 1,
      elements: 1,
      isDropped: false,
    };
  }

  #openWithin(event: OpenEvent, name: Name, attributes: readonly Attribute[]): void {
    event.depth++;
    const parent = event.nodes.at(-1);
    if (parent === undefined) {
      return;
    }
    const node = new XmlNode(name, attributes);
    parent.add(node);
    event.nodes.push(node);
    event.elements++;
    if (event.elements * BYTES_PER_ELEMENT > this.#limits.maxEventBytes) {
      drop(event);
    }
  }

  #tell(event: OpenEvent, end: number): void {
    if (this.#sink.event === null) {
      return;
    }
    const { index, type, path, root, start } = event;
    const span = { offset: start, length: end - start };
    const form = this.#form;
    const { prefixes } = event.scope;
    if (root === null || event.isDropped || span.length > this.#limits.maxEventBytes) {
      const detail = `The event is larger than ${this.#limits.maxEventBytes} bytes, or has too many elements.`;
      const faults = [{ code: 'F01_EVENT_TOO_LARGE', path: [], detail }];
      this.#sink.event({
        index,
        form,
        type,
        fields: NO_FIELDS,
        prefixes,
        span,
        faults,
        locate: () => path,
      });
      return;
    }
    let locator: Locator | null = null;
    const { fields, faults } = mapEvent(root, this.#root === 'event');
    this.#sink.event({
      index,
      form,
      type,
      fields,
      prefixes,
      span,
      faults,
      locate: (steps) => {
        locator ??= new Locator(root, path);
        return locator.xpath(steps);
      },
    });
  }
}

function drop(event: OpenEvent): void {
  event.isDropped = true;
  event.root = null;
  event.nodes.length = 0;
}
