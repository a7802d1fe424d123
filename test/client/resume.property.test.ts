import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FirnClient } from '../../engine/client/client.ts';
import { type Fate, ScriptedServer } from './scripted-server.ts';

const fates = fc.constantFrom<Fate | 'lose-cut' | 'keep-cut' | 'ack-cut' | 'later'>(
  'ack',
  'keep',
  'later',
  'lose-cut',
  'keep-cut',
  'ack-cut',
);

test('client: under any losses of connections the engine holds every frame exactly once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fates, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      async (plan, cuts, sizes, window) => {
        const steps = [...plan];
        const server = await new ScriptedServer({
          window,
          onFrame: (connection) => {
            const step = steps.shift() ?? 'ack';
            if (step === 'later') connection.say({ type: 'window', frames: (window % 3) + 1 });
            if (step === 'ack' || step === 'keep') return step;
            if (step === 'later') return 'keep';
            const fate = step.slice(0, -4) as Fate;
            if (fate === 'ack') setImmediate(() => connection.socket.terminate());
            else connection.socket.terminate();
            return fate;
          },
        }).start();
        server.cuts.push(...cuts);
        // A frame that is kept and never acknowledged is only told after the silence: that is the short bound here.
        const client = new FirnClient({ url: server.url, backoffMs: 0, silenceMs: 15, lingerMs: 0 });
        try {
          await client.connect();
          const sent = sizes.map((size, i) => JSON.stringify({ i, pad: 'x'.repeat(size) }));
          const numbers = await Promise.all(sent.map((frame) => client.sendFrame(frame)));
          expect(numbers).toEqual(sent.map((_, i) => i));
          expect(server.framesOf(client.session)).toEqual(sent);
          expect(client.pendingFrames).toBe(0);
        } finally {
          await client.stop();
          await server.stop();
        }
      },
    ),
    { numRuns: 200 },
  );
});
