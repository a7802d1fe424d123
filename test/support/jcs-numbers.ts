// The sequence of doubles by which RFC 8785, appendix B, has number formatting tested, and the digests of the file that
// its authors publish for the first lines of it: a line is the double's 64 bits in hex, a comma, and its text. First come
// 168 chosen values, then the 2,000 smallest normal doubles, then the words of a chain of SHA-256, 32 zero bytes hashed
// again and again, without zeros, infinities and NaN.
// (https://github.com/cyberphone/json-canonicalization, testdata: "ES6 Numbers".)

import { createHash } from 'node:crypto';

/** SHA-256 of the first lines of the file, and how long they are. */
export const PUBLISHED = {
  1000: { sha256: 'be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687', bytes: 37_967 },
  10000: { sha256: 'b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892', bytes: 399_022 },
  100000: { sha256: '22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7', bytes: 4_031_728 },
  1000000: {
    sha256: '49415fee2c56c77864931bd3624faad425c3c577d6d74e89a83bc725506dad16',
    bytes: 40_357_417,
  },
} as const;

/** Thirds of powers of ten from 10^22 down to 10^-27, with the errors of the arithmetic that made them. */
const THIRDS = `446696695dbd1cc3 443211ede4974a35 43fce97ca0f21056 43c7213080c1a6ac 439280f39a348556 435d9b1f5d20d557
  4327af4c4a80aaac 42f2f2a36ecd5556 42be51057e155558 428840d131aaaaac 4253670dc1555557 421f0b4935555557
  41e8d5d42aaaaaac 41b3de4355555556 417fca0555555556 41496e6aaaaaaaab 4114585555555555 40e046aaaaaaaaab
  40aa0aaaaaaaaaaa 4074d55555555555 4040aaaaaaaaaaab 400aaaaaaaaaaaab 3fd5555555555555 3fa1111111111111
  3f6b4e81b4e81b4f 3f35d867c3ece2a5 3f0179ec9cbd821e 3ecbf647612f3696 3e965e9f80f29212 3e61e54c672874db
  3e2ca213d840baf8 3df6e80fe033c8c6 3dc2533fe68fd3d2 3d8d51ffd74c861c 3d5774ccac3d3817 3d22c3d6f030f9ac
  3cee0624b3818f79 3cb804ea293472c7 3c833721ba905bd3 3c4ebe9c5db3c61e 3c18987d17c304e5 3be3ad30dfcf371d
  3baf7b816618582f 3b792f9ab81379bf 3b442615600f9499 3b101e77800c76e1 3ad9ca58cce0be35 3aa4a1e0a3e6fe90
  3a708180831f320d 3a3a68cd9e985016`;

/** Ten, halves of powers of ten, and 5e-6 with a 6 that moves away from it; around 1, 0.3, and the ends of the range; 2^53,
 * 2^68, 10^23 and 10^21 with their neighbours; 10^-6 and a third of 10^9 with theirs. */
const CHOSEN = `4024000000000000 4014000000000000 3fe0000000000000 3fa999999999999a 3f747ae147ae147b 3f40624dd2f1a9fc
  3f0a36e2eb1c432d 3ed4f8b588e368f1 3ea0c6f7a0b5ed8d 3e6ad7f29abcaf48 3e35798ee2308c3a 3ed539223589fa95
  3ed4ff26cd5a7781 3ed4f95a762283ff 3ed4f8c60703520c 3ed4f8b72f19cd0d 3ed4f8b5b31c0c8d 3ed4f8b58d1c461a
  3ed4f8b5894f7f0e 3ed4f8b588ee37f3 3ed4f8b588e47da4 3ed4f8b588e3849c 3ed4f8b588e36bb5 3ed4f8b588e36937
  3ed4f8b588e368f8 3ed4f8b588e368f1 3ff0000000000000 bff0000000000000 bfeffffffffffffa bfeffffffffffffb
  3feffffffffffffa 3feffffffffffffb 3feffffffffffffc 3feffffffffffffe bfefffffffffffff bfefffffffffffff
  3fefffffffffffff 3fefffffffffffff 3fd3333333333332 3fd3333333333333 3fd3333333333334 0010000000000000
  000ffffffffffffd 000fffffffffffff 7fefffffffffffff ffefffffffffffff 4340000000000000 c340000000000000
  4430000000000000 44b52d02c7e14af5 44b52d02c7e14af6 44b52d02c7e14af7 444b1ae4d6e2ef4e 444b1ae4d6e2ef4f
  444b1ae4d6e2ef50 3eb0c6f7a0b5ed8c 3eb0c6f7a0b5ed8d 41b3de4355555553 41b3de4355555554 41b3de4355555555
  41b3de4355555556 41b3de4355555557 becbf647612f3696 43143ff3c1cb0959`;

const SIGN = 1n << 63n;
const SMALLEST_NORMAL = 1n << 52n;
const NORMALS = 2000;

const bitsOf = (words: string): bigint[] => words.split(/\s+/).map((word) => BigInt(`0x${word}`));

function chosenBits(): bigint[] {
  const thirds = bitsOf(THIRDS);
  const negative = thirds.map((bits) => bits | SIGN);
  const smallest = [0n, SIGN, 1n, SIGN | 1n];
  return [...smallest, ...negative, ...thirds, ...bitsOf(CHOSEN)];
}

/** The doubles of the sequence, without end. */
export function* jcsNumbers(): Generator<number> {
  const word = new DataView(new ArrayBuffer(8));
  const doubleOf = (bits: bigint): number => {
    word.setBigUint64(0, bits);
    return word.getFloat64(0);
  };
  for (const bits of chosenBits()) yield doubleOf(bits);
  for (let i = 0; i < NORMALS; i++) yield doubleOf(SMALLEST_NORMAL + BigInt(i));
  for (let block: Uint8Array = new Uint8Array(32); ; ) {
    block = createHash('sha256').update(block).digest();
    const view = new DataView(block.buffer, block.byteOffset, 32);
    for (let at = 0; at < 32; at += 8) {
      const value = view.getFloat64(at, true);
      if (value !== 0 && Number.isFinite(value)) yield value;
    }
  }
}

export interface LinesDigest {
  readonly sha256: string;
  readonly bytes: number;
}

/** Digest and length of the first 1,000, 10,000 … up to `most` lines of the file, written with a formatter of ours. */
export function digestsOfLines(most: number, format: (value: number) => string): Record<number, LinesDigest> {
  const digests: Record<number, LinesDigest> = {};
  const running = createHash('sha256');
  const word = new DataView(new ArrayBuffer(8));
  let bytes = 0;
  let line = 0;
  let chunk = '';
  for (const value of jcsNumbers()) {
    word.setFloat64(0, value);
    const high = word.getUint32(0);
    const low = word.getUint32(4).toString(16);
    chunk += `${high === 0 ? low : high.toString(16) + low.padStart(8, '0')},${format(value)}\n`;
    if (++line % 1000 !== 0) continue;
    running.update(chunk);
    bytes += chunk.length;
    chunk = '';
    if (line in PUBLISHED) digests[line] = { sha256: running.copy().digest('hex'), bytes };
    if (line >= most) break;
  }
  return digests;
}
