// JSON Pointers (RFC 6901): from steps, and to a byte within a value that is broken further on.

import type { Step } from '../model.ts';

/** Hardly any name has something to be escaped, and each event has a pointer. */
function escaped(name: string): string {
  if (!name.includes('~') && !name.includes('/')) return name;
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** `/a~1b/0` */
export function pointer(steps: readonly Step[]): string {
  let text = '';
  for (const step of steps) text += `/${typeof step === 'number' ? step : escaped(step)}`;
  return text;
}

/**
 * The steps from the value at `start` to what stands at `offset`. The text up to there is JSON as far as it goes, `text` is
 * Latin-1 of the bytes; names are not decoded further than that.
 */
export function stepsTo(text: string, start: number, offset: number): Step[] {
  const open: { step: Step; list: boolean }[] = [];
  let nameNext = false;
  for (let at = start; at < offset; at++) {
    const char = text[at];
    const inner = open.at(-1);
    if (char === '"') {
      const close = closingQuote(text, at + 1);
      if (close >= offset && !nameNext) break;
      if (nameNext && inner !== undefined) inner.step = text.slice(at + 1, close);
      nameNext = false;
      at = close;
    } else if (char === '{' || char === '[') {
      open.push({ step: char === '[' ? 0 : '', list: char === '[' });
      nameNext = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === ',' && inner !== undefined) {
      if (inner.list) inner.step = (inner.step as number) + 1;
      else nameNext = true;
    }
  }
  return open.map((each) => each.step).filter((step) => step !== '');
}

function closingQuote(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
