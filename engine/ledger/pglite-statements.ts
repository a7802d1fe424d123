// Statements in PGlite, each parsed once. PGlite's own `query` parses a statement and asks for its types every time, in six
// calls; a document of a few events is some thirty statements, and most of its time went there.

import { type PGlite, protocol } from '@electric-sql/pglite';
import type { Parameter, Row } from './database.ts';

const { serialize } = protocol;

/** Types that a row has as something else than text (pg_type.dat); what is larger than a double is selected as text. */
const BOOL = 16;
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23]);

interface Column {
  readonly name: string;
  readonly dataTypeID: number;
}

interface Prepared {
  readonly name: string;
  /** Of its rows; none where it has no rows. */
  readonly columns: readonly Column[];
}

type Message = Awaited<ReturnType<PGlite['execProtocol']>>['messages'][number];

function isRowDescription(message: Message): message is Message & { readonly fields: readonly Column[] } {
  return message.name === 'rowDescription';
}

function isRow(message: Message): message is Message & { readonly fields: readonly (string | null)[] } {
  return message.name === 'dataRow';
}

const textOf = (value: Parameter): string | null => (value === null ? null : String(value));

function fieldOf(text: string | null, type: number): Row[string] {
  if (text === null) return null;
  if (type === BOOL) return text === 't';
  return NUMBERS.has(type) ? Number(text) : text;
}

/** All statements of one database: the ledger has as many texts as are written in it, and nothing of data is in a text. */
export class Statements {
  readonly #lite: PGlite;
  readonly #prepared = new Map<string, Prepared>();
  #names = 0;

  constructor(lite: PGlite) {
    this.#lite = lite;
  }

  /** One statement. @throws what PGlite throws */
  ask(sql: string, parameters: readonly Parameter[]): Promise<Row[]> {
    return this.#lite.runExclusive(async () => {
      const { name, columns } = this.#prepared.get(sql) ?? (await this.#prepare(sql));
      const bound = serialize.bind({ statement: name, values: parameters.map(textOf) });
      const rows: Row[] = [];
      for (const message of await this.#send(bound, serialize.execute())) {
        if (!isRow(message)) continue;
        const { fields } = message;
        rows.push(
          Object.fromEntries(
            columns.map((column, i) => [column.name, fieldOf(fields[i] ?? null, column.dataTypeID)]),
          ),
        );
      }
      return rows;
    });
  }

  /** What a failed transaction undoes, a prepared statement is not part of. */
  async #prepare(sql: string): Promise<Prepared> {
    this.#names += 1;
    const name = `s${this.#names}`;
    const told = await this.#send(
      serialize.parse({ name, text: sql }),
      serialize.describe({ type: 'S', name }),
    );
    const prepared = { name, columns: told.find(isRowDescription)?.fields ?? [] };
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  /** The messages and a sync, in one call: after an error the rest is skipped to the sync, and the next call begins clean. */
  async #send(...parts: readonly Uint8Array[]): Promise<readonly Message[]> {
    const all = Buffer.concat([...parts, serialize.sync()]);
    return (await this.#lite.execProtocol(all, { syncToFs: false })).messages;
  }
}
