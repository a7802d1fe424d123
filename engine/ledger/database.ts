// What the ledger asks of a database: statements of one dialect, and transactions on one connection. PostgreSQL and PGlite
// implement it. Parameters are texts, numbers, booleans and null; arrays go as one text (array-literal.ts), and everything
// that a driver would make a type of its own of is selected as text.

export type Parameter = string | number | boolean | null;
export type Row = Readonly<Record<string, string | number | boolean | null>>;

export interface Session {
  /** One statement. @throws DatabaseError */
  query(sql: string, parameters?: readonly Parameter[]): Promise<readonly Row[]>;
}

/** A transaction on a connection of its own, READ COMMITTED; over with the first commit or rollback. */
export interface Transaction extends Session {
  commit(): Promise<void>;
  /** Never throws: a connection that is gone has rolled back by itself. */
  rollback(): Promise<void>;
}

export interface Database extends Session {
  /** Why what is stored may not be what was committed; null = it is. */
  readonly doubt: string | null;
  begin(): Promise<Transaction>;
  /** Statements without parameters, any number. */
  run(script: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * `outage`: the database is away or has no room; the same call may do later. `again`: another transaction was in the way; do
 * it again now. `refused`: the operator has to change something (password, rights, name). `fault`: a bug, or data that is
 * not what it should be.
 */
export type Trouble = 'outage' | 'again' | 'refused' | 'fault';

export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly trouble: Trouble;
  /** SQLSTATE or errno, `''` = neither. */
  readonly code: string;

  constructor(trouble: Trouble, code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.trouble = trouble;
    this.code = code;
  }
}
