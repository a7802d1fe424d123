// Ids come in lists that share all but their serial: the part before it is converted once and remembered. Conversion of an
// id is a matter of microseconds, and an event may have thousands.

import { type SerialList, serialStart } from '../serial-list.ts';

/** Two serials that no real stem ends with by chance; of letters too, so that keys of digits alone are not split. */
const PROBES = ['Aq7', 'zB8x'] as const;
/** Shorter than any serial may be at most. */
const MAX_TAIL = 12;
/** Stems that are remembered; a document has few, one that has more is converted the long way. */
const MAX_STEMS = 1024;

/** Stems that are canonical already. */
const SAME = /^https:\/\/id\.gs1\.org\/01\/[0-9]{14}\/(?:10|21)\/$/;

/** What the stem of an SGTIN becomes: behind it the serial may have all the length that one may have. */
const ITEM = /^https:\/\/id\.gs1\.org\/01\/[0-9]{14}\/21\/$/;

/** Converts texts by `convert`, whose result for `stem + tail` is that of the stem, and the tail behind it. */
export class Stems {
  #sent = '';
  #converted: string | null = null;
  readonly #known = new Map<string, string | null>();
  readonly #convert: (text: string) => string;

  constructor(convert: (text: string) => string) {
    this.#convert = convert;
  }

  /** What the stem of a list becomes; null where its ids have to be converted one by one. */
  of({ stem, serials }: SerialList): string | null {
    this.#look(stem);
    const converted = this.#converted;
    if (converted === null) return null;
    if (ITEM.test(converted)) return converted;
    // SGLN: the extension 0 is none.
    return serials.every((serial) => serial.length <= MAX_TAIL && serial !== '0') ? converted : null;
  }

  text(sent: string): string {
    const at = serialStart(sent);
    const size = sent.length - at;
    if (size === 0 || size > MAX_TAIL || at < MAX_TAIL) return this.#convert(sent);
    if (at !== this.#sent.length || !sent.startsWith(this.#sent)) this.#look(sent.slice(0, at));
    const tail = sent.slice(at);
    return this.#converted === null || tail === '0' ? this.#convert(sent) : this.#converted + tail;
  }

  #look(stem: string): void {
    let converted = this.#known.get(stem);
    if (converted === undefined) {
      converted = this.#probe(stem);
      // A copy: a slice would keep the whole text that it was cut from, as long as this lives.
      if (this.#known.size < MAX_STEMS) this.#known.set(Buffer.from(stem).toString(), converted);
    }
    this.#sent = stem;
    this.#converted = converted;
  }

  #probe(stem: string): string | null {
    const [first, second] = PROBES.map((probe) => {
      const whole = this.#convert(stem + probe);
      // What stays as it was may not have been an id with this serial, though one with a number for a serial is.
      if (whole === stem + probe && !SAME.test(stem)) return null;
      return whole.endsWith(probe) ? whole.slice(0, -probe.length) : null;
    });
    return first !== undefined && first === second ? first : null;
  }
}
