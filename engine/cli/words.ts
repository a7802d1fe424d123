// How numbers read in what the commands print.

/** 1,234,567 */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** 1 record, 2 records */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** Milliseconds with as many digits as matter. */
export function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** 12 MiB */
export function mebibytes(bytes: number): string {
  return `${count(Math.ceil(bytes / 1024 / 1024))} MiB`;
}

/** A part (0–1) in per cent. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
