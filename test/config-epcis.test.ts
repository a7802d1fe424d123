// What an operator reads when the configuration of captures is wrong: the member, and what to do.

import { describe, expect, test } from 'vitest';
import { parseConfig } from '../engine/config.ts';
import { databaseUrl, webhookSecret } from '../engine/config-epcis.ts';

const partner = (members: object): object => ({
  epcis: { partners: [{ gln: '9521234000013', name: 'Example Maker', ...members }] },
});
const token = (members: object): object => ({
  tokens: [{ name: 'a', token: '0123456789abcdef', streams: ['epcis'], ...members }],
});

describe('a wrong configuration of captures', () => {
  test.each([
    [
      { epcis: true },
      'epcis: give an object such as { "profile": "dscsa" }, or false: no captures are taken',
    ],
    [{ epcis: { profile: 'DSCSA' } }, /^w: epcis\.profile: .*"generic"\|"dscsa"\|"r1\.3-strict"$/],
    [{ epcis: { partner: [] } }, 'epcis: Unrecognized key: "partner"'],
    [{ epcis: { extensions: { a: 'x' } } }, /^w: epcis\.extensions\.a: give the URI/],
    [partner({ gln: '952123400001' }), 'epcis.partners.0.gln: a GLN is 13 digits'],
    [partner({ gln: '9521234000014' }), /^w: epcis\.partners\.0\.gln: .*check digit: 3 for 952123400001$/],
    [partner({ ack: 'push' }), 'epcis.partners.0.ack: give "poll", or a webhook: { "url", "secretEnv" }'],
    [partner({ ack: { url: 'https://x' } }), /^w: epcis\.partners\.0\.ack: say where its secret is/],
    [partner({ ack: { url: 'ftp://x', secretEnv: 'A' } }), /ack\.url: .*http:\/\/ or https:\/\//],
    [{ ledger: 'postgres://x/y' }, 'ledger: give an object such as { "url": "postgres://…" }'],
    [{ ledger: { url: 'mysql://x' } }, /^w: ledger\.url: .*postgres:\/\//],
    [token({ streams: ['epics'] }), /which is not a stream \("\*" means all, "epcis" captures\)$/],
    [token({ gln: '9521234000012' }), /^w: tokens\.0\.gln: .*check digit: 3/],
    [
      token({ gln: '9521234000013', streams: ['coldchain'] }),
      /^w: tokens: a has a gln but not the scope epcis, .*: add "epcis" to its streams, or remove the gln$/,
    ],
    [
      { epcis: { maxBodyBytes: 1000, spool: { quotaBytes: 999 } } },
      /^w: epcis\.spool\.quotaBytes: 999 is less .*: raise it to epcis\.maxBodyBytes \(1000\) or more, or lower that$/,
    ],
  ])('%j', (input, words) => {
    expect(() => parseConfig(input, 'w')).toThrow(typeof words === 'string' ? `w: ${words}` : words);
  });

  test('what is just enough is taken', () => {
    const epcis = { maxBodyBytes: 1000, spool: { quotaBytes: 1000 } };
    expect(parseConfig({ epcis })).toMatchObject({ epcis });
    for (const streams of [['epcis'], ['*']])
      expect(() => parseConfig(token({ gln: '9521234000013', streams }))).not.toThrow();
  });

  test('a DATABASE_URL of another kind is refused without being shown; none, or an empty one, is the ledger within', () => {
    const of = (url: string): string | null => databaseUrl({ DATABASE_URL: url });
    expect(() => of('mysql://me:pass@db/x')).toThrow(
      /^DATABASE_URL: .*postgresql:\/\/: correct it, or unset it/,
    );
    expect(() => of('mysql://me:pass@db/x')).toThrow(/^(?!.*pass)/s);
    expect([of(''), of(' '), databaseUrl({})]).toEqual([null, null, null]);
    for (const url of ['postgres://db/x', 'postgresql://db/x']) expect(of(url)).toBe(url);
  });

  test('a secret that is not where it should be is told with the variable', () => {
    const target = { secretEnv: 'HOOK' };
    expect(() => webhookSecret(target, {})).toThrow(/the variable HOOK is not set: put the secret/);
    expect(() => webhookSecret(target, { HOOK: 'short' })).toThrow(/the variable HOOK holds no secret of at/);
    expect(webhookSecret(target, { HOOK: ' sixteen letters. \n' })).toBe('sixteen letters.');
  });
});
