// The configuration: what an operator can say, checked once, every default in one place. The only reader of the
// environment.

import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  checkCaptures,
  databaseUrl,
  epcisSchemaWith,
  gln13,
  ledgerSchema,
  webhookSecret,
} from './config-epcis.ts';
import { checkTokens, faultsOf } from './config-faults.ts';
import { lakeOf, type S3Config, s3Schema } from './config-lake.ts';
import { checkNames, streamOf, tableOf } from './config-streams.ts';
import { ConfigError } from './errors.ts';
import { assertSizes, EPCIS_CUT, GIB, KIB, MIB } from './limits.ts';
import type { RingSizes } from './ring/layout.ts';
import { isS3 } from './s3/address.ts';
import { lineGrowth } from './schema/compile.ts';
import type { Table, Zones } from './schema/table.ts';
import { TELEMETRY_1 } from './schema/telemetry.ts';
import { SCHEMA_ID } from './schema/unknown.ts';

const positive = z.number().int().positive();
const seconds = z
  .number()
  .positive()
  .max(86_400 * 365);

/** Text of one shape, told in words where it does not fit. */
const shaped = (pattern: RegExp, words: string) => z.string().regex(pattern, words);

const fieldSchema = z.strictObject({
  name: shaped(
    /^[A-Za-z_][A-Za-z0-9_]{0,63}$/,
    'a field name is 1 to 64 letters, digits and _, no digit first',
  ),
  type: z.enum(['string', 'number', 'integer', 'boolean', 'timestamp', 'enum']),
  required: z.boolean().default(false),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  minLength: z.number().int().min(0).optional(),
  maxLength: z.number().int().min(0).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  characters: z.string().min(1).optional(),
  values: z.array(z.string()).min(1).optional(),
});

const zonesSchema = z.strictObject({
  by: z.string(),
  field: z.string(),
  limits: z.record(z.string(), z.strictObject({ min: z.number().optional(), max: z.number().optional() })),
});

const cutSchema = z.strictObject({
  records: positive.max(1_000_000).default(50_000),
  bytes: positive.max(48 * MIB).default(16 * MIB),
  age: seconds.default(10),
  lateAge: seconds.default(60),
});

const streamSchema = z.strictObject({
  /** The stream's own schema: that of senders who name none. Default: the first of `schemas`, or telemetry/1. */
  schema: z.string().optional(),
  /** All schemas that the stream takes. Default: its own. */
  schemas: z.array(z.string()).min(1, 'name at least one schema').optional(),
  unknownFields: z.enum(['reject', 'ignore']).default('reject'),
  zones: zonesSchema.optional(),
  cut: cutSchema.prefault({}),
});

const tokenSchema = z
  .strictObject({
    name: shaped(/^[A-Za-z0-9._:@-]{1,64}$/, 'a name is 1 to 64 letters, digits and . _ : @ -'),
    /** The secret itself (at least 16 characters), or its SHA-256 as 64 hex digits: the file then holds no secret. */
    token: z.string().min(16, 'a token has at least 16 characters').optional(),
    sha256: shaped(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 lower-case hex digits').optional(),
    streams: z.array(z.string()).min(1),
    /** May replay dead letters and re-send what is in quarantine: an operator's right, not a sensor's. */
    replay: z.boolean().default(false),
    /** The trading partner whose credential this is: documents of another sender are refused. */
    gln: gln13.optional(),
  })
  .refine((t) => (t.token === undefined) !== (t.sha256 === undefined), 'give either "token" or "sha256"');

const listenSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(9400),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  plaintext: z.boolean().default(false),
  origins: z.array(z.string()).default([]),
  /** Sockets at the same time. One descriptor each: keep it under the process limit (`ulimit -n`). */
  maxConnections: positive.default(19_000),
  /** Seconds without a byte after which a silent WebSocket is pinged and then closed. */
  idle: z.number().int().min(8).max(960).default(120),
});

