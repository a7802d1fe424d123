import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { chooseCodec, loadCodec } from '../../workers/load-codec.ts';
import { createNativeCodec, loadNative } from '../../workers/native.ts';
import { telemetryStream } from '../support/stream.ts';

const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
const built = loadNative().addon !== null;

describe('load-codec', () => {
  test('load-codec: portable gives the portable codec', async () => {
    const codec = await (await loadCodec('portable'))([telemetryStream()]);
    expect(codec.name).toBe('portable');
    expect(chooseCodec('portable')).toEqual({ name: 'portable', note: null });
  });

  test.skipIf(!built)('load-codec: auto and native give the native codec where it is built', async () => {
    for (const choice of ['auto', 'native'] as const) {
      expect(chooseCodec(choice)).toEqual({ name: 'native', note: null });
    }
    const codec = await (await loadCodec('native'))([telemetryStream()]);
    expect(codec.name).toBe('native');
  });

  test.skipIf(built)('load-codec: without it auto is portable and says why, native is a ConfigError', () => {
    expect(chooseCodec('auto')).toMatchObject({
      name: 'portable',
      note: expect.stringContaining('firn build-native'),
    });
    expect(() => chooseCodec('native')).toThrow(/firn build-native/);
    expect(() => createNativeCodec([])).toThrow(ConfigError);
  });

  test('load-codec: a module takes the place of the named codec', async () => {
    const create = await loadCodec('portable', moduleOf('export const createCodec = () => "mine";'));
    expect(create([])).toBe('mine');
  });

  test('load-codec: an unknown name and a module without a codec are errors of the configuration', async () => {
    await expect(loadCodec('fast')).rejects.toThrow(ConfigError);
    await expect(loadCodec('portable', moduleOf('export const other = 1;'))).rejects.toThrow(ConfigError);
  });
});
