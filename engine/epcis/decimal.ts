// Decimal numbers as text, exact: never through a double, so that 0.1 and 0.10 are equal and 0.30000000000000004 is not 0.3.

const NUMBER = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;

/** Digits that a number may have before it is written out, and powers of ten that it may be moved by. */
const MAX_DIGITS = 400;

/**
 * The canonical text of a number: no `+`, no exponent, no leading or trailing zeros, `0` for every zero.
 * @param text an xsd:decimal or a number of JSON
 * @returns null for what is no number, and for one of more than 400 digits or with an exponent past ±400
 */
export function canonicalDecimal(text: string): string | null {
  // Bounded before the pattern runs: a text is as long as its sender likes.
  if (text.length > 2 * MAX_DIGITS) return null;
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const whole = match[2] as string;
  const fraction = match[3] ?? '';
  const digits = whole + fraction;
  if (digits === '' || digits.length > MAX_DIGITS) return null;
  const exponent = Number(match[4] ?? '0');
  if (Math.abs(exponent) > MAX_DIGITS) return null;

  const point = whole.length + exponent;
  let left: string;
  let right: string;
  if (point <= 0) {
    left = '';
    right = '0'.repeat(-point) + digits;
  } else {
    left = digits.slice(0, point).padEnd(point, '0');
    right = digits.slice(point);
  }
  left = withoutLeadingZeros(left);
  right = withoutTrailingZeros(right);
  if (left === '' && right === '') return '0';
  const sign = match[1] === '-' ? '-' : '';
  return `${sign}${left === '' ? '0' : left}${right === '' ? '' : `.${right}`}`;
}

function withoutLeadingZeros(digits: string): string {
  let from = 0;
  while (from < digits.length && digits[from] === '0') from++;
  return digits.slice(from);
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
