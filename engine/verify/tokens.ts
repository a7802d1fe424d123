// Tokens of canonical JSON (RFC 8785) told from others of the same value: escapes, and numbers where no conversion is
// needed to be sure.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether plain decimal digits (one dot at most) are canonical beyond doubt; false = ask Number. */
export function shortDecimal(b: Uint8Array, from: number, digits: number, to: number, dots: number): boolean {
  const zero = b[digits] === 0x30;
  if (dots === 0) return zero ? to === digits + 1 && digits === from : b[digits] !== 0x2e;
  if (b[to - 1] === 0x30 || b[to - 1] === 0x2e || b[digits] === 0x2e) return false;
  if (zero) return b[digits + 1] === 0x2e && to - digits <= 8;
  return true;
}

/** Length of the canonical escape at `at`; 0 when what is there is none. */
export function escapeBytes(b: Uint8Array, at: number, end: number): number {
  const c = at + 1 < end ? (b[at + 1] as number) : 0;
  if (c === QUOTE || c === BACKSLASH || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74)
    return 2;
  if (c === 0x75 && at + 6 <= end && b[at + 2] === 0x30 && b[at + 3] === 0x30) {
    const high = b[at + 4] as number;
    const low = b[at + 5] as number;
    const lowDigit = (low >= 0x30 && low <= 0x39) || (low >= 0x61 && low <= 0x66);
    // \b \t \n \f \r have spellings of their own: 08 09 0a 0c 0d.
    const named =
      high === 0x30 && (low === 0x38 || low === 0x39 || low === 0x61 || low === 0x63 || low === 0x64);
    if ((high === 0x30 || high === 0x31) && lowDigit && !named) return 6;
  }
  return 0;
}
