// `firn verify`: checks a lake and says what it found and on what that rests; `--record` proves one record.

import { resolve } from 'node:path';
import { type KernelChoice, useKernels } from '../../workers/kernels.ts';
import { isS3 } from '../s3/address.ts';
import { parseVkey } from '../seal/note.ts';
import { VerifyError } from '../verify/files.ts';
import { DEFAULT_GRACE_MS, type VerifyOptions } from '../verify/options.ts';
import { reportText, visible } from '../verify/print.ts';
import { checkProof, type ProofCheck, proveRecord, type RecordProof } from '../verify/record.ts';
import { verifyLake } from '../verify/verify.ts';
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { progressBar } from './progress.ts';
import { s3Flags, s3Settings } from './s3-flags.ts';
import { onStopSignal } from './signals.ts';

export const spec: CommandSpec = {
  name: 'verify',
  about: 'checks every object, seal, tile, checkpoint and count of a lake',
  operands: 'LAKE',
  flags: {
    json: { help: 'print one JSON object with the same facts' },
    quick: {
      help: 'compare existence and size of objects, in S3 also stored checksums and seals; read no lines',
    },
    since: { value: 'FILE', help: 'prove that the log only grew since this checkpoint, which you kept' },
    policy: {
      value: 'FILE',
      help: 'trust the keys of this policy, which you kept, and not those in the lake',
    },
    record: { value: 'KEY:N', help: 'prove line N (from 1) of the object KEY instead' },
    grace: {
      value: 'SECONDS',
      default: String(DEFAULT_GRACE_MS / 1000),
      help: 'a file without a seal is a finding when it is older than this',
    },
    codec: {
      value: 'NAME',
      help: 'portable: use nothing of the compiled code (auto: use it where it is built)',
    },
    threads: { value: 'N', help: 'threads that read objects (one per core, at most 8)' },
    lock: {
      value: 'DAYS',
      help: 's3: every object must be locked for so long since it was sealed, whatever the engine told; 0: none need be',
    },
    ...s3Flags,
  },
  examples: [
    'firn verify ./firn-data/lake',
    'firn verify ./firn-data/lake --policy kept/policy --since kept/checkpoint --json',
    'firn verify s3://BUCKET/PREFIX --quick --lock 3650',
    'firn verify s3://BUCKET/PREFIX --endpoint https://minio.example:9000 --policy kept/policy',
    'firn verify ./firn-data/lake --record coldchain/year=2026/month=01/day=31/batch_….ndjson.zst:7',
  ],
  notes:
    'credentials for s3: the default chain of the AWS SDK (environment, shared files, role); reading is enough\nexit: 0 sound, 1 findings, 2 could not run, 130 after Ctrl-C',
};

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const lake = args.operand('lake');
  if (lake === undefined)
    throw args.fault('which lake? Give the folder that holds _log, or s3://BUCKET/PREFIX');
  if (!isS3(lake) && args.text('lock') !== undefined)
    throw args.fault(`--lock is for lakes in S3, and ${lake} is a path`);
  try {
    return args.text('record') === undefined ? await verify(lake, args) : await record(lake, args);
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    console.error(`firn verify: ${visible(error.message)}`);
    return 2;
  }
}

async function verify(lake: string, args: Arguments): Promise<number> {
  const abort = new AbortController();
  const bar = progressBar('seals');
  const release = onStopSignal(() => abort.abort());
  const threads = args.number('threads', { min: 0, max: 64, integer: true });
  const lockDays = args.number('lock', { min: 0, max: 36_500, integer: true });
  const options: VerifyOptions = {
    lake,
    quick: args.switch('quick'),
    graceMs: args.required('grace', { min: 0 }) * 1000,
    signal: abort.signal,
    onProgress: ({ done, total, bytes }) => bar.update(done, total, bytes),
    ...(threads !== undefined && { threads }),
    ...(lockDays !== undefined && { lockDays }),
    s3: s3Settings(args, lake),
    kernels: kernels(args),
    ...own(args, 'since'),
    ...own(args, 'policy'),
  };
  try {
    const report = await verifyLake(options);
    bar.end();
    process.stdout.write(args.switch('json') ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    return report.sound ? 0 : 1;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    bar.end();
    console.error('firn verify: stopped before the end, so there is no verdict');
    return 130;
  } finally {
    bar.end();
    release();
  }
}

function kernels(args: Arguments): KernelChoice {
  const name = args.text('codec') ?? 'auto';
  if (name === 'auto' || name === 'portable') return name;
  throw args.fault(`--codec is "auto" or "portable", not ${JSON.stringify(name)}`);
}

function own(args: Arguments, name: 'since' | 'policy'): { since?: string; policy?: string } {
  const path = args.text(name);
  return path === undefined ? {} : { [name]: resolve(path) };
}

async function record(lake: string, args: Arguments): Promise<number> {
  const [, path = '', line] = /^(.+):([1-9][0-9]{0,9})$/.exec(args.text('record') ?? '') ?? [];
  if (line === undefined)
    throw args.fault('--record takes KEY:N, the object and the number of the line in it, from 1');
  useKernels(kernels(args));
  const key = keyIn(lake, path);
  const proof = await proveRecord({
    lake,
    key,
    line: Number(line),
    s3: s3Settings(args, lake),
    ...own(args, 'policy'),
  });
  const check = checkProof(proof, proof.keys.map(parseVkey));
  process.stdout.write(
    args.switch('json') ? `${JSON.stringify({ ...proof, ...check }, null, 2)}\n` : proofText(proof, check),
  );
  return check.holds ? 0 : 1;
}

/** A path that the shell completed, or a whole address, means the same as the key. */
function keyIn(lake: string, path: string): string {
  const [prefix, whole] = isS3(lake)
    ? [`${lake.replace(/\/$/, '')}/`, path]
    : [`${resolve(lake)}/`, resolve(path)];
  return whole.startsWith(prefix) ? whole.slice(prefix.length) : path;
}

function proofText(proof: RecordProof, check: ProofCheck): string {
  const path = (hashes: readonly string[]): string[] => hashes.map((hash) => `              ${hash}`);
  return [
    `record        ${proof.record}`,
    `object        ${proof.key}, line ${proof.line}, sequence number ${proof.sequence}`,
    `leaf          ${proof.batch.leaf}  SHA-256(00 ‖ record)`,
    `path to batch ${proof.batch.path.length} hashes, nearest first`,
    ...path(proof.batch.path),
    `batch root    ${proof.batch.root}  leaf ${proof.batch.index} of ${proof.batch.size}`,
    `seal          ${proof.seal.text}`,
    `seal leaf     ${proof.seal.leaf}  SHA-256(00 ‖ seal)`,
    `path to log   ${proof.seal.path.length} hashes, nearest first`,
    ...path(proof.seal.path),
    `log root      ${proof.seal.root}  leaf ${proof.seal.index} of ${proof.seal.size}`,
    'checkpoint',
    ...proof.checkpoint
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    `keys          ${proof.keys.join(', ')}, from ${proof.keysFrom === 'lake' ? 'the lake itself' : 'your policy'}`,
    '',
    ...check.steps.map(({ what, holds }) => `${holds ? 'holds ' : 'FAILS '} ${what}`),
    check.holds ? 'PROVEN' : 'NOT PROVEN',
    '',
  ].join('\n');
}
