// Reads EPCIS 1.0 to 2.0 in XML as it arrives: the head of the document, and one event at a time. What is held is one event,
// one token and the head, whatever the length of the document.

import type { DocumentReader, DocumentSink, ReadLimits } from '../model.ts';
import { Decoder } from './decode.ts';
import { XmlDocument } from './document.ts';
import { Refusal } from './refusal.ts';
import { Tokens } from './tokens.ts';

/**
 * @param sink told of events and faults in document order. An event that is larger than the limit is told without its fields
 * and with the fault F01_EVENT_TOO_LARGE. The only faults of the document told here are D04, D05, D06 and F01, of which the reader
 * takes nothing after. What the sink throws goes through.
 */
export function createXmlReader(sink: DocumentSink, limits: ReadLimits): DocumentReader {
  const document = new XmlDocument(sink, limits);
  const tokens = new Tokens(document, limits, (encoding) => decoder.declared(encoding));
  const decoder: Decoder = new Decoder((piece) => {
    tokens.write(piece);
    document.seen(piece.offset + piece.bytes);
  });
  let over = false;
  /** @returns false when nothing more is taken. */
  const guarded = (step: () => void): boolean => {
    if (over) {
      return false;
    }
    over = true;
    try {
      step();
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      const { code, pointer, message: detail } = error;
      sink.fault({ code, severity: 'reject', event: null, pointer, detail });
      return false;
    }
    over = false;
    return true;
  };
  return {
    write: (chunk) => guarded(() => decoder.write(chunk)),
    end: () => {
      const isWhole = guarded(() => {
        decoder.end();
        tokens.end();
      });
      over = true;
      return isWhole ? document.head() : null;
    },
  };
}
