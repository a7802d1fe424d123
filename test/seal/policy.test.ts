// Trust policies: what firn writes, and what others may write.

import { describe, expect, test } from 'vitest';
import { NoteError, vkey } from '../../engine/seal/note.ts';
import { parsePolicy, policyText } from '../../engine/seal/policy.ts';

const A = { name: 'cold.example/a', publicKey: new Uint8Array(32).fill(1) };
const B = { name: 'cold.example/b', publicKey: new Uint8Array(32).fill(2) };
const [KEY_A, KEY_B] = [vkey(A.name, A.publicKey), vkey(B.name, B.publicKey)];

describe('policy', () => {
  test('policy: firn writes one line for each log and asks for no witness', () => {
    expect(policyText([A])).toBe(`log ${KEY_A}\nquorum none\n`);
    expect(parsePolicy(policyText([A, B]))).toEqual({
      logs: [
        { ...A, url: null },
        { ...B, url: null },
      ],
      witnesses: [],
      groups: [],
      quorum: 'none',
    });
  });

  test('policy: comments, white space, witnesses and groups are understood', () => {
    const policy = parsePolicy(
      `# trust\n\n \t log  ${KEY_A}\thttps://log.example/ \n  # more\nwitness X1 ${KEY_B}\nwitness X2 w2+00+zz https://w2.example\ngroup X 1 X1 X2\ngroup Y all X X1\nquorum Y`,
    );
    expect(policy.logs).toEqual([{ ...A, url: 'https://log.example/' }]);
    expect(policy.witnesses.map(([, name]) => name)).toEqual(['X1', 'X2']);
    expect(policy.groups).toEqual([
      ['group', 'X', '1', 'X1', 'X2'],
      ['group', 'Y', 'all', 'X', 'X1'],
    ]);
    expect(policy.quorum).toBe('Y');
  });

  test.each([
    ['no quorum', `log ${KEY_A}\n`],
    ['two quorums', 'quorum none\nquorum none\n'],
    ['a quorum that is not defined before', `quorum X\nwitness X ${KEY_B}\n`],
    ['a key twice', `log ${KEY_A}\nlog ${KEY_A}\nquorum none\n`],
    ['a key that is none', 'log cold.example/a\nquorum none\n'],
    ['a word that is not known', 'logs\nquorum none\n'],
    ['a name twice', `witness X ${KEY_A}\nwitness X ${KEY_B}\nquorum X\n`],
    ['a group without members', 'group X all\nquorum none\n'],
    ['a group of none', 'group X all none\nquorum none\n'],
    ['a threshold above its members', `witness X ${KEY_A}\ngroup G 2 X\nquorum G\n`],
    ['a threshold of none', `witness X ${KEY_A}\ngroup G 0 X\nquorum G\n`],
    ['a member twice', `witness X ${KEY_A}\ngroup G 1 X X\nquorum G\n`],
    ['a carriage return', 'quorum none\r\n'],
  ])('policy: %s is refused', (_, text) => {
    expect(() => parsePolicy(text)).toThrow(NoteError);
  });
});
