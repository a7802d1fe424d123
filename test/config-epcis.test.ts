// What an operator reads when the configuration of captures is wrong: the member, and what to do.

import { describe, expect, test } from 'vitest';
import { parseConfig } from '../engine/config.ts';
import { webhookSecret } from '../engine/config-epcis.ts';

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
  ])('%j', (input, words) => {
    expect(() => parseConfig(input, 'w')).toThrow(typeof words === 'string' ? `w: ${words}` : words);
  });

  test('a secret that is not where it should be is told with the variable', () => {
    const target = { secretEnv: 'HOOK' };
    expect(() => webhookSecret(target, {})).toThrow(/the variable HOOK is not set: put the secret/);
    expect(() => webhookSecret(target, { HOOK: 'short' })).toThrow(/the variable HOOK holds no secret of at/);
    expect(webhookSecret(target, { HOOK: ' sixteen letters. \n' })).toBe('sixteen letters.');
  });
});
