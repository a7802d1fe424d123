import { describe, expect, test } from 'vitest';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import { canonicalise } from '../../workers/canonicalise.ts';
import { JsonError, parseJson } from '../../workers/parse.ts';
import { encodeSlab, slabOf } from '../support/slab.ts';
import { telemetryStream } from '../support/stream.ts';
import { createTwins } from '../support/twins.ts';
import { hasVectors, vector, vectorNames } from '../support/vectors.ts';

if (!hasVectors)
  console.log('skipped: the public test vectors are not beside the checkout (../shared/vectors)');

/** Refused by design: RFC 8259 leaves duplicate names to the reader, firn refuses them. */
const DUPLICATES = /^y_object_duplicated_key/;

function codeOf(bytes: Uint8Array): string {
  try {
    parseJson(bytes, 200_000);
    return 'accepted';
  } catch (error) {
    if (error instanceof JsonError) return error.code;
    throw error;
  }
}

/** Codes of the refusals of one frame that is one JSON text. */
function codecCodes(bytes: Uint8Array): string[] {
  const codec = createTwins([telemetryStream()]);
  const { frames } = encodeSlab(codec, slabOf([{ payload: bytes, mode: FRAME_MODE.json }]));
  return (frames[0]?.refused ?? []).map((refused) => refused.code);
}

describe.skipIf(!hasVectors)('vectors (skipped where ../shared/vectors is absent)', () => {
  const jcs = vectorNames('jcs/input');

  test('jcs: there are six vectors', () => {
    expect(jcs).toHaveLength(6);
  });

  test.each(jcs)('jcs: %s comes out byte for byte', (name) => {
    const line = canonicalise(parseJson(vector(`jcs/input/${name}`)));
    expect(Buffer.from(line)).toEqual(Buffer.from(vector(`jcs/output/${name}`)));
  });

  const json = vectorNames('json').filter((name) => name.endsWith('.json'));

  test('json: there are vectors of both kinds', () => {
    expect(json.filter((name) => name.startsWith('y_')).length).toBeGreaterThan(30);
    expect(json.filter((name) => name.startsWith('n_')).length).toBeGreaterThan(60);
  });

  test.each(json.filter((name) => name.startsWith('y_') && !DUPLICATES.test(name)))(
    'json: %s is accepted by the parser as JSON.parse does, and is no syntax fault for the codec',
    (name) => {
      const bytes = vector(`json/${name}`);
      const value = parseJson(bytes);
      expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(new TextDecoder().decode(bytes))));
      for (const code of codecCodes(bytes)) expect(code).not.toMatch(/^json\.(syntax|utf8)$/);
    },
  );

  test.each(json.filter((name) => DUPLICATES.test(name)))(
    'json: %s is refused as a duplicate, by design',
    (name) => {
      expect(codeOf(vector(`json/${name}`))).toBe('json.duplicate-member');
    },
  );

  test.each(json.filter((name) => name.startsWith('n_')))('json: %s is refused', (name) => {
    const bytes = vector(`json/${name}`);
    expect(codeOf(bytes)).toMatch(/^json\.(syntax|utf8)$/);
    // An empty body holds no record (DESIGN.md §2): the only texts that are no JSON and yet no refusal.
    const blank = /^[ \t\r\n]*$/.test(Buffer.from(bytes).toString('latin1'));
    expect(codecCodes(bytes)).toEqual(blank ? [] : [codeOf(bytes)]);
  });
});
