// Ids come in lists that share all but their serial: the part before it is converted once and remembered. Conversion of an
// id is a matter of microseconds, and an event may have thousands.

/** Two serials that no real stem ends with by chance; of letters too, so that keys of digits alone are not split. */
const PROBES = ['Aq7', 'zB8x'] as const;
/** Shorter than any serial may be at most. */
const MAX_TAIL = 12;
/** Stems that are remembered; a document has few, one that has more is converted the long way. */
const MAX_STEMS = 1024;

/** Stems that are canonical already. */
const SAME = /^https:\/\/id\.gs1\.org\/01\/[0-9]{14}\/(?:10|21)\/$/;

/** 1 for the characters of a serial that are written alike everywhere: letters, digits, `-` and `_`. */
const PLAIN = new Uint8Array(128);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
  PLAIN[char.charCodeAt(0)] = 1;

/** Converts texts by `convert`, whose result for `stem + tail` is that of the stem, and the tail behind it. */
export class Stems {
  /** After `split`: what the stem became, and the serial. */
  stem = '';
  tail = '';
  #sent = '';
  #converted: string | null = null;
  readonly #known = new Map<string, string | null>();
  readonly #convert: (text: string) => string;

  constructor(convert: (text: string) => string) {
    this.#convert = convert;
  }

  /** @returns false when the text has no such parts: it is to be converted whole. */
  split(text: string): boolean {
    const length = text.length;
    let at = length;
    while (at > 0 && PLAIN[text.charCodeAt(at - 1)] === 1) at--;
    const size = length - at;
    if (size === 0 || size > MAX_TAIL || at < MAX_TAIL) return false;
    if (at !== this.#sent.length || !text.startsWith(this.#sent)) this.#look(text.slice(0, at));
    if (this.#converted === null) return false;
    this.stem = this.#converted;
    this.tail = text.slice(at);
    // SGLN: the extension 0 is none.
    return this.tail !== '0';
  }

  text(sent: string): string {
    return this.split(sent) ? this.stem + this.tail : this.#convert(sent);
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