const { shape } = cutSchema;
const epcisSchema = epcisSchemaWith(
  cutSchema
    .extend({
      records: shape.records.unwrap().default(EPCIS_CUT.records),
      bytes: shape.bytes.unwrap().default(EPCIS_CUT.bytes),
      age: shape.age.unwrap().default(EPCIS_CUT.age),
      lateAge: shape.lateAge.unwrap().default(EPCIS_CUT.lateAge),
    })
    .prefault({}),
);

const limitsSchema = z.strictObject({
  maxFrameBytes: positive.default(128 * KIB),
  maxRecordsPerFrame: positive.max(16_384).default(16_384),
  maxWindow: positive.max(4096).default(64),
  maxSessions: positive.default(1_000_000),
  maxIdempotencyKeys: positive.default(1_000_000),
  /** Largest part of either table that one credential may hold, 0–1. */
  share: z.number().gt(0).max(1).default(0.5),
  maxRefusedPerMinute: positive.default(1_000_000),
  /** HTTP requests a second per credential or address; 0 = no limit. */
  requestsPerSecond: z.number().min(0).default(0),
});

const configSchema = z.strictObject({
  /** Name of the log: `host/name` as in C2SP checkpoints; default `localhost/firn-<8 hex of the public key>`. */
  engine: shaped(
    /^[A-Za-z0-9.-]+(\/[A-Za-z0-9._-]+)*$/,
    'a log name is host/name of letters, digits, dots and dashes, such as cold.example/plant7-a',
  )
    .max(200)
    .optional(),
  data: z.string().min(1, 'name a folder').default('./firn-data'),
  /** A folder, or `s3://BUCKET/PREFIX`; default: `lake` below `data`. */
  lake: z.string().min(1, 'name a folder, or s3://BUCKET/PREFIX').optional(),
  /** How a lake in S3 is reached and kept. */
  s3: s3Schema.optional(),
  listen: z.union([listenSchema, z.literal(false)]).prefault({}),
  tokens: z.array(tokenSchema).default([]),
  schemas: z
    .record(
      shaped(
        SCHEMA_ID,
        'a schema is called name/version, such as vibration/1: lower-case letters, digits and -',
      ),
      z.strictObject({ fields: z.array(fieldSchema).min(1).max(256) }),
    )
    .default({}),
  streams: z
    .record(
      shaped(
        /^[a-z][a-z0-9-]{0,62}$/,
        'a stream is called by 1 to 63 lower-case letters, digits and -, a letter first',
      ),
      streamSchema,
    )
    .default({ coldchain: streamSchema.parse({}) }),
  limits: limitsSchema.prefault({}),
  ring: z.strictObject({ slabs: positive.default(128), slabBytes: positive.default(256 * KIB) }).prefault({}),
  workers: positive.max(64).optional(),
  /** `auto`: the native codec where it is built, else the portable one. */
  codec: z.enum(['auto', 'native', 'portable']).default('auto'),
  journal: z
    .strictObject({
      segmentBytes: positive.min(4 * MIB).default(64 * MIB),
      quotaBytes: positive.default(4 * GIB),
      minFreeBytes: z.number().int().min(0).default(GIB),
    })
    .prefault({}),
  /** EPCIS documents of trading partners; false = none are taken. */
  epcis: z.union([epcisSchema, z.literal(false)]).prefault({}),
  ledger: ledgerSchema.prefault({}),
  clock: z.enum(['system', 'chrony']).default('system'),
  /** Seconds that a shutdown may take to drain, seal and upload. */
  drain: seconds.default(30),
  log: z
    .strictObject({ level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info') })
    .prefault({}),
});

/** What a caller may give: every member optional. */
export type ConfigInput = z.input<typeof configSchema>;

type Parsed = z.output<typeof configSchema>;
export type FieldInput = z.output<typeof fieldSchema>;
export type StreamInput = z.output<typeof streamSchema>;
export type ListenConfig = z.output<typeof listenSchema>;
export type TokenConfig = z.output<typeof tokenSchema>;
export type LimitsConfig = z.output<typeof limitsSchema>;
export type CutConfig = z.output<typeof cutSchema>;
export type EpcisConfig = z.output<typeof epcisSchema>;

/** Where the ledger is. */
export interface LedgerConfig {
  /** Null = embedded, below the data folder. Holds a password: never shown. */
  readonly url: string | null;
  readonly poolSize: number;
}

/** One stream with its schemas found. */
export interface StreamConfig {
  readonly stream: string;
  /** Every schema that it takes, its own first. */
  readonly tables: readonly Table[];
  readonly unknownFields: 'reject' | 'ignore';
  readonly zones: Zones | null;
  readonly cut: CutConfig;
}

/** The whole configuration, checked and complete. Paths are absolute; `ring` has the sizes of all areas. */
export interface Config
  extends Omit<Parsed, 'streams' | 'schemas' | 'lake' | 's3' | 'workers' | 'ring' | 'ledger'> {
  /** An absolute folder or `s3://bucket/prefix`. */
  readonly lake: string;
  /** Null where the lake is a folder. */
  readonly s3: S3Config | null;
  readonly workers: number;
  readonly ring: RingSizes;
  readonly streams: readonly StreamConfig[];
  readonly ledger: LedgerConfig;
}

/** The secret of a partner's webhook. @throws ConfigError when it is not there */
export function secretOf(target: {
  readonly secretEnv?: string | undefined;
  readonly secretFile?: string | undefined;
}): string {
  return webhookSecret(target, process.env);
}

/**
 * Checks `input` and fills in every default.
 * @param where what the message names: a file, or `options`.
 * @throws ConfigError naming each member that is wrong and what would be right.
 */
export function parseConfig(input: unknown, where = 'options'): Config {
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) {
    throw new ConfigError(`${where}: ${faultsOf(parsed.error.issues, []).join('; ')}`);
  }
  const config = parsed.data;
  const tables = new Map<string, Table>([['telemetry/1', TELEMETRY_1]]);
  for (const [id, schema] of Object.entries(config.schemas))
    tables.set(id, tableOf(id, schema.fields, tables, where));
  const streams = Object.entries(config.streams).map(([stream, spec]) =>
    streamOf(stream, spec, tables, where),
  );
  if (streams.length === 0) throw new ConfigError(`${where}: streams: name at least one stream`);
  checkNames(
    streams.map(({ stream }) => stream),
    where,
  );
  checkTokens(config.tokens, Object.keys(config.streams), where);
  if (config.epcis !== false) checkCaptures(config.epcis, where);
  const { slabs, slabBytes } = config.ring;
  const ring = { slabs, slabBytes, outputBytes: 2 * slabBytes, rejectBytes: slabBytes / 4 };
  const growth = Math.max(
    ...streams.flatMap((spec) =>
      spec.tables.map((table) => lineGrowth({ ...spec, table, number: 1, maxRecordsPerFrame: 1 })),
    ),
  );
  try {
    assertSizes(ring, config.limits.maxFrameBytes, growth);
  } catch (error) {
    const why = (error as Error).message.replace('assertion: ', '');
    throw new ConfigError(`${where}: ring and limits do not fit together: ${why}`);
  }
  const data = resolve(config.data);
  const lake = lakeOf(config.lake ?? join(data, 'lake'), config.s3, where);
  const { quotaBytes, segmentBytes } = config.journal;
  const least = 2 * segmentBytes + 2 * ring.slabs * ring.outputBytes;
  if (quotaBytes < least) {
    throw new ConfigError(
      `${where}: journal.quotaBytes: ${quotaBytes} is too small: two segments and what the ring holds need at least ${least}`,
    );
  }
  return {
    ...config,
    data,
    lake,
    s3: isS3(lake) ? s3Schema.parse(config.s3 ?? {}) : null,
    // Front end, commit and seal want a core as well; on two cores one worker is the measured best.
    workers: config.workers ?? Math.max(1, Math.min(8, availableParallelism() - 1)),
    ring,
    streams,
    ledger: {
      poolSize: config.ledger.poolSize,
      // Of an engine without a ledger the variable is somebody else's.
      url: config.ledger.url ?? (config.epcis === false ? null : databaseUrl(process.env)),
    },
  };
}
