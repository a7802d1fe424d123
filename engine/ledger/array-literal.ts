// Arrays as PostgreSQL writes them (8.15.2): one parameter for a column of a chunk, whatever the driver does with arrays.

/** `{"a","b\"c",NULL}` */
export function arrayLiteral(values: readonly (string | number | boolean | null)[]): string {
  return `{${values.map((value) => (typeof value === 'string' ? quoted(value) : String(value ?? 'NULL'))).join(',')}}`;
}

function quoted(value: string): string {
  return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
}

/** The parameters of a statement over `unnest`: one array for each column of `rows`. */
export function columns<T>(
  rows: readonly T[],
  ...pick: readonly ((row: T) => string | number | boolean | null)[]
): string[] {
  return pick.map((value) => arrayLiteral(rows.map(value)));
}

/** Rows of one statement: PGlite's memory grows with the largest and never shrinks, and more rows are no faster. */
const STATEMENT_ROWS = 4_000;

/** The rows in pieces, one for each statement. */
export function* slices<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += STATEMENT_ROWS)
    yield rows.slice(from, from + STATEMENT_ROWS);
}
