// Picks the reader of a document: by its media type, or by its first byte where nobody gives one.

import { createJsonReader, type JsonReaderOptions } from './json/reader.ts';
import type { DocumentHead, DocumentReader, DocumentSink, ReadLimits } from './model.ts';
import { createXmlReader } from './xml/reader.ts';

export type ReadOptions = JsonReaderOptions;

/** Media types without parameters, in lower case. */
const JSON_TYPES = new Set(['application/json', 'application/ld+json']);
const XML_TYPES = new Set(['application/xml', 'text/xml']);

/** Which reader a media type has; null for none (D01). */
export function formOf(mediaType: string): 'json' | 'xml' | null {
  const essence = (mediaType.split(';')[0] as string).trim().toLowerCase();
  if (JSON_TYPES.has(essence)) return 'json';
  return XML_TYPES.has(essence) ? 'xml' : null;
}

/**
 * A reader for a document.
 * @param mediaType null: JSON if the first byte that is neither white space nor byte order mark opens an object or array,
 *   XML otherwise. A media type without a reader is refused as D01 with the first byte.
 */
export function createReader(
  mediaType: string | null,
  sink: DocumentSink,
  limits: ReadLimits,
  options: ReadOptions = {},
): DocumentReader {
  if (mediaType === null) return new Guessing(sink, limits, options);
  const form = formOf(mediaType);
  if (form === 'json') return createJsonReader(sink, limits, options);
  if (form === 'xml') return createXmlReader(sink, limits);
  const detail = `no reader for ${mediaType.slice(0, 80)}`;
  sink.fault({ code: 'D01_MEDIA_TYPE', severity: 'reject', event: null, pointer: '', detail });
  return { write: () => false, end: () => null };
}

/** Holds white space and marks back until something tells what the document is. */
class Guessing implements DocumentReader {
  #reader: DocumentReader | null = null;
  #head: Buffer = Buffer.alloc(0);
  readonly #sink: DocumentSink;
  readonly #limits: ReadLimits;
  readonly #options: ReadOptions;

  constructor(sink: DocumentSink, limits: ReadLimits, options: ReadOptions) {
    this.#sink = sink;
    this.#limits = limits;
    this.#options = options;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#reader !== null) return this.#reader.write(chunk);
    const head = Buffer.concat([this.#head, chunk]);
    const first = firstByte(head);
    if (first === null && head.length < this.#limits.maxTextLength) {
      this.#head = head;
      return true;
    }
    this.#reader = this.#choose(first);
    this.#head = Buffer.alloc(0);
    return this.#reader.write(head);
  }

  end(): DocumentHead | null {
    if (this.#reader === null) {
      this.#reader = this.#choose(null);
      this.#reader.write(this.#head);
    }
    return this.#reader.end();
  }

  #choose(first: number | null): DocumentReader {
    const json = first === null || first === 0x7b || first === 0x5b;
    return json
      ? createJsonReader(this.#sink, this.#limits, this.#options)
      : createXmlReader(this.#sink, this.#limits);
  }
}

/** The first byte that is no white space and not of a byte order mark of UTF-8; null when there is none yet. */
function firstByte(bytes: Buffer): number | null {
  for (const byte of bytes) {
    const skipped = byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf;
    if (!skipped) return byte;
  }
  return null;
}
