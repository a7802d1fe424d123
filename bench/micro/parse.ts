// From the bytes of a record to something that knows where its members are: our scan, which makes no value, against
// parsers that make one.

import { MAX_DEPTH } from '../../engine/limits.ts';
import { KIND, Scan } from '../../workers/scan.ts';
import { loadPeer } from './peers.ts';
import { type Arm, mustAgree, type Subject } from './subject.ts';
import { makeTexts } from './texts.ts';

/** What this bench knows of npm simdjson: a native parser that makes JavaScript values. */
interface Simdjson {
  parse(text: string): unknown;
  isValid(text: string): boolean;
}

export const parse: Subject = {
  name: 'parse',
  prepare(records) {
    const { texts, bytes, bounds } = makeTexts(records);
    const scan = new Scan();
    const eachText = (look: (text: string) => void): void => {
      for (let i = 0; i < bounds.length; i += 2) look(bytes.toString('latin1', bounds[i], bounds[i + 1]));
    };
    const scanAll = (): number => {
      let members = 0;
      for (let i = 0; i < bounds.length; i += 2) {
        if (!scan.run(bytes, bounds[i] as number, bounds[i + 1] as number, MAX_DEPTH))
          throw new Error('no JSON');
        if (scan.kind === KIND.object) members += scan.count;
      }
      return members;
    };
    const countOf = (parser: (text: string) => unknown): number => {
      let members = 0;
      eachText((text) => {
        members += Object.keys(parser(text) as object).length;
      });
      return members;
    };
    const arms: Arm[] = [
      { name: 'our scan (grammar and bounds, no value)', kind: 'ours', run: scanAll },
      { name: 'the string alone: toString("latin1")', kind: 'bound', run: () => eachText(() => {}) },
      {
        name: 'toString("latin1") + JSON.parse',
        kind: 'peer',
        run: () => eachText((text) => JSON.parse(text)),
      },
      {
        name: 'toString("utf8") + JSON.parse',
        kind: 'peer',
        run: () => {
          for (let i = 0; i < bounds.length; i += 2)
            JSON.parse(bytes.toString('utf8', bounds[i], bounds[i + 1]));
        },
      },
      {
        name: 'JSON.parse of strings in hand',
        kind: 'peer',
        run: () => {
          for (const text of texts) JSON.parse(text);
        },
      },
    ];
    const counts: [string, Uint8Array][] = [
      ['our scan', Buffer.from(String(scanAll()))],
      ['JSON.parse', Buffer.from(String(countOf(JSON.parse)))],
    ];
    const missing: string[] = [];
    const peer = loadPeer<Simdjson>('simdjson', 'build/Release/simdjson.node');
    if (peer.module === null) missing.push(peer.reason);
    else {
      const { parse: build, isValid } = peer.module;
      counts.push(['npm simdjson', Buffer.from(String(countOf(build)))]);
      arms.push(
        {
          name: `npm simdjson ${peer.version} parse`,
          kind: 'peer',
          run: () => eachText((text) => build(text)),
        },
        {
          name: `npm simdjson ${peer.version} isValid (no value)`,
          kind: 'peer',
          run: () => eachText((text) => isValid(text)),
        },
      );
    }
    mustAgree('members of all records', counts);
    const notes = ['the native codec parses and validates in one walk: see codec'];
    const title = 'parse: one record from its bytes';
    return {
      comparisons: [{ key: 'parse', title, unit: 'record', units: records, clock: 'cpu', arms, notes }],
      missing,
    };
  },
};
