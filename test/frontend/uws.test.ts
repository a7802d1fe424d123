// The word that a person gets where uWebSockets.js cannot be loaded.

import { expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { loadUws, type Platform, uwsLoadError } from '../../engine/uws.ts';

const at = (change: Partial<Platform>): Platform => ({
  node: '20.20.2',
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  ...change,
});

test('uws: it loads here', () => {
  expect(typeof loadUws().App).toBe('function');
});

test('uws: a glibc that is too old is told with what is needed', () => {
  const error = uwsLoadError(new Error('masked'), at({ node: '22.11.0' }));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toMatch(/Node 22\.11\.0 on linux x64.*glibc 2\.38.*found 2\.36/);
  expect(error.message).toMatch(/overrides/);
  expect(uwsLoadError(new Error('masked'), at({ glibc: '2.17' })).message).toMatch(
    /glibc 2\.27.*found 2\.17/,
  );
});

test('uws: versions are compared as numbers', () => {
  expect(uwsLoadError(new Error('reason'), at({ node: '24.1.0', glibc: '3.1' })).message).toMatch(
    /did not load: reason/,
  );
  expect(uwsLoadError(new Error('reason'), at({ node: '24.1.0', glibc: '2.4' })).message).toMatch(
    /found 2\.4/,
  );
});

test('uws: a system without glibc and a Node without a binary are told as such', () => {
  expect(uwsLoadError(new Error('masked'), at({ glibc: null })).message).toMatch(/another C library/);
  expect(uwsLoadError(new Error('masked'), at({ node: '19.0.0' })).message).toMatch(/use Node 20, 22 or 24/);
});

test('uws: another reason is passed on without the list of versions', () => {
  const cause = new Error(
    'This version of uWS.js supports only Node.js versions …\n\nError: cannot open shared object file',
  );
  const error = uwsLoadError(cause, at({}));
  expect(error.message).toMatch(/Error: cannot open shared object file/);
  expect(error.message).not.toMatch(/supports only/);
});

test('uws: a failed load is a ConfigError that names this machine', () => {
  const load = () => {
    throw new Error('masked');
  };
  expect(() => loadUws(load)).toThrow(ConfigError);
  expect(() => loadUws(load)).toThrow(process.versions.node);
});
