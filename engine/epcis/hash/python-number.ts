// Numbers as Python writes them: the reference hash passes every value through `float()` and writes back what came of it.

/** What `float()` takes, but for words (`inf`, `nan`) and digits that are not ASCII. */
const FLOAT =
  /^[+-]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?$/;

/** Python changes to an exponent below this, JavaScript below a hundredth of it. */
const SMALL = 1e-4;

/**
 * The text as `str(float(text))`, without `.0`; text that is no number as it is. So is one too large for a double, where
 * the reference fails and leaves the event out.
 */
export function pythonNumber(text: string): string {
  const first = text.charCodeAt(0);
  if (first > 0x39 || first < 0x2b || !FLOAT.test(text)) return text;
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isFinite(value)) return text;
  if (Number.isInteger(value)) return Math.abs(value) < 2 ** 53 ? String(value + 0) : String(BigInt(value));
  if (Math.abs(value) >= SMALL) return String(value);
  // 1.5e-7 here, 1.5e-07 there.
  return value.toExponential().replace(/e-([0-9])$/, 'e-0$1');
}
