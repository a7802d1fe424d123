// The seam to saxes: characters in, elements and text out, well-formed or refused. saxes checks the grammar of XML 1.0; here
// are namespaces (its own way builds several objects an element), the refusal of DTDs, depth, and a bound on every token,
// because saxes keeps a token until it ends. Positions are those of characters since the document's first.

import { SaxesParser } from 'saxes';
import type { ReadLimits } from '../model.ts';
import type { Piece } from './decode.ts';
import { type Attribute, type Name, NO_ATTRIBUTES, type RawAttribute, Scope } from './names.ts';
import { Refusal } from './refusal.ts';

/** Where the token that is being told lies in the document. */
export interface Offsets {
  /** Byte of the `<` of the last start tag that the sink wanted to know: to be asked within `open`. */
  startByte(): number;
  /** Byte behind the `>` of the tag that ends an element: to be asked within `close`. */
  endByte(): number;
}

export interface TokenSink {
  /** Asked in front of each element: whether its first byte matters. */
  readonly wantsStart: boolean;
  open(name: Name, attributes: readonly Attribute[], scope: Scope, at: Offsets): void;
  text(text: string): void;
  /** The innermost element ends. */
  close(at: Offsets): void;
}

/**
 * Where saxes 6.0.0 keeps its handlers. They are set by name and not by its `on`: the eighth handler that `on` adds, by a
 * computed name, turns the parser into a dictionary, and 85 MB/s into 14.
 */
interface Handlers {
  errorHandler: (error: Error) => void;
  xmldeclHandler: (declaration: { readonly encoding?: string }) => void;
  doctypeHandler: (text: string) => void;
  piHandler: (instruction: { readonly target: string }) => void;
  commentHandler: () => void;
  textHandler: (text: string) => void;
  cdataHandler: (text: string) => void;
  attributeHandler: (attribute: RawAttribute) => void;
  openTagStartHandler: (tag: { readonly name: string }) => void;
  openTagHandler: (tag: { readonly name: string }) => void;
  closeTagHandler: () => void;
}

export class Tokens implements Offsets {
  readonly #parser: SaxesParser;
  readonly #sink: TokenSink;
  readonly #limits: ReadLimits;
  readonly #scopes: Scope[] = [new Scope(new Map())];
  #scope: Scope = this.#scopes[0] as Scope;
  /** Attributes of the element whose tag is being read. */
  #attributes: RawAttribute[] = [];
  #depth = 0;
  /** Where the last token ended. */
  #mark = 0;
  #piece: Piece = { text: '', offset: 0, bytes: 0, unitBytes: 1 };
  /** Character where the piece begins, and a place within it up to which bytes of UTF-8 were counted. */
  #pieceChar = 0;
  #countedChar = 0;
  #countedByte = 0;
  #lastCode = 0;
  #startByte = 0;

  constructor(sink: TokenSink, limits: ReadLimits, declared: (encoding: string) => void) {
    this.#sink = sink;
    this.#limits = limits;
    // XML 1.1 is read as 1.0, which the fifth edition asks of a processor of 1.0.
    const parser = new SaxesParser({ xmlns: false, forceXMLVersion: true, defaultXMLVersion: '1.0' });
    this.#parser = parser;
    const handlers = parser as unknown as Handlers;
    handlers.errorHandler = (error) => {
      throw new Refusal('D04_MALFORMED', error.message);
    };
    handlers.xmldeclHandler = ({ encoding }) => {
      this.#tokenEnds();
      if (encoding !== undefined) {
        declared(encoding);
      }
    };
    handlers.doctypeHandler = (text) => {
      this.#tokenEnds();
      checkDoctype(text);
    };
    handlers.piHandler = ({ target }) => {
      this.#tokenEnds();
      if (target.includes(':')) {
        throw new Refusal('D04_MALFORMED', `The processing instruction ${target} has a colon.`);
      }
    };
    handlers.commentHandler = () => this.#tokenEnds();
    handlers.textHandler = (text) => this.#text(text);
    handlers.cdataHandler = (text) => this.#text(text);
    handlers.attributeHandler = (attribute) => {
      this.#attributes.push(attribute);
    };
    handlers.openTagStartHandler = (tag) => {
      if (this.#sink.wantsStart) {
        this.#startByte = this.#findStart(tag.name);
      }
    };
    handlers.openTagHandler = (tag) => this.#open(tag.name);
    handlers.closeTagHandler = () => this.#close();
  }

