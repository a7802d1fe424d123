import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { loadCodec } from '../../workers/load-codec.ts';
import { telemetryStream } from '../support/stream.ts';

const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;

describe('load-codec', () => {
  test('load-codec: portable gives the portable codec', async () => {
    const codec = await (await loadCodec('portable'))([telemetryStream()]);
    expect(codec.name).toBe('portable');
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
