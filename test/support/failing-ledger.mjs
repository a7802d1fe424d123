// The ledger's thread with a database that goes away: while the file `<spool>/../ledger-away` is there, every call that
// would write fails as one of a lost database does. A document with the instance identifier `poison` has a value that no
// database takes.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openLedger } from '../../dist/engine/ledger/ledger.js';
import { runLedger } from '../../dist/workers/ledger.js';

class LedgerOutage extends Error {
  name = 'LedgerOutage';
}

class DatabaseError extends Error {
  name = 'DatabaseError';
  trouble = 'fault';
  code = '22008';
}

export async function run({ port, ...data }) {
  const away = join(data.spool, '..', 'ledger-away');
  const check = () => {
    if (existsSync(away)) throw new LedgerOutage('connect ECONNREFUSED 127.0.0.1:5432');
  };
  await runLedger(data, port, async (options) => {
    check();
    const ledger = await openLedger(options);
    for (const method of [
      'begin',
      'apply',
      'finish',
      'job',
      'item',
      'prove',
      'dueAcks',
      'delivered',
      'lastProved',
    ]) {
      const own = ledger[method].bind(ledger);
      ledger[method] = async (...args) => {
        check();
        if (method === 'apply' && args[0].head.instanceIdentifier === 'poison')
          throw new DatabaseError('date/time field value out of range');
        return own(...args);
      };
    }
    return ledger;
  });
}
