// The ledger's database as a PostgreSQL server: a pool with a limit, and a limit on every wait.

import pg from 'pg';
import type { Database, Parameter, Row, Transaction } from './database.ts';
import { databaseError } from './trouble.ts';

export interface PostgresOptions {
  /** `postgres://user@host:port/database` */
  readonly url: string;
  /** Connections; one is enough for a writer, the rest is for readers. */
  readonly connections?: number;
  /** The server ends a statement after this. */
  readonly statementMs?: number;
  readonly connectMs?: number;
}

async function ask(
  client: pg.Pool | pg.PoolClient,
  sql: string,
  parameters: readonly Parameter[] = [],
): Promise<readonly Row[]> {
  try {
    return (await client.query(sql, [...parameters])).rows as Row[];
  } catch (error) {
    throw databaseError(error);
  }
}

class PostgresTransaction implements Transaction {
  #client: pg.PoolClient | null;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  query(sql: string, parameters?: readonly Parameter[]): Promise<readonly Row[]> {
    if (this.#client === null) throw new Error('assertion: the transaction is over');
    return ask(this.#client, sql, parameters);
  }

  async commit(): Promise<void> {
    await this.query('COMMIT');
    this.#release();
  }

  async rollback(): Promise<void> {
    if (this.#client === null) return;
    const error = await ask(this.#client, 'ROLLBACK').then(
      () => null,
      (failed: Error) => failed,
    );
    this.#release(error ?? undefined);
  }

  #release(error?: Error): void {
    this.#client?.release(error);
    this.#client = null;
  }
}

/** Opens a pool; the first statement connects. */
export function openPostgres(options: PostgresOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections ?? 4,
    connectionTimeoutMillis: options.connectMs ?? 5_000,
    statement_timeout: options.statementMs ?? 60_000,
    // Of a server that does not answer at all; the server's own limit comes first where there is one.
    query_timeout: (options.statementMs ?? 60_000) + 5_000,
    idle_in_transaction_session_timeout: 5 * 60_000,
    keepAlive: true,
    application_name: 'firn',
    // Times of day and dates are texts here, in UTC whatever the server's zone is.
    // Every statement goes by keys; counts that are old would make the plan read whole tables while a ledger is filled.
    options: '-c timezone=UTC -c datestyle=ISO -c enable_seqscan=off',
  });
  // An idle connection that ends is no event: the next statement makes a new one.
  pool.on('error', () => undefined);
  return {
    doubt: null,
    query: (sql, parameters) => ask(pool, sql, parameters),
    async begin() {
      const client = await pool.connect().catch((error: unknown) => {
        throw databaseError(error);
      });
      // While it is out of the pool its errors come here; the statement that runs rejects by itself.
      if (client.listenerCount('error') === 0) client.on('error', () => undefined);
      const transaction = new PostgresTransaction(client);
      await transaction.query('BEGIN').catch(async (error: unknown) => {
        await transaction.rollback();
        throw error;
      });
      return transaction;
    },
    async run(script) {
      await pool.query(script).catch((error: unknown) => {
        throw databaseError(error);
      });
    },
    close: () => pool.end(),
  };
}
