// The check digit of GS1 keys (GS1 General Specifications §7.9): from the right of the body the weights 3, 1, 3, …; the
// digit fills the sum up to a multiple of ten.

const DIGIT_0 = 48;
const DIGIT_9 = 57;

/** True when the characters [from, to) of `text` are ASCII digits and at least one. */
export function areDigits(text: string, from: number, to: number): boolean {
  if (from >= to) return false;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!(code >= DIGIT_0 && code <= DIGIT_9)) return false;
  }
  return true;
}

/** The check digit, 0 to 9, of a body of digits. */
export function checkDigit(body: string): number {
  let sum = 0;
  let weight = 3;
  for (let i = body.length - 1; i >= 0; i--) {
    sum += (body.charCodeAt(i) - DIGIT_0) * weight;
    weight = 4 - weight;
  }
  return (10 - (sum % 10)) % 10;
}

/** The body with its check digit behind it. */
export function withCheckDigit(body: string): string {
  return body + checkDigit(body);
}

/** True when the last of the digits is the check digit of those before it. Callers have seen that they are digits. */
export function hasCheckDigit(key: string): boolean {
  const last = key.length - 1;
  return checkDigit(key.slice(0, last)) === key.charCodeAt(last) - DIGIT_0;
}
