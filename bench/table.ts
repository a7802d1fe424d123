// A table in aligned columns for a terminal: numbers to the right, words to the left, a dash where there is nothing.

/** A cell: a number is written with its column's digits. */
export type Cell = string | number | null;

export interface Column {
  readonly name: string;
  /** Digits after the point; default: three significant digits. Numbers only. */
  readonly digits?: number;
  readonly align?: 'left' | 'right';
}

/**
 * The lines of a table, the first two being its head.
 * @throws RangeError when a row has more or fewer cells than there are columns.
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map((row) => {
    if (row.length !== columns.length) {
      throw new RangeError(`a row has ${row.length} cells, the table ${columns.length} columns`);
    }
    return row.map((cell, i) => formatCell(cell, columns[i] as Column));
  });
  const right = columns.map(
    ({ align }, i) =>
      (align ?? (rows.some((row) => typeof row[i] === 'number') ? 'right' : 'left')) === 'right',
  );
  const widths = columns.map(({ name }, i) =>
    Math.max(name.length, ...texts.map((row) => (row[i] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ name }) => name)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...texts.map(line),
  ];
}

/** A cell as text: a dash where there is nothing. */
export function formatCell(cell: Cell, column: Column): string {
  if (cell === null) return '–';
  return typeof cell === 'string' ? cell : formatNumber(cell, column.digits);
}

/** A number for people: `digits` after the point, or else three significant ones; thousands apart. */
export function formatNumber(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (digits !== undefined) return grouped(value.toFixed(digits));
  const size = Math.abs(value);
  return grouped(value.toFixed(size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2));
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}
