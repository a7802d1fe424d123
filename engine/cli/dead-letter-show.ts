// `firn dead-letter show`: refused records whole, with their bytes and what became of them.

import { isUtf8 } from 'node:buffer';
import { type Replay, refusedAgain, replayOf, replaysOf } from '../dead-letter/history.ts';
import { findNamed, type Letter, lettersNamed } from '../dead-letter/letters.ts';
import { type CommandSpec, helpOf, readArguments } from './arguments.ts';
import { lakeOperand, orCannot, visible, withLake } from './dead-letter-arguments.ts';
import { s3Flags } from './s3-flags.ts';

export const spec: CommandSpec = {
  name: 'dead-letter show',
  about: 'shows refused records: every member, the exact bytes, and what became of them',
  operands: 'LAKE REF…',
  flags: {
    raw: { help: 'write exactly the bytes of the one record, and nothing else' },
    ...s3Flags,
    json: { help: 'one JSON object a line' },
  },
  examples: [
    'firn dead-letter show ./firn-data/lake 057e19ab34cd:7',
    'firn dead-letter show ./firn-data/lake 057e19ab34cd:7 --raw > record.json',
  ],
  notes:
    'REF is a reference as list prints it, or KEY:LINE.\nexit: 0 shown, 2 could not read, or there is no such record',
};

/** @returns the exit code */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, spec);
  if (args.help) {
    process.stdout.write(helpOf(spec));
    return 0;
  }
  const path = lakeOperand(args);
  const references = args.operands.slice(1);
  if (references.length === 0)
    throw args.fault('which record? Give a reference, as firn dead-letter list prints it');
  if (args.switch('raw') && references.length > 1) throw args.fault('--raw writes one record');
  return orCannot('show', () =>
    withLake(args, path, async (lake) => {
      for (const named of await findNamed(lake, references)) {
        const letters = await lettersNamed(lake, named);
        if (args.switch('raw')) {
          process.stdout.write(rawOf(letters[0] as Letter));
          continue;
        }
        const history = await replaysOf(lake, new Set([named.object.key]), named.object.day);
        for (const letter of letters) {
          const replays = history.get(letter.reference) ?? [];
          // Also without an event: a replay of just now may have its dead letter in the lake before its event.
          const after = await refusedAgain(lake, letter);
          const before = await replayOf(lake, letter);
          if (args.switch('json')) {
            const { reference, short, members } = letter;
            const refused = after.map((other) => other.reference);
            console.log(
              JSON.stringify({
                reference,
                short,
                ...members,
                replays,
                replay_of: before,
                refused_again: refused,
              }),
            );
          } else {
            console.log(textOf(letter, replays, after, before));
          }
        }
      }
      return 0;
    }),
  );
}

function rawOf(letter: Letter): Buffer {
  return Buffer.from(letter.members.raw_b64, 'base64');
}

function textOf(
  letter: Letter,
  replays: readonly Replay[],
  after: readonly Letter[],
  before: string | null,
): string {
  const { code, detail, path, received_utc, rejected_utc, schema, source } = letter.members;
  const raw = rawOf(letter);
  const rows: (readonly [string, string])[] = [
    ['record', letter.reference],
    ['code', code],
    ['detail', detail],
    ['path', path ?? '-'],
    ['schema', schema ?? '-'],
    ['received', received_utc],
    ['rejected', rejected_utc],
    ['principal', source.principal ?? '-'],
    ['session', source.session ?? '-'],
    ['frame', source.frame === null ? '-' : String(source.frame)],
    ['index', source.record === null ? '-' : String(source.record)],
    ...(before === null ? [] : [['replay of', before] as const]),
    ...replays.map((replay) => ['replayed', replayText(replay)] as const),
    ...after.map((other) => ['again as', other.reference] as const),
    ...(replays.length === 0
      ? [
          [
            'replayed',
            'never, as far as the audit stream in this lake tells (an event takes seconds to get there)',
          ] as const,
        ]
      : []),
    ['bytes', `${raw.length}, ${isUtf8(raw) ? 'UTF-8' : 'not UTF-8: in hex'}`],
  ];
  const bytes = isUtf8(raw) ? raw.toString('utf8').split('\n').map(visible) : hexDump(raw);
  return [
    ...rows.map(([name, text]) => `${name.padEnd(11)}${visible(text)}`),
    ...bytes.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function replayText({ atUtc, actor, authorisedBy, reason, outcome, code }: Replay): string {
  const what = {
    accepted: 'accepted',
    refused: `refused again, ${code ?? 'no code'}`,
    unknown: 'sent; the engine ended before it could say what came of it',
  }[outcome];
  return `${atUtc} by ${actor} (${authorisedBy ?? '-'}): ${what}; reason: ${reason ?? '-'}`;
}

/** Offset, sixteen bytes, and the characters among them. */
function hexDump(raw: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < raw.length; at += 16) {
    const bytes = raw.subarray(at, at + 16);
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...bytes]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines;
}
