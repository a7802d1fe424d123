// What an operator can say about EPCIS captures and the ledger: limits, trading partners, where the ledger lies. Secrets
// are named here (a variable, a file), never kept: status, log and audit trail show a configuration whole.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './errors.ts';
import { GIB, MIB } from './limits.ts';

const positive = z.number().int().positive();

/** Check digit of a GLN by its first twelve digits: weights 1, 3 from the left. */
function checkDigitOf(gln: string): string {
  const sum = [...gln.slice(0, 12)].reduce(
    (all, digit, at) => all + Number(digit) * (at % 2 === 0 ? 1 : 3),
    0,
  );
  return String((10 - (sum % 10)) % 10);
}

/** GLN-13 with its check digit. */
export const gln13 = z
  .string()
  .regex(/^[0-9]{13}$/, { error: 'a GLN is 13 digits', abort: true })
  .refine((gln) => gln.endsWith(checkDigitOf(gln)), {
    error: ({ input }) =>
      `the last digit of a GLN is its check digit: ${checkDigitOf(input as string)} for ${String(input).slice(0, 12)}`,
  });

/** Words for what is no object at all; other faults have their own. */
const objectLike =
  (words: string) =>
  ({ code }: { readonly code: string }): string | undefined =>
    code === 'invalid_type' ? words : undefined;

const webhookTarget = z
  .strictObject({
    url: z.url({ protocol: /^https?$/, error: 'a webhook has an address of http:// or https://' }),
    /** Environment variable that holds the secret of the HMAC. */
    secretEnv: z.string().min(1).optional(),
    /** File that holds it; white space around it does not count. */
    secretFile: z.string().min(1).optional(),
  })
  .refine(
    (target) => (target.secretEnv === undefined) !== (target.secretFile === undefined),
    'say where its secret is: either "secretEnv", a variable, or "secretFile"',
  );

const partnerSchema = z.strictObject({
  gln: gln13,
  name: z.string().min(1).max(200),
  /** How acknowledgements get to the partner. */
  ack: z
    .union([z.literal('poll', 'give "poll", or a webhook: { "url", "secretEnv" }'), webhookTarget])
    .default('poll'),
});

/** `cut` is that of any stream. */
export const epcisSchemaWith = <Cut extends z.ZodType>(cut: Cut) =>
  z.strictObject(
    {
      profile: z.enum(['generic', 'dscsa', 'r1.3-strict']).default('generic'),
      /** L05: refuse what was never commissioned, in place of a warning. */
      strictState: z.boolean().default(false),
      maxBodyBytes: positive.max(2 * GIB).default(300 * MIB),
      maxEvents: positive.max(10_000_000).default(1_000_000),
      spool: z.strictObject({ quotaBytes: positive.default(4 * GIB) }).prefault({}),
      cut,
      /** The directory of trading partners. Absent: nobody's membership is checked, and findings say so. */
      partners: z.array(partnerSchema).optional(),
      webhook: z
        .strictObject({
          timeoutSeconds: z.number().positive().max(300).default(10),
          /** Plain HTTP to other machines is meant: there is a proxy or a network of one's own in between. */
          plaintext: z.boolean().default(false),
        })
        .prefault({}),
      /** L15: an event older than this is told as stale. */
      staleDays: positive.max(36_500).default(365),
      /** GS1-Extensions: prefix to URI of the extensions that partners agreed on. */
      extensions: z.record(z.string(), z.url('give the URI of the extension, such as https://…')).default({}),
    },
    { error: objectLike('give an object such as { "profile": "dscsa" }, or false: no captures are taken') },
  );

const POSTGRES = /^postgres(ql)?:\/\//;

export const ledgerSchema = z.strictObject(
  {
    /** `postgres://user:password@host/database`; default: DATABASE_URL, else a ledger of its own below `data`. */
    url: z
      .string()
      .regex(POSTGRES, 'an address of PostgreSQL begins with postgres:// or postgresql://')
      .optional(),
    poolSize: positive.max(100).default(4),
  },
  { error: objectLike('give an object such as { "url": "postgres://…" }') },
);

export type PartnerConfig = z.output<typeof partnerSchema>;

/** Where the ledger is, as it may be shown: no password, no parameters. */
export function ledgerName(url: string | null): string {
  if (url === null) return 'embedded (PGlite)';
  try {
    const { hostname, port, pathname } = new URL(url);
    return `postgres://${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch {
    return 'postgres';
  }
}

interface Captures {
  readonly maxBodyBytes: number;
  readonly spool: { readonly quotaBytes: number };
  readonly partners?: readonly PartnerConfig[] | undefined;
}

/** The longest body has room in the spool, and no GLN has two names or two ways. @throws ConfigError */
export function checkCaptures({ maxBodyBytes, spool, partners = [] }: Captures, where: string): void {
  if (spool.quotaBytes < maxBodyBytes)
    throw new ConfigError(
      `${where}: epcis.spool.quotaBytes: ${spool.quotaBytes} is less than one body may have: raise it to epcis.maxBodyBytes (${maxBodyBytes}) or more, or lower that`,
    );
  const seen = new Set<string>();
  for (const { gln } of partners) {
    if (seen.has(gln)) throw new ConfigError(`${where}: epcis.partners: ${gln} is there twice`);
    seen.add(gln);
  }
}

/**
 * The ledger's address out of the environment; null = it is embedded. What is wrong with one is told without it: it has a
 * password.
 * @throws ConfigError where it is an address of something else
 */
export function databaseUrl(environment: Readonly<Record<string, string | undefined>>): string | null {
  const url = environment['DATABASE_URL']?.trim() ?? '';
  if (url === '') return null;
  if (POSTGRES.test(url)) return url;
  throw new ConfigError(
    'DATABASE_URL: an address of PostgreSQL begins with postgres:// or postgresql://: correct it, or unset it: the ledger is embedded then',
  );
}

/** The secret that a webhook is signed with. @throws ConfigError when it is not where the configuration says */
export function webhookSecret(
  {
    secretEnv,
    secretFile,
  }: { readonly secretEnv?: string | undefined; readonly secretFile?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const which = secretEnv === undefined ? `the file ${secretFile}` : `the variable ${secretEnv}`;
  let secret: string | undefined;
  if (secretEnv !== undefined) secret = environment[secretEnv];
  else if (secretFile !== undefined) {
    try {
      secret = readFileSync(secretFile, 'utf8');
    } catch (error) {
      throw new ConfigError(`epcis.partners: the secret cannot be read: ${(error as Error).message}`);
    }
  }
  const trimmed = secret?.trim() ?? '';
  if (trimmed.length < 16)
    throw new ConfigError(
      `epcis.partners: ${which} ${secret === undefined ? 'is not set: put the secret of the webhook there' : 'holds no secret of at least 16 characters'}`,
    );
  return trimmed;
}
