// What Ctrl-C, SIGTERM and a terminal that closes do in a command: the first asks for an orderly end, the second ends at
// once with 130.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** Calls `stop` on the first signal. Returns how to stop listening. */
export function onStopSignal(stop: () => void, atOnce: () => void = () => {}): () => void {
  let asked = false;
  const onSignal = (): void => {
    if (asked) {
      atOnce();
      process.exit(130);
    }
    asked = true;
    stop();
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
  if (!hangUpIsIgnored()) signals.push('SIGHUP');
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

/** Whether we were started so as to outlive the terminal (`nohup`): listening would undo that. */
function hangUpIsIgnored(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    return ((BigInt(`0x${mask}`) >> BigInt(constants.signals.SIGHUP - 1)) & 1n) === 1n;
  } catch {
    return false;
  }
}