  /** @throws Refusal */
  write(piece: Piece): void {
    this.#lastCode = this.#piece.text.charCodeAt(this.#piece.text.length - 1);
    this.#pieceChar += this.#piece.text.length;
    this.#piece = piece;
    this.#countedChar = this.#pieceChar;
    this.#countedByte = piece.offset;
    if (this.#pieceChar === 0 && piece.text.charCodeAt(0) === 0xfeff) {
      // saxes would skip it as a byte order mark, of which this is the second.
      throw new Refusal('D04_MALFORMED', 'The document begins with two byte order marks.');
    }
    this.#parser.write(piece.text);
    // Not the parser's own position, which is ahead between two pieces.
    if (this.#pieceChar + piece.text.length - this.#mark > this.#limits.maxTextLength) {
      this.#tooLong();
    }
  }

  /** @throws Refusal (D04) where the document is not over. */
  end(): void {
    this.#parser.close();
  }

  startByte(): number {
    return this.#startByte;
  }

  endByte(): number {
    return this.#byteAt(this.#parser.position);
  }

  /** Just behind the name of a start tag, which may have begun in an earlier piece. */
  #findStart(rawName: string): number {
    const { text, unitBytes } = this.#piece;
    const nameEnd = this.#parser.position;
    const index = nameEnd - this.#pieceChar;
    // Behind the name is one character, or CR LF, which saxes takes as one.
    const before = index === 1 ? this.#lastCode : text.charCodeAt(index - 2);
    const behind = text.charCodeAt(index - 1) === LF && before === CR ? 2 : 1;
    const name = unitBytes === 2 ? 2 * (rawName.length + 1) : Buffer.byteLength(rawName) + 1;
    return this.#byteAt(nameEnd) - behind * (unitBytes || 1) - name;
  }

  #byteAt(position: number): number {
    const { text, offset, unitBytes } = this.#piece;
    if (unitBytes > 0) {
      return offset + unitBytes * (position - this.#pieceChar);
    }
    if (position >= this.#countedChar) {
      const from = this.#countedChar - this.#pieceChar;
      this.#countedByte += Buffer.byteLength(text.slice(from, position - this.#pieceChar));
      this.#countedChar = position;
      return this.#countedByte;
    }
    return offset + Buffer.byteLength(text.slice(0, position - this.#pieceChar));
  }

  #open(rawName: string): void {
    this.#tokenEnds();
    this.#depth++;
    if (this.#depth > this.#limits.maxDepth) {
      throw new Refusal('D04_MALFORMED', `Elements are nested deeper than ${this.#limits.maxDepth}.`);
    }
    const raw = this.#attributes;
    let attributes = NO_ATTRIBUTES;
    if (raw.length > 0) {
      this.#scope = this.#scope.within(raw);
      attributes = this.#scope.attributes(raw);
      this.#attributes = [];
    }
    this.#scopes[this.#depth] = this.#scope;
    this.#sink.open(this.#scope.element(rawName), attributes, this.#scope, this);
  }

  #close(): void {
    this.#mark = this.#parser.position;
    this.#sink.close(this);
    this.#depth--;
    this.#scope = this.#scopes[this.#depth] as Scope;
  }

  #text(text: string): void {
    this.#tokenEnds();
    this.#sink.text(text);
  }

  #tokenEnds(): void {
    const { position } = this.#parser;
    if (position - this.#mark > this.#limits.maxTextLength) {
      this.#tooLong();
    }
    this.#mark = position;
  }

  #tooLong(): never {
    throw new Refusal(
      'D04_MALFORMED',
      `A tag, text, comment or instruction is longer than ${this.#limits.maxTextLength} characters.`,
    );
  }
}

const CR = 0x0d;
const LF = 0x0a;

const BARE_DOCTYPE = /^\s+[^\s[\]<>"'&\d.-][^\s[\]<>"'&]*\s*(\[\s*\]\s*)?$/;

/** Characters of a document type: what declares nothing is short. */
const MAX_DOCTYPE_LENGTH = 4096;

/** Lets pass what declares nothing. @throws Refusal */
function checkDoctype(text: string): void {
  if (text.length > MAX_DOCTYPE_LENGTH) {
    throw new Refusal('D05_DTD_ENTITY', `A document type of more than ${MAX_DOCTYPE_LENGTH} characters.`);
  }
  const bare = text.replaceAll(/<!--.*?-->|<\?.*?\?>/gs, '');
  if (BARE_DOCTYPE.test(bare)) {
    return;
  }
  if (/\[|\b(SYSTEM|PUBLIC)\b/.test(bare)) {
    throw new Refusal('D05_DTD_ENTITY', 'A document type with declarations or an external subset.');
  }
  throw new Refusal('D04_MALFORMED', 'The document type declaration is malformed.');
}
